//! How it looks. That it reads back is in `tests/laws.rs`.

use crate::{Limits, Node, emit, parse_documents};
use serde_json::json;

fn check(text: &str, expected: &str) {
    let documents = parse_documents(text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(emit(&documents), expected);
}

/// Text that is written as it was read.
fn kept(text: &str) {
    check(text, text);
}

#[test]
fn a_manifest_keeps_its_looks() {
    kept(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {}\ndata:\n  mode: \"0644\"\n  on: 'off'\n  \
         script: |\n    #!/bin/sh\n    echo \"$A: b\"\n\n      indented\n  last: |-\n    a\n    b\n  all: |+\n    a\n\n\
         list:\n- a\n- b: 1\n  c:\n  - 0644\n  - 1_000\n- - d\n  - - e\n- []\nempty:\ntilde: ~\nurl: http://a:80/b?c#d\nflag: --a=b\n",
    );
    kept("a: 1\n---\nb: 2\n---\n- c\n---\nd\n");
    kept("a: !!str 5\nb: !local x\nc: !<tag:example.com,2000:x> y\nd: !!int \"5\"\ne: !!str\nf: ! 5\n");
}

#[test]
fn other_spellings_become_ours() {
    check("{a: [1, {b: c}], d: }", "a:\n- 1\n- b: c\nd:\n");
    check("a:\n    - b\n    -   c: d\n        e: f\n", "a:\n- b\n- c: d\n  e: f\n");
    check("a: >\n  b\n  c\nd: x\n  y\n", "a: |\n  b c\nd: x y\n");
    check("a: &x {b: c}\nd: *x\n", "a:\n  b: c\nd:\n  b: c\n");
    check("? a\n: b\n? [c]\n: d\n? \n: {e: f}\n", "a: b\n? - c\n: d\n?\n: e: f\n");
    check("{[a, b]: {c: d, e: f}, !!str : x}", "? - a\n  - b\n: c: d\n  e: f\n? !!str\n: x\n");
    check("a: \"b\\N\\L\\0\"\n", "a: \"b\\u0085\\u2028\\u0000\"\n");
    check("? 'c\n\n  d'\n: e\n", "\"c\\nd\": e\n");
    check(
        "a: |2\n   b\n  c\nd: |\n\n  e\nf: |\n  g\n    \nh: |+\n\n",
        "a: |2\n   b\n  c\nd: |2\n\n  e\nf: \"g\\n  \\n\"\nh: \"\\n\"\n",
    );
}

#[test]
fn a_long_key_is_written_behind_a_question_mark() {
    let key = "k".repeat(1001);
    let text = emit(&[Node::from_json(&json!({ key.as_str(): {"a": [1]} }))]);
    assert_eq!(text, format!("? {key}\n: a:\n  - 1\n"));
}

#[test]
fn strings_are_quoted_where_a_reader_could_take_them_for_something_else() {
    let check = |text: &str, expected: &str| {
        assert_eq!(emit(&[Node::from_json(&json!(text))]), format!("{expected}\n"));
    };
    for plain in [
        "a",
        "a b",
        "a:b",
        "a#b",
        "v1.2.3",
        "1Gi",
        "100m",
        "-a",
        "--a",
        "$(A)",
        "https://a/b",
        "a'b",
        "deadbeef",
        "<none>",
        "é",
    ] {
        check(plain, plain);
    }
    for quoted in [
        "",
        "on",
        "y",
        "No",
        "null",
        "~",
        "0644",
        "0o8",
        "0x1F",
        "1_000",
        "1e3",
        "1E",
        ".5",
        "+1",
        "1.2.3",
        "12:30",
        "2001-12-14",
        "2001-1-1T0:0:0Z",
        "=",
        "<<",
        ".inf",
        " a",
        "a ",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "- a",
        "-",
        "? a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "'a",
        "%a",
        "@a",
        "`a",
        "[a",
        "{a",
        "]",
        "}",
        ",",
        "---",
        "--- a",
        "...",
    ] {
        check(quoted, &format!("\"{quoted}\""));
    }
    check("a\"b\\: \t\r", "\"a\\\"b\\\\: \\t\\r\"");
}
