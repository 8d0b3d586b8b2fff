//! Answers of a real server (Kubernetes 1.37), word for word, and what they mean.

use super::apply::read;
use super::wire::Answer;
use super::words;
use crate::cluster::retry::Tried;
use crate::cluster::{Applied, ApplyMode, Error, FieldConflict, Kind};
use crate::model::Object;
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

const PLAIN: ApplyMode = ApplyMode { dry_run: false, force: false, create_only: false };
const CREATE: ApplyMode = ApplyMode { create_only: true, ..PLAIN };

fn object(api_version: &str, kind: &str) -> Object {
    Object::new(
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "pos"}}),
    )
    .unwrap()
}

fn answer(code: u16, body: &str) -> Answer {
    Answer { status: StatusCode::from_u16(code).unwrap(), body: body.as_bytes().to_vec() }
}

/// A failure with reason, message, details.
fn status(reason: &str, message: &str, details: &Value) -> String {
    json!({"kind": "Status", "status": "Failure", "reason": reason, "message": message, "details": details})
        .to_string()
}

/// A validation's complaints about fields.
fn invalid(complaints: &[(&str, &str)]) -> String {
    let causes: Vec<Value> = complaints
        .iter()
        .map(|(field, message)| json!({"reason": "FieldValueInvalid", "field": field, "message": message}))
        .collect();
    status("Invalid", "it is invalid", &json!({"name": "a", "kind": "X", "causes": causes}))
}

fn apply(kind: &str, mode: ApplyMode, code: u16, body: &str) -> Tried<Applied> {
    let plural = format!("{}s", kind.to_lowercase());
    let served = Kind { plural, is_namespaced: true, is_listable: true };
    read(&object("v1", kind), &served, mode, &answer(code, body))
}

