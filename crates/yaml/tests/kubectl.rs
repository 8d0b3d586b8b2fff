//! What we read against what the real kubectl reads.
//!
//! `kubectl label --local` decodes a file of any kind as `kubectl apply` does and needs no server. All files that
//! it should take go through one run, each that it should refuse through a run of its own.

use serde_json::{Map, Value, json};
use standfast_yaml::{Limits, Node, emit, parse_documents};
use std::path::Path;
use std::process::{Command, Output};

/// What makes a document an object for kubectl; `§` in a case stands for it.
const HEAD: &str = "apiVersion: test.standfast.dev/v1\nkind: Case\nmetadata: {name: a}\n";

/// Plain scalars, with ` | ` between them.
const PLAIN: &[&str] = &[
    "y | Y | yes | Yes | YES | yEs | true | True | TRUE | tRue | on | On | ON | ~ | null | Null | NULL | nULL | none | ",
    "n | N | no | No | NO | nO | false | False | FALSE | fAlse | off | Off | OFF | oFF | inf | nan | NaN | -inf | Infinity",
    "0 | -0 | +0 | 00 | 1 | +1 | -1 | 0644 | -0644 | +0644 | 0o644 | 0O644 | -0o17 | 08 | -09 | 0o8 | 0x1F | 0X1f | -0x1F",
    "+0xff | 0x | 0xg | 0b1 | 0B101 | -0b1 | +0b1 | 0b2 | 0b+1 | 0b-1 | -0b-1 | 1_000 | 1__0 | 1_ | +1_ | 0_8 | 0x_ff",
    "0_x1 | -_1 | --1 | 1-1 | 1 000 | 1,000 | 9223372036854775807 | 9223372036854775808 | -9223372036854775808",
    "-9223372036854775809 | 18446744073709551615 | 18446744073709551616 | 0xFFFFFFFFFFFFFFFF | 0x1FFFFFFFFFFFFFFFF",
    "-0xFFFFFFFFFFFFFFFF | 123456789012345678901 | 1.5 | -1.5 | +1.5 | .5 | -.5 | +.5 | 5. | 1e3 | 1E3 | 1e+3 | 1e-3 | 1.e3",
    ".5e1 | 1e | 1e+ | e3 | .e3 | 1.0 | 100.0 | -0.0 | 0.1 | 1e6 | 1e19 | 1e20 | 1e21 | 1e22 | 1e-6 | 1e-7 | 1e400 | 1e-400",
    "1_0.5 | .5_0 | ._5 | .5_ | 1.2.3 | 123456789.125 | 1152921504606846976.0 | 9223372036854775807.0 | 9007199254740993.0",
    "0.30000000000000004 | 5e-324 | 1.7976931348623157e308 | 1.7976931348623159e308 | 0x1p4 | 1f | 1d | . | .. | + | -a | +. | -.",
    "2001-12-14 | 2001-12-14T21:59:43.10-05:00 | 2001-12-14t21:59:43Z | 2001-12-14 21:59:43 | 2001-1-1 | 20011214 | 190:20:30",
    "1:30 | 12:30:45.5 | 12e03 | .info | = | 0.0.0.0 | 10.0.0.1 | 1Gi | 100m | v1 | - | http://host:80/x?y=z#w | a:b | a#b",
    "a'b | a\"b | sha256:0644 | \u{e9}t\u{e9} | \u{1f600} | a\u{a0}b | $(VAR) | a {b} | a, b | a - b | -- | --flag=x | a\tb",
];

