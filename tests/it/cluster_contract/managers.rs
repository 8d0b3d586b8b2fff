//! Who owns which field, and what that means for the next apply.

use super::arena::{Arena, DRY, FORCE, PLAIN, conflict, owned};
use serde_json::{Value, json};
use standfast::cluster::Applied;
use standfast::model::FIELD_MANAGER;

super::contract!(
    a_field_that_another_applied_is_a_conflict,
    a_field_that_another_updated_is_a_conflict,
    the_same_value_is_no_conflict,
    force_takes_the_field,
    a_foreign_update_takes_the_field_away_from_us,
    a_dropped_field_goes,
    a_dropped_field_that_another_owns_stays,
    fields_that_nobody_applied_stay,
    a_lost_label_comes_back_without_force,
    a_null_map_is_owned_and_changes_nothing,
);

async fn a_field_that_another_applied_is_a_conflict(arena: &Arena) {
    let theirs = arena.map("a", json!({"k": "theirs", "m": "theirs"}));
    arena.foreign_apply("helm", &theirs).await;
    let before = arena.get(&theirs).await;
    let wanted = arena.map("a", json!({"k": "ours", "m": "ours", "n": "new"}));
    for mode in [PLAIN, DRY] {
        let conflicts = vec![conflict("helm", ".data.k"), conflict("helm", ".data.m")];
        assert_eq!(arena.apply(&wanted, mode).await, Applied::Conflict(conflicts));
    }
    assert_eq!(arena.get(&theirs).await, before, "nothing was written");
}

async fn a_field_that_another_updated_is_a_conflict(arena: &Arena) {
    arena.foreign_create("kubectl-create", &arena.map("a", json!({"k": "theirs"}))).await;
    let wanted = arena.map("a", json!({"k": "ours"}));
    let conflicts = vec![conflict("kubectl-create", ".data.k")];
    assert_eq!(arena.apply(&wanted, PLAIN).await, Applied::Conflict(conflicts));
}

async fn the_same_value_is_no_conflict(arena: &Arena) {
    let same = arena.map("a", json!({"k": "same"}));
    arena.foreign_apply("helm", &same).await;
    let live = arena.live(&same, PLAIN).await;
    for manager in ["helm", FIELD_MANAGER] {
        assert_eq!(owned(&live, manager), r#"{"f:data":{"f:k":{}}}"#, "both own it");
    }
    let conflicts = vec![conflict("helm", ".data.k")];
    assert_eq!(
        arena.apply(&arena.map("a", json!({"k": "other"})), PLAIN).await,
        Applied::Conflict(conflicts)
    );
}

async fn force_takes_the_field(arena: &Arena) {
    arena.foreign_apply("helm", &arena.map("a", json!({"k": "theirs", "l": "theirs"}))).await;
    let live = arena.live(&arena.map("a", json!({"k": "ours"})), FORCE).await;
    assert_eq!(live.value["data"], json!({"k": "ours", "l": "theirs"}));
    assert_eq!(owned(&live, "helm"), r#"{"f:data":{"f:l":{}}}"#);
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:data":{"f:k":{}}}"#);
}

/// So managed fields cannot tell drift: what was ours looks like somebody else's.
async fn a_foreign_update_takes_the_field_away_from_us(arena: &Arena) {
    let ours = arena.map("a", json!({"k": "ours", "l": "ours"}));
    arena.live(&ours, PLAIN).await;
    arena.foreign_edit("kubectl-edit", &ours, json!({"data": {"k": "theirs"}})).await;
    let live = arena.get(&ours).await.expect("it is there");
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:data":{"f:l":{}}}"#);
    let conflicts = vec![conflict("kubectl-edit", ".data.k")];
    assert_eq!(arena.apply(&ours, PLAIN).await, Applied::Conflict(conflicts));
    let live = arena.live(&ours, FORCE).await;
    assert_eq!(live.value["data"], json!({"k": "ours", "l": "ours"}));
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:data":{"f:k":{},"f:l":{}}}"#);
}

async fn a_dropped_field_goes(arena: &Arena) {
    let with = |labels: Value, data: Value| {
        let manifest =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": labels}, "data": data});
        arena.object("a", manifest)
    };
    arena.live(&with(json!({"a": "1", "b": "2"}), json!({"k": "v"})), PLAIN).await;
    let live = arena.live(&with(json!({"b": "2"}), Value::Null), PLAIN).await;
    assert_eq!(live.value["metadata"]["labels"], json!({"b": "2"}));
    assert_eq!(live.value.get("data"), None, "the emptied map is gone too");
}

async fn a_dropped_field_that_another_owns_stays(arena: &Arena) {
    let both = arena.map("a", json!({"k": "v", "l": "v"}));
    arena.live(&both, PLAIN).await;
    arena.foreign_apply("helm", &arena.map("a", json!({"k": "v"}))).await;
    let live = arena.live(&arena.map("a", json!({"m": "v"})), PLAIN).await;
    assert_eq!(live.value["data"], json!({"k": "v", "m": "v"}));
}

async fn fields_that_nobody_applied_stay(arena: &Arena) {
    arena.foreign_create("kubectl-create", &arena.map("a", json!({"theirs": "1"}))).await;
    let live = arena.live(&arena.map("a", json!({"ours": "1"})), PLAIN).await;
    assert_eq!(live.value["data"], json!({"theirs": "1", "ours": "1"}));
    let live = arena.live(&arena.map("a", json!({})), PLAIN).await;
    assert_eq!(live.value["data"], json!({"theirs": "1"}));
}

async fn a_lost_label_comes_back_without_force(arena: &Arena) {
    let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"standfast.dev/owner": "x", "a": "b"}}});
    let ours = arena.object("a", manifest);
    arena.live(&ours, PLAIN).await;
    arena
        .foreign_edit("kubectl-label", &ours, json!({"metadata": {"labels": {"standfast.dev/owner": null}}}))
        .await;
    let live = arena.get(&ours).await.expect("it is there");
    assert_eq!(live.label("standfast.dev/owner"), None);
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:metadata":{"f:labels":{"f:a":{}}}}"#);
    assert_eq!(arena.live(&ours, PLAIN).await.label("standfast.dev/owner"), Some("x"));
}

async fn a_null_map_is_owned_and_changes_nothing(arena: &Arena) {
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"a": "b"}}});
    arena.foreign_create("kubectl-create", &arena.object("a", theirs)).await;
    let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": null}});
    let live = arena.live(&arena.object("a", manifest.clone()), PLAIN).await;
    assert_eq!(live.value["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(owned(&live, FIELD_MANAGER), r#"{"f:metadata":{"f:labels":{}}}"#);
    let live = arena.live(&arena.object("b", manifest), PLAIN).await;
    assert_eq!(live.value["metadata"].get("labels"), None);
}
