//! Namespaces that are missing or on their way out, and objects that cannot stand where they say.

use super::arena::{Arena, CREATE, DRY, PLAIN, changed, cluster_wide, within};
use serde_json::json;
use standfast::cluster::{Applied, Deleted};
use standfast::model::Object;

super::contract!(
    a_missing_namespace_is_no_place,
    a_namespace_on_its_way_out_is_no_place_for_new_objects,
    a_namespace_goes_with_what_is_in_it,
    a_name_that_leads_elsewhere_is_refused,
    namespaced_kinds_need_a_namespace,
);

fn namespace(name: &str) -> Object {
    cluster_wide(name, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"labels": {"a": "b"}}}))
}

fn map(namespace: &str, name: &str) -> Object {
    within(
        namespace,
        &cluster_wide(name, json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}})),
    )
}

async fn a_missing_namespace_is_no_place(arena: &Arena) {
    let name = Arena::unique("missing");
    for mode in [PLAIN, DRY, CREATE] {
        let applied = arena.apply(&map(&name, "a"), mode).await;
        assert_eq!(applied, Applied::NoPlace(format!("namespaces {name:?} not found")));
    }
    assert_eq!(arena.get(&map(&name, "a")).await, None);
    arena.live(&namespace(&name), PLAIN).await;
    arena.live(&map(&name, "a"), PLAIN).await;
}

async fn a_namespace_on_its_way_out_is_no_place_for_new_objects(arena: &Arena) {
    let name = Arena::unique("going");
    arena.live(&namespace(&name), PLAIN).await;
    let held = changed(&map(&name, "held"), |manifest| {
        manifest["metadata"]["finalizers"] = json!(["e.com/hold"]);
    });
    arena.live(&held, PLAIN).await;
    for _ in 0..2 {
        assert_eq!(arena.delete(&namespace(&name)).await, Deleted::Terminating);
    }
    for mode in [PLAIN, CREATE] {
        let applied = arena.apply(&map(&name, "new"), mode).await;
        assert!(
            matches!(&applied, Applied::NoPlace(words) if words.contains("being terminated")),
            "{applied:?}"
        );
    }
    assert!(arena.live(&namespace(&name), PLAIN).await.is_terminating(), "an apply does not bring it back");
    arena.foreign_edit("test", &held, json!({"metadata": {"finalizers": null}})).await;
    arena.until_gone(&namespace(&name)).await;
}

async fn a_namespace_goes_with_what_is_in_it(arena: &Arena) {
    let name = Arena::unique("content");
    let uid = arena.live(&namespace(&name), PLAIN).await.uid().to_owned();
    arena.live(&map(&name, "a"), PLAIN).await;
    assert_eq!(arena.delete(&namespace(&name)).await, Deleted::Terminating);
    arena.until_gone(&namespace(&name)).await;
    assert_eq!(arena.get(&map(&name, "a")).await, None);
    assert_ne!(arena.live(&namespace(&name), CREATE).await.uid(), uid);
}

async fn a_name_that_leads_elsewhere_is_refused(arena: &Arena) {
    for name in ["../secrets/a", "..", "a/b", "a%2fb"] {
        let applied = arena.apply(&arena.map(name, json!({})), PLAIN).await;
        assert!(matches!(applied, Applied::Refused(_)), "{name}: {applied:?}");
    }
}

async fn namespaced_kinds_need_a_namespace(arena: &Arena) {
    let nowhere = cluster_wide("a", json!({"apiVersion": "v1", "kind": "ConfigMap"}));
    let everywhere = within(&arena.namespace, &namespace("a"));
    for object in [nowhere, everywhere] {
        let applied = arena.apply(&object, PLAIN).await;
        assert!(matches!(applied, Applied::Refused(_)), "{}: {applied:?}", object.key());
    }
}
