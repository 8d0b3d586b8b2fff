//! What expressions come to, what is refused, and that nothing goes on for ever. Whether the same is said by `cel-go` is asked in
//! `tests/cel_go.rs`.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn object() -> Json {
    json!({
        "kind": "Kafka",
        "metadata": {"name": "it", "generation": 3, "labels": {"a.b/c": "d"}},
        "spec": {"replicas": 3, "share": 0.5, "big": 9_223_372_036_854_775_807_i64, "nothing": null, "empty": [], "on": true},
        "status": {"observedGeneration": 3, "phase": "Running", "conditions": [
            {"type": "Synced", "status": "False", "reason": "Waiting"}, {"type": "Ready", "status": "True"}]},
    })
}

fn told(text: &str) -> String {
    match Expression::parse(text) {
        Err(error) => error.to_string(),
        Ok(expression) => match expression.holds(&object()) {
            Ok(holds) => holds.to_string(),
            Err(fault) => fault.to_string(),
        },
    }
}

fn check(text: &str, expect: &str) {
    assert_eq!(told(text), expect, "{text}");
}

#[test]
fn what_people_ask() {
    for (text, expect) in [
        ("status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", "true"),
        ("status.conditions.exists(c, c.type == \"Ready\" && c.status == \"True\")", "true"),
        ("status.conditions.exists_one(c, c.status == 'True')", "true"),
        ("status.conditions.map(c, c.type) == ['Synced', 'Ready']", "true"),
        ("status.conditions.map(c, c.status == 'True', c.type)[0] == 'Ready'", "true"),
        ("has(status.observedGeneration) && metadata.generation != status.observedGeneration", "false"),
        ("metadata.generation == status.observedGeneration", "true"),
        ("status.phase in ['Running', 'Succeeded']", "true"),
        ("'a.b/c' in metadata.labels && metadata.labels['a.b/c'] == 'd'", "true"),
        ("has(status.failed) ? status.failed : false", "false"),
        ("status.?failed.orValue(false)", "false"),
        ("status.?a.?b.c.hasValue()", "false"),
        ("status.?phase.orValue('') == 'Running'", "true"),
        ("size(status.conditions) == 2 && status.phase.size() == 7", "true"),
        ("status.phase.startsWith('Run') && status.phase.lowerAscii().contains('unn')", "true"),
        ("spec.replicas - 1 > 1 && spec.share < 1", "true"),
        ("!(kind == 'Kafka') // a remark", "false"),
    ] {
        check(text, expect);
    }
}

#[test]
fn what_has_no_answer() {
    for (text, expect) in [
        ("state.x == 1", "there is no field state"),
        ("status.conditionz.size() > 0", "there is no field conditionz"),
        ("metadata.labels['x'] == ''", "there is no field x"),
        ("status.conditions[2].type == ''", "there is no such item"),
        ("status.phase", "it gives a string instead of true or false"),
        ("status", "it gives a map instead of true or false"),
        ("status.phase > 1", "a string cannot be compared with an int"),
        ("status.phase + 1 == ''", "a string and an int do not go together here"),
        ("spec.big + 1 > 0", "a number is too large for its type"),
        ("spec.replicas / 0 == 1", "a division by zero"),
        ("spec.replicas.x == 1", "an int has no fields"),
        ("!spec.replicas", "`!` does not take an int"),
        ("spec.replicas && true", "there should be a bool, not an int"),
        ("spec.replicas.all(x, true)", "an int has no items to look at"),
        ("int('x') == 1", "a string is not a number"),
        ("size(1) == 1", "an int has no size"),
    ] {
        check(text, expect);
    }
    let missing = |text: &str| Expression::parse(text).unwrap().holds(&object()).unwrap_err().is_missing();
    assert!(missing("state.x == 1") && missing("status.x == 1") && missing("[1][1] == 1"));
    assert!(!missing("status.phase") && !missing("1 / 0 == 1"));
    assert_eq!(Expression::parse("true").unwrap().holds(&json!([])), Ok(true));
}

