//! Mappings, merges and keys, and values back to trees.

use crate::{Limits, Node, parse_documents};
use serde_json::{Value, json};

fn read(text: &str) -> Node {
    parse_documents(text.as_bytes(), &Limits::default()).unwrap().remove(0)
}

fn check(text: &str, expected: &Value) {
    assert_eq!(&read(text).to_json().unwrap(), expected, "{text}");
}

fn refused(text: &str, message: &str) {
    let error = read(text).to_json().expect_err("because the text is wrong");
    assert_eq!(error.to_string(), message);
}

#[test]
fn merges_go_in_the_order_of_the_file() {
    let anchors = "- &a {k: 1, l: 2}\n- &b {l: 3, m: 4}\n- ";
    for (text, expected) in [
        ("{<<: *a, l: 9}", json!({"k": 1, "l": 9})),
        ("{l: 9, <<: *a}", json!({"k": 1, "l": 2})),
        ("{<<: [*a, *b]}", json!({"k": 1, "l": 2, "m": 4})),
        ("{<<: [*b, *a]}", json!({"k": 1, "l": 3, "m": 4})),
        ("{<<: *a, <<: *b}", json!({"k": 1, "l": 3, "m": 4})),
        ("{<<: []}", json!({})),
        ("{<<: {<<: *a, l: 5}, k: 6}", json!({"k": 6, "l": 5})),
        ("{\"<<\": 1}", json!({"<<": 1})),
    ] {
        let value = read(&format!("{anchors}{text}")).to_json().unwrap();
        assert_eq!(value[2], expected, "{text}");
    }
    let refusal =
        "line 1, column 6: `<<` takes a mapping or a list of mappings; name an anchor that holds one";
    refused("{<<: 1}", refusal);
    refused("{<<: [1]}", &refusal.replace("column 6", "column 7"));
}

#[test]
fn two_keys_that_read_the_same_are_refused() {
    refused(
        "a: 1\nb: 2\na: 3\n",
        "line 3, column 1: the key \"a\" stands already at line 1, column 1; keep one of them",
    );
    refused(
        "{1: a, \"1\": b}",
        "line 1, column 8: the key \"1\" stands already at line 1, column 2; keep one of them",
    );
    refused(
        "{on: a, Yes: b}",
        "line 1, column 9: the key \"true\" stands already at line 1, column 2; keep one of them",
    );
    refused(
        "[{a: {b: 1, 'b': 2}}]",
        "line 1, column 13: the key \"b\" stands already at line 1, column 7; keep one of them",
    );
    let long = "k".repeat(100);
    let shown = &long[..64];
    refused(
        &format!("{long}: 1\n{long}: 2\n"),
        &format!(
            "line 2, column 1: the key \"{shown}\" stands already at line 1, column 1; keep one of them"
        ),
    );
    // A merged key may come again.
    check("{<<: {a: 1}, a: 2}", &json!({"a": 2}));
    check("{a: 1, A: 2, ' a': 3}", &json!({"a": 1, "A": 2, " a": 3}));
}

#[test]
fn keys_become_strings_or_are_refused() {
    check(
        "{1: a, 0x10: b, on: c, 1.5: d, 2001-01-01: e}",
        &json!({"1": "a", "16": "b", "true": "c", "1.5": "d", "2001-01-01": "e"}),
    );
    let check = |text, what| {
        refused(
            text,
            &format!("line 1, column 2: {what} cannot be a key in Kubernetes; put the key in quotes"),
        );
    };
    check("{~: a}", "null");
    check("{[a]: b}", "a list");
    check("{{a: b}: c}", "a mapping");
    check("{18446744073709551615: a}", "a number of 2^63 or more");
}

#[test]
fn values_that_json_lacks_are_refused_without_showing_them() {
    refused(
        "a: .inf\n",
        "line 1, column 4: JSON has no number for infinity or not-a-number; put the value in quotes if it is a string",
    );
    refused(
        "a: !!int secret\n",
        "line 1, column 10: the value does not read as !!int; change it or remove the tag",
    );
    refused(
        "!!int secret: a\n",
        "line 1, column 7: the value does not read as !!int; change it or remove the tag",
    );
}

#[test]
fn a_tree_of_a_value_is_that_value() {
    let texts = [
        "",
        " ",
        "a",
        "on",
        "y",
        "~",
        "null",
        "0644",
        "0o8",
        "1_000",
        "1e3",
        "12:30",
        "2001-12-14",
        "=",
        "<<",
        "*a",
        "&a",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "a\nb",
        "a\n",
        "\n",
        "\na",
        " a\nb",
        "a\n\n",
        "a\n \nb",
        "\t",
        "\ta\nb",
        "'",
        "\"",
        "\\",
        "\r\n",
        "\0",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{ffff}",
        "\u{1f600}",
        "---",
        "--- a",
        "...",
        "%a",
        "@a",
        "`a",
        "?",
        "? a",
        ":",
        "a:",
        "-",
        "[a]",
        "{a}",
        "!a",
        "| a",
        ">a",
        ",",
        "{{ .Values.a }}",
        "${A}",
    ];
    let value = json!({
        "texts": texts.to_vec(), "keys": texts.iter().map(|text| (text.to_string(), json!(1))).collect::<serde_json::Map<_, _>>(),
        "numbers": [0, -1, i64::MIN, u64::MAX, 1.5, 1e21, 1e-7, -2.5e300], "others": [null, true, false, [], {}, [[]], [{}], {"a": []}],
    });
    let tree = Node::from_json(&value);
    assert_eq!(tree.to_json().unwrap(), value);
    let text = crate::emit(&[tree]);
    assert_eq!(read(&text).to_json().unwrap(), value, "{text}");
}
