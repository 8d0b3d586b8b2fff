//! Objects come into being, once.

use super::arena::{Arena, CREATE, DRY, FORCE, PLAIN, owned};
use serde_json::{Value, json};
use standfast::cluster::{Applied, ApplyMode};
use standfast::model::FIELD_MANAGER;

super::contract!(
    an_apply_creates,
    the_same_apply_again_writes_nothing,
    what_only_a_server_knows_does_not_matter,
    create_only_makes_what_is_not_there,
    create_only_leaves_what_is_there,
    a_dry_run_writes_nothing,
    a_secret_s_plain_texts_go_when_they_are_dropped,
    generation_counts_changes_of_the_spec,
);

/// `an_apply_creates`: the answer is the object with all that the server adds, as `get` gives it.
async fn an_apply_creates(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    assert_eq!(arena.get(&map).await, None);
    let live = arena.live(&map, PLAIN).await;
    assert_eq!(live.key(), map.key());
    assert_eq!(live.value["data"], json!({"k": "v"}));
    assert!(!live.uid().is_empty() && !live.resource_version().is_empty());
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:data":{"f:k":{}}}"#);
    assert_eq!(arena.get(&map).await, Some(live));
}

async fn the_same_apply_again_writes_nothing(arena: &Arena) {
    let labels = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"a": "b"}, "annotations": null}});
    for object in [arena.map("a", json!({"k": "v"})), arena.object("b", labels)] {
        let first = arena.live(&object, PLAIN).await;
        for mode in [PLAIN, FORCE, DRY] {
            assert_eq!(arena.live(&object, mode).await, first);
        }
    }
}

/// A manifest may come from `kubectl get -o yaml`.
async fn what_only_a_server_knows_does_not_matter(arena: &Arena) {
    let live = arena.live(&arena.map("a", json!({"k": "v"})), PLAIN).await;
    let mut manifest = live.value.clone();
    manifest["metadata"]["uid"] = Value::from("0c3fb4de-0000-4000-8000-000000000000");
    manifest["metadata"]["resourceVersion"] = Value::from("1");
    let again = arena.live(&arena.object("a", manifest), PLAIN).await;
    assert_eq!(again, live);
}

async fn create_only_makes_what_is_not_there(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    let dry = arena.live(&map, ApplyMode { dry_run: true, ..CREATE }).await;
    assert_eq!((&dry.value["data"], dry.resource_version()), (&json!({"k": "v"}), ""));
    assert_eq!(arena.get(&map).await, None);
    let live = arena.live(&map, CREATE).await;
    assert_eq!(live.value["data"], json!({"k": "v"}));
    assert_eq!(arena.live(&map, PLAIN).await, live, "an ordinary apply afterwards has nothing to do");
}

/// Whatever it holds: the same, ours, somebody else's, in conflict, or what could not become this.
async fn create_only_leaves_what_is_there(arena: &Arena) {
    let ours = arena.map("ours", json!({"k": "v"}));
    arena.live(&ours, PLAIN).await;
    let theirs = arena.map("theirs", json!({"k": "other"}));
    arena.foreign_create("kubectl", &theirs).await;
    let fixed = json!({"apiVersion": "v1", "kind": "ConfigMap", "immutable": true, "data": {"k": "1"}});
    arena.foreign_apply("helm", &arena.object("fixed", fixed)).await;
    for name in ["ours", "theirs", "fixed"] {
        let wanted = arena.map(name, json!({"k": "v"}));
        let before = arena.get(&wanted).await;
        for force in [false, true] {
            for dry_run in [false, true] {
                let mode = ApplyMode { dry_run, force, create_only: true };
                assert_eq!(arena.apply(&wanted, mode).await, Applied::Exists, "{name} {mode:?}");
            }
        }
        assert_eq!(arena.get(&wanted).await, before, "{name} is untouched");
    }
}

async fn a_dry_run_writes_nothing(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    assert_eq!(arena.live(&map, DRY).await.value["data"], json!({"k": "v"}));
    assert_eq!(arena.get(&map).await, None);
    let before = arena.live(&map, PLAIN).await;
    let would = arena.live(&arena.map("a", json!({"k": "w", "l": "m"})), DRY).await;
    assert_eq!(would.value["data"], json!({"k": "w", "l": "m"}));
    assert_eq!(arena.get(&map).await, Some(before));
}

async fn a_secret_s_plain_texts_go_when_they_are_dropped(arena: &Arena) {
    let secret = |fields: Value| {
        let mut manifest = json!({"apiVersion": "v1", "kind": "Secret"});
        manifest.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        arena.object("a", manifest)
    };
    let live =
        arena.live(&secret(json!({"stringData": {"a": "b", "c": "d"}, "data": {"e": "Zg=="}})), PLAIN).await;
    assert_eq!(live.value["data"], json!({"a": "Yg==", "c": "ZA==", "e": "Zg=="}));
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:data":{"f:a":{},"f:c":{},"f:e":{}}}"#);
    let live = arena.live(&secret(json!({"stringData": {"a": "b"}})), PLAIN).await;
    assert_eq!(live.value["data"], json!({"a": "Yg=="}));
}

async fn generation_counts_changes_of_the_spec(arena: &Arena) {
    let deployment = |replicas: i32, label: &str| {
        arena.object(
            "a",
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"l": label}}, "status": {"replicas": 9},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}),
        )
    };
    for (replicas, label, generation) in [(0, "x", 1), (0, "y", 1), (1, "y", 2)] {
        let live = arena.live(&deployment(replicas, label), PLAIN).await;
        assert_eq!(live.value["metadata"]["generation"], generation);
        assert!(!owned(&live, FIELD_MANAGER).contains("f:status"), "status is not ours to apply");
    }
    let map = arena.live(&arena.map("a", json!({"k": "v"})), PLAIN).await;
    assert_eq!(map.value["metadata"].get("generation"), None);
}
