//! Tables for the rules about one object, on a model of server-side apply.

use super::ssa::Server;
use super::*;
pub(super) use crate::model::fake::application;
use crate::model::{
    AllowPrune, Application, Baseline, Change, Desired, DesiredApplication, Digest, Guard, Gvk,
    InventoryEntry, Live, OWNER_LABEL, Object, ObjectKey, OnRemoval, OwnerLabel, Refusal, RefusalReason,
    Revision,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn owner() -> OwnerLabel {
    OwnerLabel::of("acme", &"store-042".parse().unwrap())
}

pub(super) fn object(api_version: &str, kind: &str, namespace: &str, name: &str, rest: &Value) -> Object {
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        value["metadata"]["namespace"] = json!(namespace);
    }
    for (field, content) in rest.as_object().unwrap() {
        value[field] = content.clone();
    }
    Object::new(value).unwrap()
}

pub(super) fn desired(applications: Vec<(Application, Vec<Object>)>) -> Desired {
    let one = |(application, objects)| DesiredApplication { application, objects, digest: Digest::of(b"") };
    Desired {
        revision: "refs/heads/main@sha1:5f1c0e6b8f3a4c2d9e7b1a0f5c4d3e2b1a0f9e8d"
            .parse::<Revision>()
            .unwrap(),
        guard: Guard::default(),
        applications: applications.into_iter().map(one).collect(),
    }
}

pub(super) fn entry(application: &str, baseline: Option<Baseline>) -> InventoryEntry {
    InventoryEntry { application: application.to_owned(), version: "v1".to_owned(), baseline }
}

/// A site with one object, as its agent sees it.
struct Site {
    server: Server,
    entry: Option<InventoryEntry>,
}

fn widget(spec: &Value) -> Object {
    let rendered = object("example.com/v1", "Widget", "pos", "it", &json!({"spec": spec}));
    dress(&rendered, &owner(), &application("pos"), true).unwrap()
}

impl Site {
    fn new() -> Self {
        Self { server: Server::default(), entry: None }
    }

    fn decide(&self, object: &Object) -> Decision {
        let live = self.server.get(&object.key());
        decide(object, digest(object), live.as_ref(), self.entry.as_ref(), "pos", &owner())
    }

    /// Asks for a dry-run and judges it, again with force where that is the verdict.
    fn judge(&mut self, object: &Object) -> Verdict {
        let live = self.server.get(&object.key()).unwrap();
        let application = application("pos");
        let mut case = Case {
            desired: object,
            digest: digest(object),
            live: &live,
            entry: self.entry.as_ref(),
            application: &application,
            is_forced: false,
        };
        for is_forced in [false, true] {
            case.is_forced = is_forced;
            let answer = self.server.apply("standfast", object, is_forced, true);
            let verdict = match &answer {
                Ok(live) => super::judge(&case, &Answer::Live(live)),
                Err(conflicts) => {
                    let conflicts: Vec<_> = conflicts.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                    super::judge(&case, &Answer::Conflict(&conflicts))
                }
            };
            if verdict != Verdict::AskWithForce {
                return verdict;
            }
        }
        panic!("force asked for twice")
    }

    fn apply(&mut self, object: &Object, force: bool) {
        let live = self.server.apply_ours(object, force).unwrap();
        self.entry = Some(entry("pos", take(&live, object, digest(object))));
        assert!(self.entry.as_ref().unwrap().baseline.is_some());
    }

    fn change(&mut self, object: &Object, manager: &str, change: impl FnOnce(&mut Value)) {
        self.server.update(manager, &object.key(), change);
    }
}

