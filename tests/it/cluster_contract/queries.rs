//! Finding objects.

use super::arena::{Arena, PLAIN, changed};
use serde_json::json;
use standfast::cluster::Query;
use standfast::model::{FIELD_MANAGER, Gvk, OWNER_LABEL, Object, OwnerLabel};
use std::collections::BTreeSet;

super::contract!(
    what_is_ours_is_found_by_its_label,
    every_object_of_many_is_seen_once,
    listed_objects_are_whole,
);

fn query(gvk: &Gvk) -> Query {
    Query { gvk: gvk.clone(), namespace: None, owner: None, limit: None }
}

/// The names that a query finds, in order.
async fn names(arena: &Arena, query: &Query) -> Vec<String> {
    let mut names = Vec::new();
    let mut each = |live: standfast::model::Live| names.push(live.key().name);
    arena.cluster.list(query, &mut each).await.expect("the cluster answers");
    names
}

/// A label that no other test has.
pub(super) fn owner(arena: &Arena) -> OwnerLabel {
    OwnerLabel::of(
        &Arena::unique("fleet"),
        &arena.namespace.parse().expect("a namespace is a site's name too"),
    )
}

fn ours(arena: &Arena, name: &str, owner: &OwnerLabel) -> Object {
    changed(&arena.map(name, json!({"k": "v"})), |manifest| {
        manifest["metadata"]["labels"] = json!({OWNER_LABEL: owner.as_str()});
    })
}

async fn what_is_ours_is_found_by_its_label(arena: &Arena) {
    let (owner, other) = (owner(arena), owner(arena));
    let map = ours(arena, "ours", &owner);
    arena.live(&map, PLAIN).await;
    arena.live(&ours(arena, "theirs", &other), PLAIN).await;
    arena.live(&arena.map("nobody-s", json!({})), PLAIN).await;
    let by_label = Query { owner: Some(owner), ..query(map.gvk()) };
    assert_eq!(names(arena, &by_label).await, ["ours"]);
    let elsewhere = Query { namespace: Some("default".to_owned()), ..by_label.clone() };
    assert_eq!(names(arena, &elsewhere).await, [""; 0]);
    let here = Query { namespace: Some(arena.namespace.clone()), ..query(map.gvk()) };
    let found = names(arena, &here).await;
    assert!(
        ["nobody-s", "ours", "theirs"].iter().all(|name| found.iter().any(|found| found == name)),
        "{found:?}"
    );
    arena.foreign_edit("kubectl-label", &map, json!({"metadata": {"labels": {OWNER_LABEL: null}}})).await;
    assert_eq!(names(arena, &by_label).await, [""; 0]);
}

async fn every_object_of_many_is_seen_once(arena: &Arena) {
    let owner = owner(arena);
    let wanted: BTreeSet<String> = (0..120).map(|at| format!("m-{at:03}")).collect();
    for name in &wanted {
        arena.live(&ours(arena, name, &owner), PLAIN).await;
    }
    let all = Query { owner: Some(owner), ..query(&Gvk::new("v1", "ConfigMap")) };
    let found = names(arena, &all).await;
    assert_eq!(found.len(), 120);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
    for (limit, expect) in [(0, 0), (1, 1), (50, 50), (70, 70), (500, 120)] {
        let some = Query { limit: Some(limit), ..all.clone() };
        assert_eq!(names(arena, &some).await.len(), expect, "limit {limit}");
    }
}

async fn listed_objects_are_whole(arena: &Arena) {
    let owner = owner(arena);
    let map = ours(arena, "a", &owner);
    let applied = arena.live(&map, PLAIN).await;
    let mut found = Vec::new();
    let query = Query { owner: Some(owner), ..query(map.gvk()) };
    arena.cluster.list(&query, &mut |live| found.push(live)).await.expect("the cluster answers");
    assert_eq!(found, [applied]);
    assert!(super::arena::owned(&found[0], FIELD_MANAGER).contains(OWNER_LABEL));
}
