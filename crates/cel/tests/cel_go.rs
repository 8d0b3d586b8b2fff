//! Whether `cel-go`, with the options that Flux uses, says the same: on tables, and on expressions that are put together at random.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests start programs and read the environment"
)]

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

/// Expressions with an answer, or with the same want of one.
const SAME: &[&str] = &[
    "status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')",
    "status.conditions.exists_one(c, c.status == 'True')",
    "status.conditions.map(c, c.status == 'True', c.type) == ['Ready']",
    "has(status.observedGeneration) && metadata.generation != status.observedGeneration",
    "has(status.failed)",
    "has(state.failed)",
    "has(spec.replicas.x)",
    "has(status.numbers.x)",
    "status.?failed.orValue(false)",
    "status.?failed.hasValue()",
    "status.?failed.?deeper.hasValue()",
    "status.?failed.deeper.orValue('x') == 'x'",
    "has(status.?failed.deeper)",
    "metadata.namespace == 'pos'",
    "metadata.labels['a.b/c'] == 'd'",
    "'a.b/c' in metadata.labels",
    "1 in metadata.labels",
    "metadata.labels.all(k, k.contains('/'))",
    "metadata.labels.exists(k, metadata.labels[k] == 'd')",
    "status.conditions.all(c, c.reason == 'Waiting')",
    "status.conditions.all(c, c.reason == 'Other')",
    "status.conditions.exists(c, c.reason == 'Waiting')",
    "status.conditions.exists(c, c.reason == 'Other')",
    "status.conditions.exists_one(c, c.reason == 'Waiting')",
    "status.conditions.filter(c, c.reason == 'Waiting').size() == 1",
    "[].all(x, false) && ![].exists(x, true)",
    "1 / 0 == 1 || true",
    "true || 1 / 0 == 1",
    "1 / 0 == 1 && false",
    "false && 1 / 0 == 1",
    "1 / 0 == 1 || false",
    "status.phase || true",
    "true || status.phase",
    "1 && false",
    "true ? true : 1 / 0 == 1",
    "1 ? true : false",
    "1 == 1.0 && 1 == 1u && 1u == 1.0",
    "1 < 1.5 && 2u > 1.5 && -1 < 1u",
    "9223372036854775807 < 9223372036854775808.0",
    "9223372036854775807 == 9223372036854775808.0",
    "9007199254740993 == 9007199254740992.0",
    "18446744073709551615u > 9223372036854775807",
    "-9223372036854775808 < -9223372036854775807",
    "9223372036854775807 + 1 > 0",
    "-9223372036854775808 - 1 < 0",
    "-(-9223372036854775808) > 0",
    "-9223372036854775808 / -1 > 0",
    "-9223372036854775808 % -1 == 0",
    "-7 / 2 == -3 && -7 % 2 == -1",
    "1u - 2u > 0u",
    "-1u == 1",
    "7.0 / 0.0 > 1.0",
    "1.0 % 2.0 == 1.0",
    "1 + 1.0 == 2.0",
    "1 + 1u == 2",
    "'a' + 'b' == 'ab'",
    "'a' + 1 == 'a1'",
    "[1] + [2] == [1, 2]",
    "[1, 2] == [1.0, 2u]",
    "[1] == 1",
    "1 == '1'",
    "1 != '1'",
    "null == null",
    "spec.nothing == null",
    "spec.nothing == 0",
    "spec.nothing < 1",
    "has(spec.nothing)",
    "true > false",
    "'a' < 'b' && 'B' < 'a' && 'é' > 'z'",
    "[1] < [2]",
    "'a' < 1",
    "1 in [1.0, 2]",
    "'1' in [1, 2]",
    "1 in 1",
    "status == status",
    "status.numbers[0] == 1",
    "status.numbers[3] == 1",
    "status.numbers[-1] == 1",
    "status.numbers[1u] == 2",
    "status.numbers[1.0] == 2",
    "status.numbers[1.5] == 2",
    "status.numbers['0'] == 1",
    "status['phase'] == 'Running'",
    "status['absent'] == ''",
    "status[1] == ''",
    "spec.text[0] == ''",
    "size(spec.text) == 5 && spec.text.size() == 5",
    "size(status) == 4 && size(status.numbers) == 3",
    "size(1) == 1",
    "spec.text.contains('té') && spec.text.startsWith('É') && spec.text.endsWith('3')",
    "spec.text.contains('')",
    "spec.text.contains(1)",
    "spec.replicas.contains('3')",
    "spec.text.lowerAscii() == 'Été 3'",
    "'AbÉ'.upperAscii() == 'ABÉ'",
    "'  a b '.trim() == 'a b'",
    "'a,b,,c'.split(',') == ['a', 'b', '', 'c']",
    "'aé'.split('') == ['a', 'é']",
    "''.split(',').size() == 1",
    "int('12') == 12 && int(12u) == 12 && int(-1.9) == -1",
    "int('1.5') == 1",
    "int(' 1') == 1",
    "int('+1') == 1",
    "int(9223372036854775808.0) == 1",
    "int(18446744073709551615u) == 1",
    "int(true) == 1",
    "uint(-1) == 1u",
    "uint('12') == 12u && uint(1.9) == 1u",
    "uint(-0.5) == 0u",
    "double(1) == 1.0 && double('1.5') == 1.5 && double(2u) == 2.0",
    "double('x') == 1.0",
    "string(1) == '1' && string(true) == 'true' && string(2u) == '2' && string('x') == 'x'",
    "string([1]) == '1'",
    "string(1.0) == '1' && string(0.1) == '0.1' && string(-2.5) == '-2.5' && string(0.0) == '0' && string(-0.0) == '-0'",
    "string(123456.0) == '123456'",
    "string(1234567.0) == '1.234567e+06'",
    "string(1e20) == '1e+20'",
    "string(1e21) == '1e+21'",
    "string(0.0001) == '0.0001'",
    "string(0.00001) == '1e-05'",
    "string(1.0 / 0.0) == '+Inf' && string(-1.0 / 0.0) == '-Inf' && string(0.0 / 0.0) == 'NaN'",
    "status.?phase.orValue(1 / 0) == 'Running'",
    "status.?numbers[0].hasValue()",
    "status.?numbers[7].hasValue()",
    "status.?absent[7].hasValue()",
    "status.numbers.?x.hasValue()",
    "spec.replicas.?x.hasValue()",
    "bool('true') && !bool('FALSE')",
    "bool('yes')",
    "bool(1)",
    "dyn(1) == 1u",
    "!spec.on || !!spec.on",
    "!1",
    "-spec.replicas == -3 && - - 1 == 1",
    "-spec.text == ''",
    "state == 1",
    "status.absent == 1",
    "spec.replicas.absent == 1",
    "status",
    "status.phase",
    "null",
    "spec.replicas.all(x, true)",
    "spec.text.all(x, true)",
    "[1, 2, 3].map(x, x * 2).filter(x, x > 2) == [4, 6]",
    "[[1, 2], [3]].all(l, l.exists(x, x > 1))",
    "[1, 2].all(x, [3].all(x, x == 3))",
    "[1].map(status, status + 1) == [2]",
    "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4 && 8 / 2 / 2 == 2",
    "1 < 2 == true",
    "!false && false || true",
    "true || true && false",
    "true ? false : true ? true : true",
    "false ? 1 == 1 : 2 == 3 || true",
    "0x1F == 31 && 0xfu == 15u",
    "1.5e3 == 1500.0 && .5 == 0.5 && 1e3 == 1000.0",
    "'\\u00e9' == 'é' && \"\\x41\" == 'A' && '\\101' == 'A' && '\\n\\t\\\\' != ''",
    "r'\\d' == '\\\\d'",
    "'''a\n'b''' == \"a\\n'b\"",
    "\"\"\"x\"\"\" == 'x'",
    "true // what follows is a remark",
    "true\n&&\r\n// remark\ntrue",
    "kind == 'Kafka'",
    "_x == 1",
    "[1, 2,] == [1, 2]",
    "1 in [1] == true",
    "2 - 1 in [1]",
    "-1 in [-1]",
    "size('abc')==3&&!false",
    "a.b.c.d == 1",
    "status.conditions[0].type == 'Synced'",
    "status.conditions[0]['type'] == 'Synced'",
];

/// What is refused here, and has no answer there.
const REFUSED: &[&str] = &[
    "",
    "data.",
    ".",
    "a b",
    "a = b",
    "a ==",
    "(a",
    "a)",
    "[1",
    "[1 2]",
    "'abc",
    "'a\nb'",
    "'\\d'",
    "'\\u12'",
    "'\\777'",
    "99999999999999999999",
    "9223372036854775808",
    "18446744073709551616u",
    "0x",
    "for == 1",
    "a.all(x)",
    "a.all(1, true)",
    "a.all(x.y, true)",
    "a.filter(x, true, x)",
    "a.map(x)",
    "has(a)",
    "has(a.b, c)",
    "has(1)",
    "a ? b",
    "a &&",
    "a & b",
    "a | b",
    "#",
    "a..b",
    "a.1",
    "a.'b'",
    "in",
    "!",
    "a !b",
    ",",
    "f(,)",
    "[,]",
];

#[test]
fn tables() {
    let texts: Vec<String> = SAME.iter().map(|text| (*text).to_owned()).collect();
    compare(&texts, |our, their| our == their && *our != Answer::Refused);
    let texts: Vec<String> = REFUSED.iter().map(|text| (*text).to_owned()).collect();
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
