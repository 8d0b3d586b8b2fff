//! Documents, places, limits and messages.

use crate::{Error, Kind, Limits, Mark, Node, Style, parse_documents};
use serde_json::{Value, json};

fn read(text: &str) -> Result<Vec<Node>, Error> {
    parse_documents(text.as_bytes(), &Limits::default())
}

fn check(text: &str, documents: &[Value]) {
    let nodes = read(text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    let values: Vec<Value> = nodes.iter().map(|node| node.to_json().unwrap()).collect();
    assert_eq!(values, documents, "{text:?}");
}

/// The text is refused, and the message is this one.
fn refused(text: impl AsRef<[u8]>, limits: &Limits, message: &str) {
    let error = parse_documents(text.as_ref(), limits).expect_err("because the text is wrong");
    assert_eq!(error.to_string(), message);
}

#[test]
fn documents_that_hold_nothing_are_left_out() {
    for empty in
        ["", "\n", "# comment", "---", "---\n---\n", "...", "null", "~\n", "--- # c\nnull\n---\n", "\u{feff}"]
    {
        check(empty, &[]);
    }
    check("---\na: 1\n---\n---\n# c\n---\nb: 2\n...\n---\n~", &[json!({"a": 1}), json!({"b": 2})]);
    check("{}\n---\n[]\n---\n''\n---\n0\n", &[json!({}), json!([]), json!(""), json!(0)]);
}

#[test]
fn what_only_newer_kubectl_or_nobody_else_splits_is_split() {
    check("%YAML 1.1\n---\na: 1\n", &[json!({"a": 1})]);
    check("a: 1\n...\nb: 2\n", &[json!({"a": 1}), json!({"b": 2})]);
    check("--- {a: 1}\n--- |\n  b\n", &[json!({"a": 1}), json!("b\n")]);
}

#[test]
fn json_values_need_nothing_between_them() {
    let (a, b, c) = (json!({"a": 1}), json!({"b": "}{"}), json!({"c": [{}]}));
    check(r#" {"a":1}"#, std::slice::from_ref(&a));
    check(r#"{"a":1}{"b":"}{"}{"c":[{}]}"#, &[a.clone(), b.clone(), c.clone()]);
    check("{\"a\":1}\n\t{\"b\":\"}{\"} \r\n{\"c\":[{}]}\n", &[a.clone(), b.clone(), c.clone()]);
    check("{\"a\":1}\n---\nb: '}{'\n---\n{\"c\":[{}]}", &[a.clone(), b.clone(), c.clone()]);
    check("{\"a\":1}{\"b\":\"}{\"} # comment\n---\nc: [{}]", &[a.clone(), b, c]);
    check("{a: 1, }\n", &[a]);
    check("{\"a\": \"\\ud83d\\ude00 \\/ \u{2028}\"}", &[json!({"a": "\u{1f600} / \u{2028}"})]);
    check("{\"a\":\n\t{\n\t\t\"b\":\t[\n\t\t1\n\t]\n}\n}", &[json!({"a": {"b": [1]}})]);
}

#[test]
fn a_node_knows_its_text_style_tag_and_place() {
    let documents =
        read("a:\n- 0644\n- 'é'\n-   \"b\"\n- !!int |-\n  5\n- >\n  c\n- {d: &x !local e, f: *x}\n").unwrap();
    let mut seen = Vec::new();
    let mut documents = documents;
    documents[0]
        .scalars_mut(&mut |scalar, Mark { line, column }| {
            seen.push((
                scalar.text.clone(),
                scalar.style,
                scalar.tag.as_deref().map(String::from),
                line,
                column,
            ));
            Ok::<(), ()>(())
        })
        .unwrap();
    let int = Some("tag:yaml.org,2002:int".to_string());
    let local = Some("!local".to_string());
    assert_eq!(
        seen,
        [
            ("a".into(), Style::Plain, None, 1, 1),
            ("0644".into(), Style::Plain, None, 2, 3),
            ("é".into(), Style::SingleQuoted, None, 3, 3),
            ("b".into(), Style::DoubleQuoted, None, 4, 5),
            ("5".into(), Style::Literal, int, 6, 3),
            ("c\n".into(), Style::Folded, None, 8, 3),
            ("d".into(), Style::Plain, None, 9, 4),
            ("e".into(), Style::Plain, local.clone(), 9, 17),
            ("f".into(), Style::Plain, None, 9, 20),
            ("e".into(), Style::Plain, local, 9, 23),
        ]
    );
    assert_eq!(documents[0].mark, Mark { line: 1, column: 1 });
    assert_eq!(documents[0].get("a").unwrap().items()[5].mark, Mark { line: 9, column: 3 });
}

#[test]
fn places_count_from_the_start_of_the_file() {
    let documents = read("{\"a\":1} {\"é\":\n2}{\"b\":3}\n---\nc: 4\n").unwrap();
    let marks: Vec<Mark> = documents.iter().map(|document| document.entries()[0].0.mark).collect();
    let places = [(1, 2), (1, 10), (2, 4), (4, 1)];
    assert_eq!(marks, places.map(|(line, column)| Mark { line, column }));
}

#[test]
fn what_is_put_in_takes_its_type_from_the_new_text() {
    let mut document =
        read("port: ${PORT}\nquoted: \"${PORT}\"\n${KEY}: [\"x-${PORT}\"]\n").unwrap().remove(0);
    document
        .scalars_mut(&mut |scalar, _| {
            scalar.text = scalar.text.replace("${PORT}", "0644").replace("${KEY}", "on");
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!(document.to_json().unwrap(), json!({"port": 420, "quoted": "0644", "true": ["x-0644"]}));
    let stopped =
        document.scalars_mut(&mut |scalar, mark| if scalar.text == "0644" { Err(mark) } else { Ok(()) });
    assert_eq!(stopped, Err(Mark { line: 1, column: 7 }));
}

#[test]
fn aliases_stand_for_the_last_anchor_before_them() {
    check("[&a 1, *a, &a 2, *a]", &[json!([1, 1, 2, 2])]);
    check(
        "- &a {k: &b [1], l: *b}\n- *a\n- *b\n",
        &[json!([{"k": [1], "l": [1]}, {"k": [1], "l": [1]}, [1]])],
    );
    check("&a a: *a\n---\n&a b: *a\n", &[json!({"a": "a"}), json!({"b": "b"})]);
}

#[test]
fn syntax_errors_say_where_and_what_to_do() {
    let check = |text: &str, message: &str| refused(text, &Limits::default(), message);
    check(
        "a:\n\tb: 2\n",
        "line 2, column 2: not valid YAML: tabs disallowed within this context (block indentation); indent with spaces",
    );
    check(
        "a: b: c\n",
        "line 1, column 5: not valid YAML: mapping values are not allowed in this context; put a value that holds \
         \": \" in quotes, and check the indentation",
    );
    check(
        "a: @b\n",
        "line 1, column 4: not valid YAML: unexpected character: `@'; put a value that begins with this character in \
         quotes",
    );
    check(
        "a: \u{7}\n",
        "line 1, column 4: not valid YAML: unexpected character: `\\u{7}'; write this character as an escape in \
         double quotes, or remove it",
    );
    check(
        "a: *b\n",
        "line 1, column 4: not valid YAML: while parsing node, found unknown anchor; an alias `*name` needs an anchor \
         `&name` before it in the same document",
    );
    check(
        "a: &a\n  b: *a\n",
        "line 2, column 6: this alias stands inside of its own anchor; name another anchor",
    );
    check("{\"a\":1}\n{\"b\":[}\n", "line 2, column 6: not valid YAML: mismatched bracket '[' closed by '}'");
}

#[test]
fn what_kubectl_would_read_otherwise_is_refused() {
    let check = |text: &str, message: &str| refused(text, &Limits::default(), message);
    let colon = "line 1, column 2: not valid YAML: put a space behind the colon if this is a key, or quotes around \
                 the text if it is none";
    check("[a:]", colon);
    check("{a:, b: c}", colon);
    check("{a\n:}", colon);
    check(
        "[?a]",
        "line 1, column 2: not valid YAML: put the text in quotes, for between brackets kubectl reads its first \
         character by itself",
    );
    check(
        "[!t, a]",
        "line 1, column 4: not valid YAML: put a space behind the tag, for kubectl takes the comma for a part of it",
    );
    check(
        "a: 1\nb: &a:b c\n",
        "line 2, column 4: not valid YAML: name the anchor with letters, digits, `-` and `_` only, for kubectl ends \
         the name at others",
    );
    check(
        "|\ntext\n",
        "line 2, column 1: not valid YAML: indent this text, for kubectl ends it where lines begin at the margin",
    );
    check(
        "a: 1\nb: 2 # é\u{2028}c: 3\n",
        "line 2, column 9: not valid YAML: the character U+2028 stands here, a line break to kubectl; remove it, or \
         write \"\\u2028\" in double quotes",
    );
}

#[test]
fn text_that_is_not_utf8_is_refused_with_its_place() {
    refused(
        b"a: \xc3\xa9\nb: \xc3\xa9\xff\n",
        &Limits::default(),
        "line 2, column 5: this is not UTF-8; save the file as UTF-8",
    );
}

#[test]
fn limits_hold() {
    let limits = Limits { bytes: 60, nodes: 9, depth: 3, aliases: 2 };
    let accept = |text: &str| assert!(parse_documents(text.as_bytes(), &limits).is_ok(), "{text}");
    let check = |text: &str, message: &str| refused(text, &limits, message);

    accept(&" ".repeat(60));
    check(&" ".repeat(61), "the text has 61 bytes, more than the limit of 60; split the file");

    let nodes = "line 1, column 18: more than 9 values, counting what aliases repeat; split the file or use fewer aliases";
    accept("[1,2,3,4,5,6,7,8]");
    check("[1,2,3,4,5,6,7,8,9]", nodes);
    check("{\"a\":1}{\"b\":2}   {\"c\":3}{\"d\":4}", &nodes.replace("18", "25"));
    check("[&a [1, 2, 3], *a]", &nodes.replace("18", "16"));

    let depth =
        "line 1, column 4: more than 3 lists and mappings inside each other; make the document flatter";
    accept("[[[1]]]");
    check("[[[[1]]]]", depth);
    check("[{a: {b: {}}}]", &depth.replace("column 4", "column 10"));
    check("- - - - 1", &depth.replace("column 4", "column 7"));
    check("- &a [1]\n- [[*a]]", &depth.replace("line 1, column 4", "line 2, column 5"));

    accept("[&a 1, *a, *a]");
    check("[&a 1, *a, *a, *a]", "line 1, column 16: more than 2 aliases; write some of them out");

    let text = "x".repeat(30);
    accept(&format!("[&a {text}, *a]"));
    check(
        &format!("[&a {text}, *a, *a]"),
        "line 1, column 41: anchors and aliases repeat more than 60 bytes of text; use fewer aliases",
    );
}

#[test]
fn a_billion_laughs_are_refused_early() {
    let level = |level: usize| {
        let below = if level == 0 { "lol".into() } else { format!("*a{}", level - 1) };
        format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", "))
    };
    let text: Vec<String> = (0..10).map(level).collect();
    assert!(matches!(read(&text.concat()), Err(Error::TooManyNodes { .. })));
}

#[test]
fn anchors_inside_anchors_are_counted_before_they_are_copied() {
    // Each level would keep a copy of all levels in it.
    let leaves = "1,".repeat(20_000);
    let text = format!("{}{leaves}{}", "&a [".repeat(150), "]".repeat(150));
    assert!(matches!(read(&text), Err(Error::TooManyNodes { .. })));
}

#[test]
fn a_chain_of_merges_takes_no_longer_than_its_length() {
    // Copying all keys at each of the links would be 190 × 100,000 insertions.
    let keys: Vec<String> = (0..100_000).map(|key| format!("k{key}: 1")).collect();
    let text = format!("{}{{{}}}{}", "{<<: ".repeat(190), keys.join(", "), "}".repeat(190));
    let document = read(&text).unwrap().remove(0);
    assert_eq!(document.to_json().unwrap().as_object().unwrap().len(), 100_000);
}

#[test]
fn the_default_depth_fits_a_small_stack() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(200), close.repeat(200));
    let work = move || {
        for text in [deep("[", "]"), deep("{a: ", "}"), "- ".repeat(200) + "1"] {
            let document = read(&text).unwrap();
            let value = document[0].to_json().unwrap();
            assert_eq!(read(&crate::emit(&document)).unwrap()[0].to_json().unwrap(), value);
            assert_eq!(Node::from_json(&value).to_json().unwrap(), value);
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn debug_output_holds_no_text() {
    let document = read("password: hunter2\n").unwrap().remove(0);
    assert!(matches!(document.kind, Kind::Mapping(_)));
    assert!(!format!("{document:?}").contains("hunter2"));
}