#[test]
fn what_is_refused_is_named_with_its_place() {
    for (text, expect) in [
        ("", "at character 1: there should be a value here"),
        ("data.", "at character 6: there should be a field's name after the dot"),
        (
            "a b",
            "at character 3: the expression is over here: remove what follows, or put an operator between",
        ),
        ("a = b", "at character 3: '=' means nothing here: remove it, or put it in quotes"),
        ("a ==", "at character 5: there should be a value here"),
        ("(a", "at character 3: there should be a `)` here"),
        ("[1 2]", "at character 4: there should be a `,` here"),
        ("a[1", "at character 4: there should be a `]` here"),
        ("'abc", "at character 1: this text has no closing quote"),
        ("'a\nb'", "at character 1: this text has no closing quote on its line"),
        ("'\\d'", "at character 2: this escape is not one: write `\\\\` for a backslash"),
        ("é == 1", "at character 1: 'é' means nothing here: remove it, or put it in quotes"),
        ("99999999999999999999", "at character 1: this number is too large, or not one"),
        ("9223372036854775808", "at character 1: this number is too large: write it with a `u`, or as 1e19"),
        ("1e999", "at character 1: this number is too large, or not one"),
        ("1a", "at character 1: this is neither a number nor a name: put it in quotes if it is a text"),
        ("{'a': 1}", "at character 1: messages and mappings are not supported here"),
        ("Foo{a: 1}", "at character 4: messages and mappings are not supported here"),
        ("b'x' == b'x'", "at character 1: bytes are not supported here: take a text"),
        ("for == 1", "at character 1: for is a word of the language, and no variable"),
        ("a.all(in, true)", "at character 7: in is a word of the language: take another name"),
        ("a.all(x)", "at character 3: this takes a name and what is asked of each item"),
        ("a.filter(x, true, x)", "at character 3: this takes a name and what is asked of each item"),
        ("a.all('x', true)", "at character 7: there should be a name for each item here, such as `c`"),
        (
            "a.map(x)",
            "at character 3: map takes a name and what to make of each item, and may take a test between them",
        ),
        ("has(a)", "at character 5: has() takes a field, such as has(status.observedGeneration)"),
        ("size()", "at character 1: it takes 1 values, what stands before the dot among them"),
        ("a.contains()", "at character 3: it takes 2 values, what stands before the dot among them"),
        (
            "now() == 1",
            "at character 1: there is no function now here, only size, int, uint, double, string, bool, dyn",
        ),
        (
            "a.matches('x')",
            "at character 3: there is no function matches here, only size, contains, startsWith, endsWith, lowerAscii, upperAscii, trim, split, orValue, hasValue",
        ),
        ("a[?1]", "at character 3: `[?…]` is not supported here: ask with size() first"),
    ] {
        check(text, expect);
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_before_it_is_evaluated() {
    let deep = "the expression is nested too deeply: make it flatter";
    for text in [
        format!("{}1{}", "(".repeat(200), ")".repeat(200)),
        format!("{}true", "!".repeat(200)),
        format!("{}1 == 1", "- ".repeat(200)),
        format!("{}{}", "[".repeat(200), "]".repeat(200)),
        format!("a{}", ".a".repeat(200)),
        format!("a{}", "[0]".repeat(200)),
        format!("1{}", " + 1".repeat(200)),
        format!("a{}", " || a".repeat(200)),
        format!("{}1", "a ? 1 : ".repeat(200)),
        "a.all(x, ".repeat(200),
        // Each is flat by itself, and all of them lie on each other's left side.
        (0..40).fold("a".to_owned(), |inner, _| format!("({inner}{})", "+a".repeat(20))),
    ] {
        assert!(told(&text).ends_with(deep), "{text}: {}", told(&text));
    }
    let long = format!("'{}' == ''", "x".repeat(4096));
    assert_eq!(told(&long), "at character 1: an expression may have 4096 bytes at most: shorten it");
    check(&format!("1{} == 41", " + 1".repeat(40)), "true");
}

/// The deepest that there may be fit into half of the stack that a thread usually has.
#[test]
fn what_is_as_deep_as_may_be_has_room() {
    let all = |depth: usize| format!("{}true{}", "[1].all(x, ".repeat(depth), ")".repeat(depth));
    let depth = (1..MAX_DEPTH).rev().find(|depth| Expression::parse(&all(*depth)).is_ok()).unwrap();
    assert!(depth > MAX_DEPTH / 2);
    for text in [
        all(depth),
        format!("{}true", "!".repeat(98)),
        format!("true{}", " && true".repeat(99)),
        format!("{}true", "true ? true : ".repeat(98)),
        format!("{}true{}", "(".repeat(98), ")".repeat(98)),
    ] {
        let expression = Expression::parse(&text).unwrap();
        let look = move || expression.holds(&json!({}));
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(look).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(true), "{text}");
    }
}

#[test]
fn every_evaluation_ends() {
    let list: Vec<i64> = (0..300).collect();
    let object = json!({"l": list, "s": "x".repeat(10_000), "m": {"a": [list.clone(), list.clone()], "b": [list.clone(), list]}});
    let told =
        |text: &str| Expression::parse(text).unwrap().holds(&object).map_err(|fault| fault.to_string());
    let too_long = Err("it takes more than 100000 steps".to_owned());
    for text in [
        "l.all(a, l.all(b, l.all(c, a + b + c >= 0)))",
        "l.all(a, l.exists(b, l.exists(c, false)) || true)",
        "l.all(a, l.all(b, l.all(c, true)) || 1 / 0 == 1)",
        "l.map(a, l.map(b, l)).size() == 300",
        "l.map(a, s + s).size() == 300 && l.all(a, l.all(b, s.contains('y') || true))",
        "l.all(a, l.all(b, m.a == m.b))",
        "l.all(a, s.split('').size() == 10000)",
        "l.map(a, l + l + l).map(b, b + b + b).size() == 300",
    ] {
        assert_eq!(told(text), too_long, "{text}");
    }
    assert_eq!(told("l.all(a, a in l)"), Ok(true));
    assert_eq!(told("m.a == m.b && m.a[0].size() == 300"), Ok(true));
}

#[test]
fn a_fault_shows_no_value() {
    let object = json!({"spec": {"password": "hunter2"}, "list": ["hunter2"]});
    for text in [
        "spec.password",
        "spec.password > 1",
        "spec.password.x == 1",
        "int(spec.password) == 1",
        "bool(spec.password)",
        "list[0] && true",
        "spec[list] == 1",
        "spec.password == spec[spec.password]",
    ] {
        let fault = Expression::parse(text).unwrap().holds(&object).unwrap_err();
        let told = format!("{fault} {fault:?}");
        assert!(!told.contains("hunter2"), "{text}: {told}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([a-z]{1,3}|[0-9]{1,3}|'[a-z]?'|[.?!+*/%-]|&&|\\|\\||==|[()\\[\\],]| |all\\(x,|has\\(){0,30}") {
        if let Ok(expression) = Expression::parse(&text) {
            let _ = expression.holds(&object());
        }
    }

    #[test]
    fn any_characters_at_all(text in any::<String>()) {
        let _ = Expression::parse(&text);
    }
}
