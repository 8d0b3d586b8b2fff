//! Whether `cel-go`, with the options that Flux uses, says the same: on tables, and on expressions that are put together at random.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests start programs and read the environment"
)]

mod expressions;

use serde_json::{Value, json};
use standfast_cel::Expression;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn object() -> Value {
    json!({
        "kind": "Kafka",
        "metadata": {"name": "it", "generation": 3, "namespace": "pos", "labels": {"a.b/c": "d"}},
        "spec": {"replicas": 3, "share": 0.5, "less": -7, "nothing": null, "empty": [], "on": true, "text": "Été 3"},
        "status": {"observedGeneration": 3, "phase": "Running", "numbers": [1, 2, 3], "conditions": [
            {"type": "Synced", "status": "False", "reason": "Waiting"}, {"type": "Ready", "status": "True"}]},
    })
}

/// What one side makes of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Holds(bool),
    Fault,
    Refused,
}

fn ours(text: &str, object: &Value) -> (Answer, String) {
    match Expression::parse(text) {
        Err(error) => (Answer::Refused, error.to_string()),
        Ok(expression) => match expression.holds(object) {
            Ok(holds) => (Answer::Holds(holds), String::new()),
            Err(fault) => (Answer::Fault, fault.to_string()),
        },
    }
}

/// What `cel-go` makes of them; `None` where Go is missing, and that is said.
fn theirs(texts: &[String], object: &Value) -> Option<Vec<(Answer, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cluster");
    let mut command = Command::new("go");
    // The flags of the test cluster's build: with others all of its modules would be compiled once more.
    command.args(["run", "-trimpath", "./cel"]).env("CGO_ENABLED", "0").current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if std::env::var_os("STANDFAST_REQUIRE_CLUSTER").is_none() => {
            eprintln!("SKIPPED: cel-go cannot be asked, for Go cannot be run: {error}");
            return None;
        }
        Err(error) => panic!("running go: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    let lines: String =
        texts.iter().map(|text| json!({"expression": text, "object": object}).to_string() + "\n").collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "go run: {told}");
    writer.join().unwrap().unwrap();
    let answers: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(read).collect();
    assert_eq!(answers.len(), texts.len());
    Some(answers)
}

fn read(line: &str) -> (Answer, String) {
    let answer: Value = serde_json::from_str(line).unwrap();
    let text = |field: &str| answer[field].as_str().map(str::to_owned);
    if let Some(holds) = answer["holds"].as_bool() {
        return (Answer::Holds(holds), String::new());
    }
    match (text("fault"), text("refused")) {
        (Some(why), _) => (Answer::Fault, why),
        (_, Some(why)) => (Answer::Refused, why),
        _ => panic!("{line}"),
    }
}

fn compare(texts: &[String], same: impl Fn(&Answer, &Answer) -> bool) {
    let object = object();
    let Some(answers) = theirs(texts, &object) else { return };
    let mut wrong = Vec::new();
    for (text, (their, why)) in texts.iter().zip(&answers) {
        let (our, our_why) = ours(text, &object);
        if !same(&our, their) {
            wrong.push(format!("{text}\n  ours {our:?} {our_why}\n  theirs {their:?} {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
}

#[test]
fn tables() {
    let texts: Vec<String> = expressions::SAME.iter().map(|text| (*text).to_owned()).collect();
    compare(&texts, |our, their| our == their && *our != Answer::Refused);
    let texts: Vec<String> = expressions::REFUSED.iter().map(|text| (*text).to_owned()).collect();
    // Some that it takes as calls of functions which nobody knows are refused here before there is an object.
    compare(&texts, |our, their| *our == Answer::Refused && !matches!(their, Answer::Holds(_)));
}

/// Numbers that look random, the same at every run.
struct Luck(u64);

impl Luck {
    fn of(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.of(from.len())]
    }
}

const LEAVES: &[&str] = &[
    "1",
    "0",
    "3",
    "-7",
    "2u",
    "1.5",
    "0.5",
    "'Ready'",
    "'True'",
    "''",
    "'a'",
    "true",
    "false",
    "null",
    "[1, 2]",
    "[]",
    "kind",
    "metadata.generation",
    "metadata.labels",
    "metadata.absent",
    "spec.replicas",
    "spec.share",
    "spec.less",
    "spec.nothing",
    "spec.on",
    "spec.text",
    "spec.empty",
    "status.phase",
    "status.numbers",
    "status.conditions",
    "status.conditions[0]",
    "status.absent",
    "state",
    "status.?phase",
    "status.?absent",
];
const OPERATORS: &[&str] =
    &["||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "==", "&&", "||"];

fn random(luck: &mut Luck, depth: usize) -> String {
    if depth == 0 {
        return luck.pick(LEAVES).to_owned();
    }
    let mut part = || random(luck, depth - 1);
    match (part(), part(), part(), luck.of(16)) {
        (a, b, _, 0..=5) => format!("({a} {} {b})", luck.pick(OPERATORS)),
        (a, b, _, 6) => format!("{a} {} {b}", luck.pick(OPERATORS)),
        (a, _, _, 7) => format!("!({a})"),
        (a, b, c, 8) => format!("({a} ? {b} : {c})"),
        (a, b, _, 9) => {
            let kind = luck.pick(&["all", "exists", "exists_one", "filter", "map"]);
            format!("({a}).{kind}(x, {b} {} x)", luck.pick(OPERATORS))
        }
        (a, b, c, 10) => format!("({a}).map(x, {b} == x, [x, {c}])"),
        (a, _, _, 11) => {
            format!("({a})[{}]", luck.pick(&["0", "1u", "'phase'", "'x'", "status.phase", "-1", "2"]))
        }
        (a, _, _, 12) => {
            format!("{}({a})", luck.pick(&["size", "int", "double", "string", "bool", "uint", "dyn"]))
        }
        (a, b, _, 13) => {
            format!("({a}).{}({b})", luck.pick(&["contains", "startsWith", "endsWith", "split", "orValue"]))
        }
        // By itself, for cel-go takes a field of it as a part of the question.
        (a, _, _, 14) => format!("(has(({a}).{}) == true)", luck.pick(&["phase", "type", "x"])),
        (a, _, _, _) => {
            format!("({a}).{}", luck.pick(&["phase", "type", "?x", "lowerAscii()", "trim()", "hasValue()"]))
        }
    }
}

#[test]
fn expressions_at_random() {
    let mut luck = Luck(7);
    let texts: Vec<String> = (0..6000).map(|number| random(&mut luck, 1 + number % 4)).collect();
    compare(&texts, |our, their| our == their);
}