/// Files that kubectl takes and reads as we do.
const FILES: &[&str] = &[
    // Keys.
    "§v: {1: a, 0x10: b, on: c, n: d, 1.5: e, 1e6: f, 100000.0: g, 123456789.5: h, 1e21: i, 1e-5: j, .inf: k, -.Inf: l, .NaN: m, 2001-01-01: n, \"2\": o, -0.0: p, 0.1: r}\nw: {1e39: a}\n",
    "§v:\n  ? a\n  : b\n  ? c\n  ? \"long\n    key\"\n  : d\n",
    "§v: {\"\": a, ' b ': c, \"\\u0041\": d, \"<<\": e}\n",
    // Tags.
    "§v: [! 5, ! \"5\", !foo 5, !!str 5, !!str on, !!str ~, !!int \"5\", !!int 0x10, !!int 18446744073709551615, !!bool yes, !!bool 'off', !!float 1, !!float \"1e3\", !!float .5, !!null ~, !!null '', !!null null, !!timestamp 2001-01-01, !!unknown 5, !<tag:yaml.org,2002:int> \"7\", !<tag:example.com,2000:x> 7]\nw: !!str\nx: !foo\ny: !!null\n",
    "§v: [!!binary aGVsbG8=, !!binary \"aGVs\\nbG8=\", !!binary aQ==, !!binary //79, !!binary w6k=, !!binary '', !!binary '4pjigg==']\n",
    "§v: !!seq [a]\nw: !!map {a: b}\nx: !!set {a, b}\ny: !!omap [a: 1, b: 2]\nz: !!str [a]\n",
    "§v: !!binary |\n  aGVs\n  bG8=\nw: !!str |\n  5\nx: !!int >-\n  5\n",
    // Aliases and merges.
    "§b: &b {x: 1, y: [2, {z: 3}]}\nv: *b\nw: [*b, *b]\nx: {k: *b}\n",
    "§k: &k name\nv: {*k : c, d: *k}\nw: &k other\nx: *k\n",
    "§n: &n 0644\ns: &s \"0644\"\nv: [*n, *s]\n",
    "§b: &b {x: 1, y: 2}\nc: &c {y: 3, z: 4}\nv: {<<: *b, y: 9}\nw: {<<: [*b, *c]}\nx: {<<: [*c, *b], x: 8}\n",
    "§b: &b {x: 1, y: 2}\nv: {y: 9, <<: *b}\nw: {x: 0, <<: *b, y: 7}\n",
    "§a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: &c {<<: *b, x: 5, z: 3}\nv: {<<: [*c, *a], w: 4}\n",
    "§a: &a {x: 1}\nb: &b {y: 2}\nv:\n  <<: *a\n  <<: *b\n  z: 3\n",
    "§v: {<<: {a: 1, b: {c: 2}}, b: {d: 3}}\nw: {<<: []}\nx: {<<: [{a: 1}, {a: 2, b: 3}]}\n",
    "§a: &a {x: 1}\nv: {\"<<\": *a}\nw: {!!str <<: *a}\nx: {! <<: *a}\ny: {!!merge <<: *a}\nz: <<\n",
    // Block scalars.
    "§v:\n- |\n  a\n- |-\n  a\n- |+\n  a\n\n- >\n  a\n  b\n- >-\n  a\n\n  b\n- >+\n  a\n\n\n- |2\n    a\n   b\n- |1-\n   a\n- >\n  a\n    b\n  c\n\n\n  d\n- |\n\n  a\n- |+\n\n- |\n- |-\n\n\n- z\n",
    "§v: |\n  a\n    b\n\n  c \n  \td\nw: >\n\n  a\n  b\n\n   c\n  d\nx: |  # comment\n  # no comment\n",
    "§v: |\n  a\n\n\n# comment\nw: |+\n  a\n\n\n# comment\nx: >-\n  a\n  b  \n  c\n",
    "§v: |\n  at the end without a line feed",
    "§v: >+\n  at the end\n\n\n",
    "§v: |-2\n   a\nw: |+2\n   a\nx: |2+\n   a\n",
    // Flow scalars and folding.
    "§v: \"a\\tb\\n\\x41\\u00e9\\U0001F600\\\\\\\"\\0\\a\\b\\e\\f\\r\\v\\N\\_\\L\\P\\ \"\nw: 'it''s'\nx: 'a\n\n  b\n  c'\ny: \"a\\\n   b\n  c  \n\n  d\"\nz: a\n  b\n\n  c\n",
    "§v: ['a', \"b\", c, 'on', \"0644\", ~, ]\nw: {a: , b, \"c\":d, 'e': 'f', g: [h: i, j: k]}\nx: [\n  a,\n  b # c\n  ,c]\ny: {a: {b: [c, {d: e}]}}\nz: [a b, c\n  d]\n",
    "§v: [\na\n]\nw: {\na: b\n}\n",
    "§v: []\nw: {}\nx: [[], {}, [[]]]\n",
    "§v: [a, [b, c], {d: e}, http://x/y, a:b]\nw: {u: http://x:80/y}\n",
    // Block structure.
    "§v:\n- a\n-\n- - b\n  - c\n-   d: e\n    f: g\n- - - h\nw:\n  - a\n  -\n    b: c\nx:\n\n\n  # comment\n  a: b # comment\n  #c: d\n",
    "§v: a #b\nw: a#b\nx: 'a' #b\ny: # c\n  z\nz: #\n",
    "§v:\ta\nw: \t b\t\nx: [\ta\t,\tb\t]\n",
    // Line ends, marks and comments around the document.
    "\u{feff}§v: 1\n",
    "apiVersion: test.standfast.dev/v1\r\nkind: Case\r\nmetadata: {name: a}\r\nv: |\r\n  a\r\n  b\r\nw: 'a\r\n  b'\r\n",
    "# comment\n\n§v: 1\n# comment",
    // Documents.
    "---\n§v: 1\n---\n---\n# nothing\n---\n§v: 2\n---\n",
    "---  # comment\n§v: 1\n...\n---\n\n§v: 2\n...\n",
    "§v: 1\n---\nnull\n---\n~\n---\n§v: 2\n",
    "§v: |\n  ---\n  a\n---\n§v: '\n  --- a'\n",
    "§v: --- a\nw: a ---\nx: ...\n",
    // JSON.
    "{\"apiVersion\": \"test.standfast.dev/v1\", \"kind\": \"Case\", \"metadata\": {\"name\": \"a\"},\n\t\"v\": [1, 1.0, 1e3, -0, 1.5, true, null, \"on\", \"\\/\\u0041\\n\", {}, []],\n\t\"<<\": \"x\"\n}",
    "{\"apiVersion\":\"a.b/v1\",\"kind\":\"Case\",\"metadata\":{\"name\":\"a\"},\"v\":\"\u{2028}\"}{\"apiVersion\":\"a.b/v1\",\"kind\":\"Case\",\"metadata\":{\"name\":\"b\"}}\n\n {\"apiVersion\":\"a.b/v1\",\"kind\":\"Case\",\"metadata\":{\"name\":\"c\"}}\n",
];