fn refusal_of(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refuse(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_object_goes_through_its_life() {
    let mut site = Site::new();
    let first = widget(&json!({"size": "1000m", "colour": "red"}));
    assert_eq!(site.decide(&first), Decision::Create);
    site.apply(&first, false);
    assert_eq!(site.decide(&first), Decision::Unchanged, "though the server answered 1 for 1000m");

    site.change(&first, "kubectl-edit", |live| live["spec"]["colour"] = json!("blue"));
    let change = Change {
        path: "/spec/colour".to_owned(),
        from: Some("\"blue\"".to_owned()),
        to: Some("\"red\"".to_owned()),
    };
    assert_eq!(
        site.decide(&first),
        Decision::Heal { changes: vec![change.clone()], by: vec!["kubectl-edit".to_owned()] }
    );
    let live = site.server.get(&first.key()).unwrap();
    let baseline = site.entry.as_ref().unwrap().baseline.as_ref().unwrap();
    let by = Some("kubectl-edit".to_owned());
    assert_eq!(taken(&live, baseline), [Taken { path: "/spec/colour".to_owned(), by }]);
    site.apply(&first, true);
    assert_eq!(site.decide(&first), Decision::Unchanged);

    let second = widget(&json!({"size": "1000m", "colour": "green"}));
    assert_eq!(site.decide(&second), Decision::Judge);
    let change = Change { from: Some("\"red\"".to_owned()), to: Some("\"green\"".to_owned()), ..change };
    assert_eq!(site.judge(&second), Verdict::Configure { changes: vec![change], force: false });
    site.apply(&second, false);
    assert_eq!(site.decide(&second), Decision::Unchanged);

    site.server.delete(&first.key());
    assert_eq!(site.decide(&second), Decision::Create);
}

#[test]
fn a_manifest_that_says_the_same_in_other_words_is_not_written() {
    let mut site = Site::new();
    site.apply(&widget(&json!({"size": "1000m"})), false);
    let again = widget(&json!({"size": "1"}));
    assert_eq!(site.decide(&again), Decision::Judge);
    let Verdict::Unchanged(baseline) = site.judge(&again) else { panic!("a write is wanted") };
    site.entry = Some(entry("pos", Some(baseline)));
    assert_eq!(site.decide(&again), Decision::Unchanged);
    assert_eq!(site.server.writes(), 1);
}

#[test]
fn a_field_that_is_added_with_its_present_value_becomes_ours() {
    let mut site = Site::new();
    site.apply(&widget(&json!({"size": "1"})), false);
    let more = widget(&json!({"size": "1", "filled": "by the server"}));
    let Verdict::Configure { changes, force: false } = site.judge(&more) else {
        panic!("it was not to be written")
    };
    let to = Some(r#"[".spec.filled"]"#.to_owned());
    assert_eq!(changes, [Change { path: "/metadata/managedFields".to_owned(), from: None, to }]);
    site.apply(&more, false);
    assert!(matches!(site.judge(&more), Verdict::Unchanged(_)));
}

#[test]
fn conflicts_on_fields_that_we_never_applied_are_refused() {
    let mut site = Site::new();
    let first = widget(&json!({"size": "1"}));
    site.apply(&first, false);
    site.change(&first, "autoscaler", |live| live["spec"]["replicas"] = json!(5));
    assert_eq!(site.decide(&first), Decision::Unchanged, "what others add is theirs");
    let refusal = refusal_of(site.judge(&widget(&json!({"size": "2", "replicas": 1}))));
    assert_eq!(refusal.reason, RefusalReason::Conflict);
    assert!(refusal.message.contains(".spec.replicas (owned by autoscaler)"), "{}", refusal.message);
    assert!(matches!(site.judge(&widget(&json!({"size": "2"}))), Verdict::Configure { force: false, .. }));
}

#[test]
fn conflicts_on_fields_that_we_applied_before_are_drift() {
    let mut site = Site::new();
    let first = widget(&json!({"list": [{"name": "a.b", "v": 1}], "size": "1"}));
    site.apply(&first, false);
    site.change(&first, "kubectl", |live| {
        live["spec"]["list"][0]["v"] = json!(7);
        live["metadata"]["labels"][OWNER_LABEL] = json!("x");
    });
    let second = widget(&json!({"list": [{"name": "a.b", "v": 2}], "size": "1"}));
    let Verdict::Configure { changes, force: true } = site.judge(&second) else {
        panic!("force was not asked for")
    };
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["/metadata/labels/standfast.dev~1owner", "/spec/list/0/v"]);

    // Without a record, and with the field taken from us, nothing shows that it was ours.
    site.entry = None;
    assert_eq!(refusal_of(site.judge(&second)).reason, RefusalReason::Conflict);
}

#[test]
fn what_the_server_says_otherwise() {
    let mut site = Site::new();
    let first = widget(&json!({"size": "1"}));
    site.apply(&first, false);
    let live = site.server.get(&first.key()).unwrap();
    let mut application = application("pos");
    let judge_with = |application: &Application, live: &Live, answer: Answer<'_>| {
        let case = Case {
            desired: &first,
            digest: digest(&first),
            live,
            entry: None,
            application,
            is_forced: false,
        };
        judge(&case, &answer)
    };
    let refusal = refusal_of(judge_with(&application, &live, Answer::Immutable("field is immutable")));
    assert_eq!(refusal.reason, RefusalReason::Immutable);
    assert!(
        refusal.message.contains("list Widget under `recreate` of application pos"),
        "{}",
        refusal.message
    );
    let refusal = refusal_of(judge_with(&application, &live, Answer::Refused("denied\n  by policy x.")));
    assert_eq!(refusal.message, "the API server refused Widget.example.com pos/it: denied by policy x");
    let verdict = judge_with(&application, &live, Answer::NoPlace("namespaces \"pos\" not found"));
    assert!(matches!(verdict, Verdict::NotYet(_)));
    application.recreate.insert("Widget".to_owned());
    let verdict = judge_with(&application, &live, Answer::Immutable("no"));
    assert_eq!(verdict, Verdict::Recreate { why: "no".to_owned() });

    let mut older = live.clone();
    older.value["metadata"]["resourceVersion"] = json!("0");
    assert_eq!(judge_with(&application, &older, Answer::Live(&live)), Verdict::Stale);
}

#[test]
fn what_is_there_and_not_ours_is_left() {
    let check = |prepare: &dyn Fn(&mut Site, &Object), expect: Option<&str>| {
        let mut site = Site::new();
        let object = widget(&json!({"size": "1"}));
        prepare(&mut site, &object);
        match (site.decide(&object), expect) {
            (Decision::Refuse(refusal), Some(expect)) => {
                assert_eq!(refusal.reason, RefusalReason::AdoptionRefused);
                assert!(refusal.message.contains(expect), "{}", refusal.message);
            }
            (Decision::Refuse(refusal), None) => panic!("{refusal:?}"),
            (_, None) => {}
            (other, Some(_)) => panic!("{other:?}"),
        }
    };
    let bare = object("example.com/v1", "Widget", "pos", "it", &json!({"spec": {"size": "1"}}));
    check(
        &|site, _| drop(site.server.apply("helm", &bare, false, false)),
        Some("not made by this agent, but by helm"),
    );
    // Labels can be copied.
    check(&|site, object| drop(site.server.apply("kubectl", object, false, false)), Some("but by kubectl"));
    // Deleted and made anew by somebody else, while it stands in our inventory.
    check(
        &|site, object| {
            site.apply(object, false);
            site.server.delete(&object.key());
            drop(site.server.apply("kubectl", &bare, false, false));
        },
        Some("but by kubectl"),
    );
    // Another site's agent has the same manager name.
    let other = OwnerLabel::of("acme", &"store-043".parse().unwrap());
    let theirs = dress(&bare, &other, &application("pos"), true).unwrap();
    check(&|site, _| drop(site.server.apply_ours(&theirs, false)), Some("kept by another site or fleet"));
    check(
        &|site, object| {
            site.apply(object, false);
            drop(site.server.apply_ours(&theirs, true));
        },
        Some(other.as_str()),
    );
    // Ours: the record is lost; the label is lost; the label was changed by a person; the site was renamed.
    check(&|site, object| drop(site.server.apply_ours(object, false)), None);
    check(
        &|site, object| {
            site.apply(object, false);
            site.change(object, "kubectl", |live| live["metadata"]["labels"] = json!({}));
        },
        None,
    );
    check(
        &|site, object| {
            site.apply(object, false);
            site.change(object, "kubectl", |live| live["metadata"]["labels"][OWNER_LABEL] = json!("x"));
        },
        None,
    );
    check(&|site, _| site.apply(&theirs, false), None);
}

#[test]
fn an_object_that_is_being_deleted_is_waited_for() {
    let mut site = Site::new();
    let first = widget(&json!({"size": "1"}));
    site.apply(&first, false);
    site.change(&first, "kubectl", |live| {
        live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    });
    assert_eq!(site.decide(&first), Decision::Wait);
}

#[test]
fn moving_between_applications_changes_an_annotation_and_nothing_else() {
    let mut site = Site::new();
    let rendered = object("example.com/v1", "Widget", "pos", "it", &json!({"spec": {"size": "1"}}));
    let here = dress(&rendered, &owner(), &application("pos"), true).unwrap();
    site.apply(&here, false);
    let there = dress(&rendered, &owner(), &application("ingress"), true).unwrap();
    let Verdict::Configure { changes, force: false } = site.judge(&there) else { panic!("no plain change") };
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["/metadata/annotations/standfast.dev~1application"]);
}