#[track_caller]
fn check(kind: &str, mode: ApplyMode, code: u16, body: &str, expect: &Applied) {
    match apply(kind, mode, code, body) {
        Tried::Done(applied) => assert_eq!(applied, *expect),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_manager_owns_a_field() {
    let causes = json!({"causes": [
        {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" using apps/v1", "field": ".spec.replicas"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"k\\\"x\" with subresource \"scale\" using apps/v1", "field": ".a"},
    ]});
    let body = status("Conflict", "Apply failed with 2 conflicts: …", &causes);
    let conflict =
        |manager: &str, field: &str| FieldConflict { manager: manager.to_owned(), field: field.to_owned() };
    let expect = Applied::Conflict(vec![conflict("kubectl", ".spec.replicas"), conflict("k\"x", ".a")]);
    check("ConfigMap", PLAIN, 409, &body, &expect);
    check("ConfigMap", CREATE, 409, &body, &Applied::Exists);
}

#[test]
fn a_version_that_does_not_match_means_that_the_object_is_there() {
    let modified =
        "the object has been modified; please apply your changes to the latest version and try again";
    let about = |name: &str, kind: &str| {
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {modified}");
        status("Conflict", &message, &json!({"name": name, "kind": kind}))
    };
    check("ConfigMap", CREATE, 409, &about("a", "configmaps"), &Applied::Exists);
    let there = status(
        "AlreadyExists",
        "configmaps \"a\" already exists",
        &json!({"name": "a", "kind": "configmaps"}),
    );
    check("ConfigMap", CREATE, 409, &there, &Applied::Exists);
    for (mode, body) in [
        (PLAIN, about("a", "configmaps")),
        (CREATE, about("quota", "resourcequotas")),
        (PLAIN, about("quota", "resourcequotas")),
    ] {
        let tried = apply("ConfigMap", mode, 409, &body);
        assert!(matches!(tried, Tried::Again(Error::Busy { .. }, None)), "{tried:?}");
    }
}

#[test]
fn a_field_cannot_change() {
    let check = |complaints: &[(&str, &str)], words: &str| {
        check("Job", PLAIN, 422, &invalid(complaints), &Applied::Immutable(words.to_owned()));
    };
    check(
        &[(
            "spec.template",
            r#"Invalid value: {"labels":{"job-name":"j"},"Spec":{"Image":"}: x"}}: field is immutable"#,
        )],
        "spec.template: field is immutable",
    );
    check(
        &[("spec.serviceName", r#"Invalid value: "two": field is immutable"#)],
        r#"spec.serviceName: Invalid value: "two": field is immutable"#,
    );
    check(
        &[
            (
                "spec",
                "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
            ),
            ("spec.clusterIPs[0]", r#"Invalid value: ["10.0.3.4"]: may not change once set"#),
        ],
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden; \
         spec.clusterIPs[0]: may not change once set",
    );
    check(
        &[(
            "spec",
            "Forbidden: spec is immutable after creation except resources.requests\n@@ -10,7 +10,7 @@\n- \"a\",\n",
        )],
        "spec: Forbidden: spec is immutable after creation except resources.requests",
    );
    check(
        &[("value", "Forbidden: may not be changed in an update.")],
        "value: Forbidden: may not be changed in an update.",
    );
}

#[test]
fn where_something_else_is_wrong_too_recreating_is_no_way_out() {
    let body = invalid(&[("spec.selector", "field is immutable"), ("spec.x", "Required value")]);
    let words = "spec.selector: field is immutable; spec.x: Required value";
    check("Job", PLAIN, 422, &body, &Applied::Refused(words.to_owned()));
}

#[test]
fn there_is_no_place_for_it() {
    let missing =
        status("NotFound", "namespaces \"pos\" not found", &json!({"name": "pos", "kind": "namespaces"}));
    check("ConfigMap", PLAIN, 404, &missing, &Applied::NoPlace("namespaces \"pos\" not found".to_owned()));
    let message = "configmaps \"a\" is forbidden: unable to create new content in namespace pos because it is being terminated";
    let causes = json!([{"reason": "NamespaceTerminating", "message": "namespace pos is being terminated", "field": "metadata.namespace"}]);
    let going = status("Forbidden", message, &json!({"name": "a", "kind": "configmaps", "causes": causes}));
    check("ConfigMap", PLAIN, 403, &going, &Applied::NoPlace(message.to_owned()));
    for body in [
        "404 page not found\n",
        &status("NotFound", "the server could not find the requested resource", &json!({})),
    ] {
        let words = "the server does not serve v1/ConfigMap any more";
        check("ConfigMap", PLAIN, 404, body, &Applied::NoPlace(words.to_owned()));
    }
}

#[test]
fn the_server_refuses_it() {
    let check = |code: u16, message: &str, reason: &str| {
        let body = status(reason, message, &json!({"name": "a", "kind": "configmaps"}));
        check("ConfigMap", PLAIN, code, &body, &Applied::Refused(message.to_owned()));
    };
    check(
        500,
        "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .dta: field not declared in schema",
        "",
    );
    check(
        403,
        "configmaps \"a\" is forbidden: User \"joe\" cannot patch resource \"configmaps\" in API group \"\" in the namespace \"pos\"",
        "Forbidden",
    );
    check(400, "admission webhook \"w.e.com\" denied the request: no", "BadRequest");
    check(413, "Request entity too large: limit is 3145728", "RequestEntityTooLarge");
    check(422, "ConfigMap \"a\" is invalid: []: Too long", "Invalid");
}

#[test]
fn a_secret_is_not_told_on() {
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
    secret["data"] = json!({"a": "aHVudGVyMg==", "n": 12345});
    secret["stringData"] = json!({"b": "correct horse\nbattery \"staple\"", "c": "x"});
    let check = |message: &str, expect: &str| assert_eq!(words::masked(message, &secret), expect);
    check(
        "failed: errors:\n  .data.n: expected string, got &value.valueUnstructured{Value:12345}\n  .x: no",
        "failed: errors: .data.n: expected string .x: no",
    );
    check("denied: hunter2 is weak, aHVudGVyMg== too, 12345 also", "denied: *** is weak, *** too, *** also");
    check("type: Invalid value: \"zzz: y\": field is immutable", "type: Invalid value: field is immutable");
    check(r#"policy: "correct horse\nbattery \"staple\"" is bad"#, r#"policy: "***" is bad"#);
    check("policy: a line of it is battery \"staple\"", "policy: a line of it is ***");
}

#[test]
fn words_are_short_and_on_one_line() {
    let long = words::bounded(&"ä\n".repeat(10_000));
    assert!(long.len() <= words::MAX + '…'.len_utf8() && long.ends_with('…') && !long.contains('\n'));
}

proptest! {
    /// Whatever a webhook makes of a Secret, none of its values comes through.
    #[test]
    fn no_value_of_a_secret_comes_through(
        values in proptest::collection::vec("[a-c0-9/+=\"\\\\]{3,8}", 1..4),
        words in proptest::collection::vec("[a-c ,:{\n]{0,6}", 8),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 8),
    ) {
        use base64::Engine as _;
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let mut secret = json!({"data": {}, "stringData": {}});
        let mut spellings = Vec::new();
        for (at, value) in values.iter().enumerate() {
            secret["data"][format!("d{at}")] = Value::from(base64(value));
            secret["stringData"][format!("s{at}")] = Value::from(value.clone());
            spellings.extend([value.clone(), base64(value), Value::from(value.clone()).to_string()]);
        }
        let told = words.iter().zip(&order).map(|(word, at)| format!("{word}{}", at.get(&spellings)));
        let masked = words::masked(&told.collect::<String>(), &secret);
        for spelling in &spellings {
            prop_assert!(!masked.contains(spelling.as_str()), "{masked:?} tells {spelling:?}");
        }
    }
}