/// Files that kubectl refuses, and so do we.
const REFUSED: &[&str] = &[
    "§v: .inf\n",
    "§v: .nan\n",
    "§v: {~: a}\n",
    "§v: {: a}\n",
    "§v: {18446744073709551615: a}\n",
    "§v: {[a]: b}\n",
    "§v: {{a: b}: c}\n",
    "§v: !!int foo\n",
    "§v: !!bool 1\n",
    "§v: !!float 18446744073709551615\n",
    "§v: !!timestamp soon\n",
    "§v: !!binary a\n",
    "§v: &a [*a]\n",
    "§v: *a\n",
    "§v: &a.b c\n",
    "§v: {<<: 1}\n",
    "§v: {<<: [1]}\n",
    "§v: {<<: ~}\n",
    "§v: [a\n",
    "§v: 'a\n",
    "§v: a: b\n",
    "§v: @a\n",
    "§v: %a\n",
    "§v:\n\ta: b\n",
    "§v: \"\\q\"\n",
    "§\u{7}v: a\n",
];

/// Files that kubectl takes and we refuse, for what kubectl reads is not what stands there.
const REFUSED_BY_US: &[&str] = &[
    "§v: {a: 1, a: 2}\n",
    "§v: {1: a, \"1\": b}\n",
    "§v: {on: a, yes: b}\n",
    "§v: [a:]\n",
    "§v: {a:}\n",
    "§v: [?a]\n",
    "§v: [!t :a]\n",
    "§v: [!t, a]\n",
    "§v: &a:b c\n",
    "§v: 'a\u{2028} b'\n",
    "§v: 1 # \u{85}w: 2\n",
    "{\"apiVersion\":\"a.b/v1\",\"kind\":\"Case\",\"metadata\":{\"name\":\"a\"},\"v\":\"\\ud800\"}\n",
];