#[test]
fn an_empty_container_is_ours_only_in_that_it_is_there() {
    let check = |fields: Value, live: Value, others: Value, drifted: Value, is_drift: bool| {
        let whole = |spec: Value, others: &Value| Live {
            gvk: Gvk::new("apps/v1", "Deployment"),
            value: json!({"metadata": {"managedFields": [
                {"manager": "standfast", "operation": "Apply", "fieldsV1": {"f:spec": fields}},
                {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": others}}]}, "spec": spec}),
        };
        let manifest = object("apps/v1", "Deployment", "a", "b", &json!({"spec": {"field": {}}}));
        let response = whole(live, &json!({}));
        let baseline = take(&response, &manifest, digest(&manifest)).unwrap();
        assert!(!has_drifted(&response, &baseline), "{}", baseline.fields);
        assert_eq!(has_drifted(&whole(drifted.clone(), &others), &baseline), is_drift, "{drifted}");
    };
    let field = || json!({"f:field": {}});
    let inside = || json!({"f:field": {"f:limit": {}}});
    // `emptyDir: {}`, to which somebody adds a limit.
    check(field(), json!({"field": {}}), inside(), json!({"field": {"limit": 1}}), false);
    // `strategy: {}`, which the server fills in, and somebody changes.
    check(
        field(),
        json!({"field": {"type": "a"}}),
        inside(),
        json!({"field": {"type": "a", "limit": 1}}),
        false,
    );
    check(field(), json!({"field": {"type": "a"}}), json!({}), json!({"field": {"type": "b"}}), false);
    check(field(), json!({"field": {"type": "a"}}), json!({}), json!({}), true);
    // `data: {}`, which the server leaves out and a controller fills.
    check(field(), json!({}), inside(), json!({"field": {"limit": 1}}), false);
    check(field(), json!({}), field(), json!({"field": {"limit": 1}}), true);
    // `podSelector: {}`, which is owned as a whole: whoever changes it owns it and nothing in it.
    check(field(), json!({"field": {}}), field(), json!({"field": {"app": "x"}}), true);
    check(field(), json!({"field": {}}), field(), json!({}), true);
}

#[test]
fn manifests_are_dressed() {
    let namespaced = |value: &Value, default: Option<&str>| {
        let mut application = application("pos");
        application.namespace = default.map(str::to_owned);
        dress(&Object::new(value.clone()).unwrap(), &owner(), &application, true).unwrap()
    };
    let bare = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it", "labels": null}});
    assert_eq!(namespaced(&bare, None).namespace(), Some("default"));
    assert_eq!(namespaced(&bare, Some("pos")).namespace(), Some("pos"));
    let mut there = bare.clone();
    there["metadata"]["namespace"] = json!("own");
    assert_eq!(namespaced(&there, Some("pos")).namespace(), Some("own"), "a default is not an override");
    let cluster = dress(&Object::new(there).unwrap(), &owner(), &application("pos"), false).unwrap();
    assert_eq!(cluster.namespace(), None);
    assert_eq!(cluster.value()["metadata"]["labels"][OWNER_LABEL], owner().as_str());
    assert_eq!(cluster.value()["metadata"]["annotations"], json!({"standfast.dev/application": "pos"}));

    let exported = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "it", "uid": "u", "resourceVersion": "7", "creationTimestamp": null, "managedFields": []},
        "spec": {"replicas": null, "template": {"metadata": {"creationTimestamp": null, "labels": {"a": null}}}}});
    let dressed = namespaced(&exported, None).value();
    assert_eq!(dressed["spec"], json!({"template": {"metadata": {"labels": {"a": null}}}}));
    let names: Vec<_> = dressed["metadata"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["annotations", "labels", "name", "namespace"]);

    let custom = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "it"}, "spec": {"values": {"a": null}}});
    assert_eq!(
        namespaced(&custom, None).value()["spec"],
        json!({"values": {"a": null}}),
        "a null may mean something there"
    );

    let odd = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it", "labels": "a=b"}});
    let refusal = dress(&Object::new(odd).unwrap(), &owner(), &application("pos"), true).unwrap_err();
    assert_eq!(
        refusal.message,
        "ConfigMap default/it: metadata.labels is not a mapping; write it as `name: value` lines"
    );
}

