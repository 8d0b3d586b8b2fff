//! Laws of reading and writing, on trees and texts that nobody would think of.

use proptest::prelude::*;
use serde_json::{Number, Value};
use standfast_yaml::{Kind, Limits, Node, Scalar, Style, emit, parse_documents};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written reads back as the same kinds, texts and tags, and as the same JSON or refusal.
    #[test]
    fn a_written_tree_reads_back(trees in prop::collection::vec(tree(), 1..4)) {
        let trees: Vec<Node> = trees.into_iter().filter(|tree| !reads_as_null(tree)).collect();
        let text = emit(&trees);
        let read = parse_documents(text.as_bytes(), &Limits::default()).expect(&text);
        prop_assert_eq!(read.len(), trees.len(), "{}", text);
        for (read, tree) in read.iter().zip(&trees) {
            prop_assert!(same_content(read, tree), "{}", text);
            prop_assert_eq!(json(read), json(tree), "{}", text);
        }
        prop_assert_eq!(emit(&read), text, "writing again changes nothing");
    }

    /// A value becomes text and comes back as itself.
    #[test]
    fn a_value_comes_back(value in value()) {
        let text = emit(&[Node::from_json(&value)]);
        let read = parse_documents(text.as_bytes(), &Limits::default()).expect(&text);
        let read = read.first().map_or(Value::Null, |node| node.to_json().expect(&text));
        prop_assert_eq!(read, value, "{}", text);
    }

    /// JSON text, in any layout, is read as JSON.
    #[test]
    fn json_is_yaml(value in prop::collection::btree_map(text(), value(), 0..4), pretty: bool) {
        let value = Value::Object(value.into_iter().collect());
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("because keys are strings");
        // YAML does not let these stand as they are, nor keys that long.
        let fits = |c: char| !c.is_control() || c == '\n';
        prop_assume!(text.chars().all(|c| fits(c) && !matches!(c, '\u{fffe}' | '\u{ffff}')) && !text.contains(LONG));
        let read = parse_documents(text.as_bytes(), &Limits::default()).expect(&text);
        prop_assert_eq!(read[0].to_json().expect(&text), value, "{}", text);
    }

    /// Any text is read or refused, and what is read can be written and read again.
    #[test]
    fn no_text_breaks_it(text in yaml_like()) {
        let Ok(documents) = parse_documents(text.as_bytes(), &Limits::default()) else { return Ok(()) };
        let written = emit(&documents);
        let again = parse_documents(written.as_bytes(), &Limits::default()).expect(&written);
        prop_assert_eq!(again.len(), documents.len(), "{}", &written);
        for (again, document) in again.iter().zip(&documents) {
            prop_assert!(same_content(again, document), "{}", &written);
            prop_assert_eq!(json(again), json(document), "{}", &written);
        }
    }
}

fn json(node: &Node) -> Result<Value, std::mem::Discriminant<standfast_yaml::Error>> {
    node.to_json().map_err(|error| std::mem::discriminant(&error))
}

fn reads_as_null(node: &Node) -> bool {
    matches!(node.to_json(), Ok(Value::Null))
}

/// The same tree but for styles, which may change where a text does not fit its style.
fn same_content(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar(a), Kind::Scalar(b)) => a.text == b.text && a.tag == b.tag,
        (Kind::Sequence(a), Kind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_content(a, b))
        }
        (Kind::Mapping(a), Kind::Mapping(b)) => {
            let same =
                |((k, v), (l, w)): (&(Node, Node), &(Node, Node))| same_content(k, l) && same_content(v, w);
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        _ => false,
    }
}

fn tree() -> impl Strategy<Value = Node> {
    scalar().prop_map(|scalar| Kind::Scalar(scalar).into()).prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| Kind::Sequence(items).into()),
            prop::collection::vec((inner.clone(), inner), 0..5)
                .prop_map(|entries| Kind::Mapping(entries).into()),
        ]
    })
}

fn scalar() -> impl Strategy<Value = Scalar> {
    let tag = prop::sample::select(&TAGS[..]).prop_map(|tag| Some(tag.into()));
    let tag = prop_oneof![9 => Just(None), 1 => tag];
    (text(), prop::sample::select(&STYLES[..]), tag).prop_map(|(text, style, tag)| Scalar {
        text,
        style,
        tag,
    })
}

/// Ordinary texts, texts of pieces that mean something, and any characters.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(&PIECES[..]);
    prop_oneof![
        3 => "[a-z]{0,8}",
        2 => "[-+.0-9_eExob:]{1,8}",
        3 => prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        1 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => Just(LONG.to_string()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        // A whole number below 1e21 is an integer to Kubernetes.
        any::<f64>().prop_filter_map("a JSON fraction", |value| {
            Number::from_f64(value).filter(|_| value.fract() != 0.0 || value.abs() >= 1e21)
        }),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(Value::Number),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn yaml_like() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..30).prop_map(|pieces| pieces.concat())
}

const PIECES: [&str; 72] = [
    "a",
    "b c",
    "é",
    "😀",
    "0644",
    "on",
    "~",
    "1e3",
    "=",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    "\n - ",
    "\t",
    "\r",
    "\r\n",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "?",
    ", ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "#",
    " #",
    "&a ",
    "*a",
    "&a",
    "!t ",
    "!!int ",
    "!!str ",
    "! ",
    "|",
    "|-\n",
    "|+2\n",
    ">\n",
    ">-",
    "'",
    "\"",
    "\\",
    "\\n",
    "\\\"",
    "\\u0041",
    "%",
    "@",
    "`",
    "<<: ",
    "<<",
    "---",
    "\n---\n",
    "...",
    "\n...\n",
    "%YAML 1.1\n---\n",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "{}",
    "[]",
    "a: 1\n",
    "- a: b\n  c: d\n",
];

/// Too long for a key that stands before its colon on one line.
const LONG: &str = match std::str::from_utf8(&[b'k'; 1100]) {
    Ok(text) => text,
    Err(_) => "",
};

const STYLES: [Style; 5] =
    [Style::Plain, Style::SingleQuoted, Style::DoubleQuoted, Style::Literal, Style::Folded];

const TAGS: [&str; 9] = [
    "tag:yaml.org,2002:str",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:binary",
    "tag:yaml.org,2002:merge",
    "tag:yaml.org,2002:",
    "!",
    "!local",
    "!é,[]{}%!",
    "tag:example.com,2000:a b<c>",
];