#[test]
fn every_file_reads_as_kubectl_reads_it() {
    let Some(kubectl) = Kubectl::find() else { return };
    let plain = || PLAIN.iter().flat_map(|line| line.split(" | "));
    let may_stand_in_brackets = |text: &&str| *text != "-" && !text.contains(['{', '?']);
    let block: Vec<String> = plain().map(|text| format!("- {text}\n")).collect();
    let flow: Vec<String> =
        plain().filter(may_stand_in_brackets).map(|text| format!("- [ {text} ]\n")).collect();
    let mut files = vec![format!("§v:\n{}w:\n{}", block.concat(), flow.concat())];
    files.extend(FILES.iter().map(ToString::to_string));
    let files: Vec<String> = files.iter().map(|file| file.replace('§', HEAD)).collect();
    let ours: Vec<Vec<Node>> = files
        .iter()
        .map(|file| {
            parse_documents(file.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}\n{file}"))
        })
        .collect();
    let theirs = kubectl.read(&files);
    let mut theirs_left = theirs.iter();
    for (file, documents) in files.iter().zip(&ours) {
        for document in documents {
            let ours = document.to_json().unwrap_or_else(|e| panic!("{e}\n{file}"));
            let theirs =
                theirs_left.next().unwrap_or_else(|| panic!("kubectl reads fewer documents in\n{file}"));
            assert_eq!(first_difference("", &comparable(ours), theirs), None, "in\n{file}");
        }
    }
    assert_eq!(theirs_left.next(), None, "kubectl reads more documents");

    let emitted: Vec<String> = ours.iter().map(|documents| emit(documents)).collect();
    assert_eq!(kubectl.read(&emitted), theirs, "kubectl reads what we wrote as something else");
    let json = |documents: &Vec<Node>| {
        let values = documents.iter().map(|document| Node::from_json(&document.to_json().unwrap()));
        emit(&values.collect::<Vec<_>>())
    };
    let emitted: Vec<String> = ours.iter().map(json).collect();
    assert_eq!(kubectl.read(&emitted), theirs, "kubectl reads what we made of JSON as something else");
}

#[test]
fn what_kubectl_refuses_is_refused() {
    let Some(kubectl) = Kubectl::find() else { return };
    for file in REFUSED.iter().map(|file| file.replace('§', HEAD)) {
        assert!(!kubectl.run(std::slice::from_ref(&file)).status.success(), "kubectl takes\n{file}");
        assert!(refused(&file), "we take\n{file}");
    }
}

#[test]
fn what_kubectl_reads_otherwise_is_refused() {
    let Some(kubectl) = Kubectl::find() else { return };
    let files: Vec<String> = REFUSED_BY_US.iter().map(|file| file.replace('§', HEAD)).collect();
    assert_eq!(kubectl.read(&files).len(), files.len());
    for file in files {
        assert!(refused(&file), "we take\n{file}");
    }
}

/// A kubectl that knows no cluster.
struct Kubectl {
    home: tempfile::TempDir,
}

impl Kubectl {
    fn find() -> Option<Self> {
        let found = Self { home: tempfile::tempdir().expect("a temporary folder") };
        if found.command().args(["version", "--client"]).output().is_ok_and(|output| output.status.success())
        {
            return Some(found);
        }
        #[expect(clippy::print_stderr, reason = "a person wants to know that this was not tested")]
        {
            eprintln!("skipped: kubectl is not in PATH");
        }
        None
    }

    fn command(&self) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the real kubectl is what we compare with")]
        let mut command = Command::new("kubectl");
        command.env("HOME", self.home.path()).env("KUBECONFIG", self.home.path().join("none"));
        command
    }

    fn run(&self, files: &[String]) -> Output {
        let mut command = self.command();
        command.args(["label", "--local", "--output=json", "compared=yes"]);
        for (index, file) in files.iter().enumerate() {
            let path = self.home.path().join(format!("{index}.yaml"));
            write(&path, file);
            command.arg("-f").arg(path);
        }
        command.output().expect("kubectl runs")
    }

    fn read(&self, files: &[String]) -> Vec<Value> {
        let output = self.run(files);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
        values.map(|value| comparable(value.expect("kubectl writes JSON"))).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own file")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a temporary file");
}

fn refused(file: &str) -> bool {
    let documents = parse_documents(file.as_bytes(), &Limits::default());
    documents
        .and_then(|documents| documents.iter().map(Node::to_json).collect::<Result<Vec<_>, _>>())
        .is_err()
}

/// Without the label that we had kubectl set, and with numbers beyond `i64` as fractions, as kubectl keeps them.
fn comparable(mut value: Value) -> Value {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("labels");
    }
    with_kubectls_numbers(value)
}

/// The path of the first value that differs, and both values.
fn first_difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (a, b))| first_difference(&format!("{path}[{i}]"), a, b)),
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().find_map(|(key, value)| first_difference(&format!("{path}.{key}"), value, &b[key]))
        }
        _ => (ours != theirs).then(|| format!("at {path}: ours {ours}, kubectl's {theirs}")),
    }
}

fn with_kubectls_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) if number.as_i64().is_none() => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(with_kubectls_numbers).collect(),
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| (key, with_kubectls_numbers(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => other,
    }
}