#[test]
fn what_is_kept_says_so_itself() {
    let bare = object("v1", "ConfigMap", "pos", "it", &json!({}));
    let annotation = |application: &Application| {
        let dressed = dress(&bare, &owner(), application, true).unwrap();
        dressed.value()["metadata"]["annotations"]["standfast.dev/on-removal"].as_str().map(str::to_owned)
    };
    assert_eq!(annotation(&application("pos")), None);
    let kept = Application { on_removal: OnRemoval::Keep, ..application("pos") };
    assert_eq!(annotation(&kept).as_deref(), Some("keep"));
    assert_eq!(annotation(&Application { prune: false, ..application("pos") }).as_deref(), Some("keep"));
}

#[test]
fn an_empty_ca_bundle_is_left_to_its_injector() {
    let check = |api: &str, kind: &str, rest: Value, pointer: &str| {
        let manifest = object(api, kind, "", "it", &rest);
        let dressed = dress(&manifest, &owner(), &application("pos"), false).unwrap();
        assert!(
            dressed.value().pointer(pointer).is_some_and(|config| config.get("caBundle").is_none()),
            "{kind}"
        );
    };
    let admission = "admissionregistration.k8s.io/v1";
    let webhooks = json!({"webhooks": [{"name": "a", "clientConfig": {"caBundle": "", "url": "https://a"}}]});
    check(admission, "ValidatingWebhookConfiguration", webhooks.clone(), "/webhooks/0/clientConfig");
    check(admission, "MutatingWebhookConfiguration", webhooks, "/webhooks/0/clientConfig");
    let conversion = json!({"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": ""}}}}});
    check(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        conversion,
        "/spec/conversion/webhook/clientConfig",
    );
    check("apiregistration.k8s.io/v1", "APIService", json!({"spec": {"caBundle": ""}}), "/spec");
}

