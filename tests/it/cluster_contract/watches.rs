//! Following what carries our label.

use super::arena::{Arena, PLAIN, changed};
use super::queries::owner;
use futures::StreamExt;
use serde_json::json;
use standfast::cluster::{Watch, Watched};
use standfast::model::{FIELD_MANAGER, Gvk, Live, OWNER_LABEL, Object, OwnerLabel};

super::contract!(
    a_watch_begins_with_all_that_is_there,
    changes_are_told_as_they_come,
    what_loses_its_label_is_gone_for_who_watches,
    a_kind_that_is_not_served_has_nothing_to_follow,
);

fn ours(arena: &Arena, name: &str, owner: &OwnerLabel) -> Object {
    changed(&arena.map(name, json!({"k": "v"})), |manifest| {
        manifest["metadata"]["labels"] = json!({OWNER_LABEL: owner.as_str()});
    })
}

async fn begin(arena: &Arena, owner: &OwnerLabel) -> Watch {
    arena.cluster.watch(&Gvk::new("v1", "ConfigMap"), owner).await.expect("it is served")
}

/// The next thing that is told, in short: `seen a`.
async fn next(watch: &mut Watch) -> String {
    let short = |word: &str, live: &Live| {
        assert_eq!(live.gvk, Gvk::new("v1", "ConfigMap"));
        assert_eq!((&live.value["apiVersion"], &live.value["kind"]), (&json!("v1"), &json!("ConfigMap")));
        format!("{word} {}", live.key().name)
    };
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), watch.next()).await;
    match told.expect("something is told") {
        None => "end".to_owned(),
        Some(Watched::Begun) => "begun".to_owned(),
        Some(Watched::Complete) => "complete".to_owned(),
        Some(Watched::Seen(live)) => short("seen", &live),
        Some(Watched::Gone(live)) => short("gone", &live),
        Some(Watched::Broken(error)) => panic!("{error}"),
    }
}

async fn a_watch_begins_with_all_that_is_there(arena: &Arena) {
    let (owner, other) = (owner(arena), owner(arena));
    arena.live(&ours(arena, "a", &owner), PLAIN).await;
    arena.live(&ours(arena, "b", &other), PLAIN).await;
    arena.live(&arena.map("c", json!({})), PLAIN).await;
    let mut watch = begin(arena, &owner).await;
    assert_eq!(next(&mut watch).await, "begun");
    let Some(Watched::Seen(live)) = watch.next().await else { panic!("it is there") };
    assert_eq!(live.key().name, "a");
    assert_eq!(live.value["metadata"]["managedFields"][0]["manager"], FIELD_MANAGER);
    assert_eq!(next(&mut watch).await, "complete");
}

async fn changes_are_told_as_they_come(arena: &Arena) {
    let owner = owner(arena);
    let mut watch = begin(arena, &owner).await;
    assert_eq!((next(&mut watch).await, next(&mut watch).await), ("begun".into(), "complete".into()));
    let object = ours(arena, "a", &owner);
    arena.live(&object, PLAIN).await;
    assert_eq!(next(&mut watch).await, "seen a");
    arena.foreign_edit("kubectl", &object, json!({"data": {"k": "w"}})).await;
    let Some(Watched::Seen(live)) = watch.next().await else { panic!("it changed") };
    assert_eq!(live.value["data"]["k"], "w");
    arena.foreign_delete(&object).await;
    assert_eq!(next(&mut watch).await, "gone a");
    arena.live(&object, PLAIN).await;
    assert_eq!(next(&mut watch).await, "seen a");
}

async fn what_loses_its_label_is_gone_for_who_watches(arena: &Arena) {
    let owner = owner(arena);
    let object = ours(arena, "a", &owner);
    arena.live(&object, PLAIN).await;
    let mut watch = begin(arena, &owner).await;
    for expected in ["begun", "seen a", "complete"] {
        assert_eq!(next(&mut watch).await, expected);
    }
    arena.foreign_edit("kubectl", &object, json!({"metadata": {"labels": {OWNER_LABEL: null}}})).await;
    assert_eq!(next(&mut watch).await, "gone a");
    assert!(arena.get(&object).await.is_some(), "it is still there");
}

async fn a_kind_that_is_not_served_has_nothing_to_follow(arena: &Arena) {
    let gvk = Gvk::new("never.example.com/v1", "Never");
    let mut watch = arena.cluster.watch(&gvk, &owner(arena)).await.expect("that is no error");
    for expected in ["begun", "complete", "end"] {
        assert_eq!(next(&mut watch).await, expected);
    }
}
