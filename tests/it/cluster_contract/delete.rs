//! Objects go: at once, later, or not at all because they are not the ones that were meant.

use super::arena::{Arena, CREATE, PLAIN};
use serde_json::json;
use standfast::cluster::Deleted;

super::contract!(
    what_nothing_holds_is_gone_at_once,
    a_finalizer_holds_it_until_it_is_taken_off,
    an_apply_that_drops_our_finalizer_ends_it,
    another_object_of_that_name_is_not_touched,
    what_is_gone_is_gone,
);

async fn what_nothing_holds_is_gone_at_once(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"suspend": true, "template": {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}});
    for object in [map, arena.object("a", service), arena.object("a", deployment), arena.object("a", job)] {
        arena.live(&object, PLAIN).await;
        assert_eq!(arena.delete(&object).await, Deleted::Gone, "{}", object.gvk());
        assert_eq!(arena.get(&object).await, None);
    }
}

async fn a_finalizer_holds_it_until_it_is_taken_off(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    arena.live(&map, PLAIN).await;
    arena.foreign_edit("guard", &map, json!({"metadata": {"finalizers": ["e.com/hold"]}})).await;
    for _ in 0..2 {
        assert_eq!(arena.delete(&map).await, Deleted::Terminating);
    }
    let live = arena.get(&map).await.expect("it is still there");
    assert!(live.is_terminating());
    assert!(arena.live(&map, PLAIN).await.is_terminating(), "an apply does not bring it back");
    arena.foreign_edit("guard", &map, json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(arena.get(&map).await, None);
    arena.live(&map, CREATE).await;
}

async fn an_apply_that_drops_our_finalizer_ends_it(arena: &Arena) {
    let held = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"finalizers": ["e.com/ours"]}, "data": {"k": "v"}});
    let held = arena.object("a", held);
    arena.live(&held, PLAIN).await;
    assert_eq!(arena.delete(&held).await, Deleted::Terminating);
    arena.live(&arena.map("a", json!({"k": "v"})), PLAIN).await;
    assert_eq!(arena.get(&held).await, None);
}

async fn another_object_of_that_name_is_not_touched(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    let old = arena.live(&map, PLAIN).await.uid().to_owned();
    arena.foreign_delete(&map).await;
    arena.foreign_create("kubectl-create", &map).await;
    let there = arena.get(&map).await;
    let deleted = arena.cluster.delete(map.gvk(), &map.key(), &old).await.expect("the cluster answers");
    assert_eq!(deleted, Deleted::Another);
    assert_eq!(arena.get(&map).await, there);
}

async fn what_is_gone_is_gone(arena: &Arena) {
    let map = arena.map("a", json!({"k": "v"}));
    let uid = arena.live(&map, PLAIN).await.uid().to_owned();
    for _ in 0..2 {
        let deleted = arena.cluster.delete(map.gvk(), &map.key(), &uid).await.expect("the cluster answers");
        assert_eq!(deleted, Deleted::Gone);
    }
}
