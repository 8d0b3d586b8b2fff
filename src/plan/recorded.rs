//! The rules on answers of a real API server, recorded in `tests/data/ssa`.

use super::tests::{application, entry};
use super::*;
use crate::model::{InventoryEntry, Live, Object, OwnerLabel, RefusalReason};
use serde_json::Value;

macro_rules! recorded {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../tests/data/ssa/", $name, ".json"))).unwrap()
    };
}

fn owner() -> OwnerLabel {
    OwnerLabel::of("acme", &"store".parse().unwrap())
}

fn manifest() -> Object {
    Object::new(recorded!("manifest")).unwrap()
}

fn live(value: Value) -> Live {
    Live { gvk: manifest().gvk().clone(), value }
}

fn first_apply() -> InventoryEntry {
    let manifest = manifest();
    entry("pos", take(&live(recorded!("response")), &manifest, digest(&manifest)))
}

fn decide_on(value: Value) -> Decision {
    let manifest = manifest();
    decide(&manifest, digest(&manifest), Some(&live(value)), Some(&first_apply()), "pos", &owner())
}

#[test]
fn controllers_and_other_managers_are_no_drift() {
    assert_eq!(decide_on(recorded!("response")), Decision::Unchanged);
    assert_eq!(decide_on(recorded!("settled")), Decision::Unchanged);
    assert_eq!(decide_on(recorded!("shared")), Decision::Unchanged);
}

#[test]
fn changed_and_removed_fields_are_drift_and_named() {
    let Decision::Heal { changes, .. } = decide_on(recorded!("drifted")) else { panic!("no drift found") };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let shown: Vec<_> =
        changes.iter().map(|one| format!("{} {} {}", one.path, text(&one.from), text(&one.to))).collect();
    let label = format!(r#"/metadata/labels/standfast.dev~1owner "other" "{}""#, owner());
    assert_eq!(
        shown,
        [
            r#"/metadata/finalizers/[="example.com~1hold"] - "example.com/hold""#,
            label.as_str(),
            "/spec/replicas 3 1",
            r#"/spec/template/spec/containers/0/env/1/value "other" """#,
            r#"/spec/template/spec/containers/0/image "web:2" "web:1""#,
            r#"/spec/template/spec/containers/0/ports/[containerPort=81,protocol="UDP"] - {"containerPort":81,"protocol":"UDP"}"#,
            "/spec/template/spec/hostNetwork true false",
            r#"/spec/template/spec/nodeSelector {"a":"b"} {}"#,
        ]
    );
    let drifted = taken(&live(recorded!("drifted")), first_apply().baseline.as_ref().unwrap());
    let by = |path: &str| drifted.iter().find(|one| one.path == path).and_then(|one| one.by.as_deref());
    assert_eq!(by("/spec/replicas"), Some("kubectl"));
    assert_eq!(by("/spec/template/spec/containers/0/image"), Some("kubectl-set"));
    assert_eq!(by(r#"/metadata/finalizers/[="example.com~1hold"]"#), None, "it was removed");
}

#[test]
fn conflicts_are_matched_with_what_was_applied() {
    let (manifest, application, answer) = (manifest(), application("pos"), recorded!("conflict"));
    let causes = answer["details"]["causes"].as_array().unwrap();
    let manager = |message: &'static str| message;
    let fields: Vec<_> =
        causes.iter().map(|cause| (manager("somebody"), cause["field"].as_str().unwrap())).collect();
    assert_eq!(fields.len(), 6);
    let (drifted, entry) = (live(recorded!("drifted")), first_apply());
    let mut case = Case {
        desired: &manifest,
        digest: digest(&manifest),
        live: &drifted,
        entry: Some(&entry),
        application: &application,
        is_forced: false,
    };
    assert_eq!(judge(&case, &Answer::Conflict(&fields)), Verdict::AskWithForce);
    // Without the record nothing shows that the fields were ours.
    case.entry = None;
    let Verdict::Refuse(refusal) = judge(&case, &Answer::Conflict(&fields)) else { panic!("not refused") };
    assert_eq!(refusal.reason, RefusalReason::Conflict);
    assert!(
        refusal.message.contains(r#".spec.template.spec.containers[name="web"].image (owned by somebody)"#)
    );
}