#[test]
fn the_rules_of_an_aggregated_role_are_left_to_their_controller() {
    let rules = |rest: Value| {
        let role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "it", &rest);
        dress(&role, &owner(), &application("pos"), false).unwrap().value().get("rules").cloned()
    };
    assert_eq!(rules(json!({"rules": []})), Some(json!([])));
    assert_eq!(rules(json!({"aggregationRule": {"clusterRoleSelectors": [{}]}, "rules": []})), None);
}

#[test]
fn an_inventory_is_put_together_from_marks() {
    let mut site = Site::new();
    let ours = widget(&json!({"size": "1"}));
    site.apply(&ours, false);
    let live = site.server.get(&ours.key()).unwrap();
    let found = recognise(&live, &owner()).unwrap();
    assert_eq!(found, (ours.key(), entry("pos", None)));
    let other = OwnerLabel::of("acme", &"store-043".parse().unwrap());
    assert_eq!(recognise(&live, &other), None);
    let rebuilt = rebuild([live].iter(), &owner());
    assert!(rebuilt.is_rebuilt && rebuilt.entries.contains_key(&ours.key()));
}

pub(super) fn allow(what: &[AllowPrune]) -> BTreeSet<AllowPrune> {
    what.iter().copied().collect()
}

pub(super) fn key(text: &str) -> ObjectKey {
    let (kind, place) = text.split_once(' ').unwrap();
    let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
    let (namespace, name) =
        place.split_once('/').map_or((None, place), |(namespace, name)| (Some(namespace), name));
    ObjectKey {
        group: group.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}
