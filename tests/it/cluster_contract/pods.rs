//! New pods that do not do well, by the annotation that both clusters know: what the story of the demo and tests rely on.

use super::arena::{Arena, PLAIN};
use serde_json::{Value, json};
use standfast::cluster::Query;
use standfast::health::{self, News, PatienceKind, Selector};
use standfast::model::{Gvk, Health, Live, Object};

super::contract!(a_new_pod_that_crashes, a_new_pod_that_waits_for_its_image);

fn deployment(arena: &Arena, behaviour: Option<&str>) -> Object {
    let mut template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "example.com/main:1"}]},
    });
    if let Some(behaviour) = behaviour {
        template["metadata"]["annotations"] = json!({"testcluster/pod": behaviour});
    }
    arena.object("web", json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
    }))
}

/// A Deployment that is well gets a template whose pod is not, and then one whose pod is, as it was.
async fn goes_through(arena: &Arena, behaviour: &str, is_so: fn(&Live) -> bool) {
    let healthy = || async {
        let live = arena.get(&deployment(arena, None)).await.expect("it is there");
        health::judge(&live).health == Health::Current
    };
    arena.live(&deployment(arena, None), PLAIN).await;
    arena.until("the Deployment is well", healthy).await;
    let bad = deployment(arena, Some(behaviour));
    arena.live(&bad, PLAIN).await;
    let shows = || async {
        let live = arena.get(&bad).await.expect("it is there");
        let selector = Selector::of(&live).expect("it selects pods");
        let namespace = Some(arena.namespace.clone());
        let query = Query { gvk: Gvk::new("v1", "Pod"), namespace, owner: None, limit: None };
        let mut found = false;
        let mut each = |pod: Live| found |= selector.selects(&pod) && is_so(&pod);
        arena.cluster.list(&query, &mut each).await.expect("pods are served");
        found && health::judge(&live).health == Health::InProgress
    };
    arena.until("its new pod shows it", shows).await;
    let fields: Value = arena.get(&bad).await.expect("it is there").value["status"].clone();
    assert_eq!(fields["availableReplicas"], 1, "the one before still runs: {fields}");
    arena.live(&deployment(arena, None), PLAIN).await;
    arena.until("the Deployment is well again", healthy).await;
}

async fn a_new_pod_that_crashes(arena: &Arena) {
    goes_through(arena, "crash-loop", |pod| health::crash_loop(pod).is_some()).await;
}

async fn a_new_pod_that_waits_for_its_image(arena: &Arena) {
    let waits = |pod: &Live| {
        health::wait_reason(pod, &News::default()).is_some_and(|one| one.kind == PatienceKind::Image)
    };
    goes_through(arena, "image-pull", waits).await;
}
