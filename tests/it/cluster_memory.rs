//! What tests and the demo can make the cluster in memory do.

use serde_json::json;
use standfast::cluster::{Applied, ApplyMode, Cluster, Fault, MemoryCluster, Query, Write};
use standfast::model::{Classify, ErrorClass, Object};

const PLAIN: ApplyMode = ApplyMode { dry_run: false, force: false, create_only: false };
const DRY: ApplyMode = ApplyMode { dry_run: true, ..PLAIN };

fn map(name: &str) -> Object {
    let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {"k": "v"}});
    Object::new(manifest).unwrap()
}

fn deployment(replicas: i32) -> Object {
    Object::new(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}}))
    .unwrap()
}

async fn live(cluster: &MemoryCluster, object: &Object) -> standfast::model::Live {
    match cluster.apply(object, PLAIN).await.unwrap() {
        Applied::Live(live) => live,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn writes_are_counted_apart_from_other_requests() {
    let cluster = MemoryCluster::new();
    let uid = live(&cluster, &map("a")).await.uid().to_owned();
    cluster.apply(&map("b"), DRY).await.unwrap();
    cluster.get(map("a").gvk(), &map("a").key()).await.unwrap();
    cluster.foreign_create("kubectl", &map("c").value()).unwrap();
    live(&cluster, &map("a")).await;
    cluster.delete(map("a").gvk(), &map("a").key(), &uid).await.unwrap();
    let a = map("a").key();
    assert_eq!(cluster.writes(), [Write::Apply(a.clone()), Write::Apply(a.clone()), Write::Delete(a)]);
    assert_eq!(cluster.requests(), 5);
}

#[tokio::test]
async fn a_status_that_is_set_stays() {
    let cluster = MemoryCluster::new();
    let ready = |live: &standfast::model::Live| live.value["status"]["readyReplicas"].as_i64();
    assert_eq!(ready(&live(&cluster, &deployment(2)).await), Some(2));
    let stuck = json!({"readyReplicas": 1, "observedGeneration": 1});
    let web = deployment(2);
    cluster.set_status(web.gvk(), &web.key(), Some(stuck));
    let seen = cluster.get(web.gvk(), &web.key()).await.unwrap().unwrap();
    assert_eq!(ready(&seen), Some(1));
    assert_eq!(ready(&live(&cluster, &deployment(3)).await), Some(1));
    cluster.set_status(web.gvk(), &web.key(), None);
    let seen = cluster.get(web.gvk(), &web.key()).await.unwrap().unwrap();
    assert_eq!(ready(&seen), Some(3));
}

#[tokio::test]
async fn an_object_is_refused_when_told_so() {
    let cluster = MemoryCluster::new();
    cluster.refuse(&map("a").key(), Some("policy says no"));
    for mode in [PLAIN, DRY] {
        assert_eq!(
            cluster.apply(&map("a"), mode).await.unwrap(),
            Applied::Refused("policy says no".to_owned())
        );
    }
    live(&cluster, &map("b")).await;
    cluster.refuse(&map("a").key(), None);
    live(&cluster, &map("a")).await;
}

/// Applies a, b and c, each once, under a fault; which calls succeed, and what is there afterwards.
#[tokio::test]
async fn faults_come_where_they_are_set() {
    let cases = [
        (None, [true, true, true], "abc", false),
        (Some(Fault::Lost(1)), [true, false, true], "ac", true),
        (Some(Fault::Unanswered(1)), [true, false, true], "abc", true),
        (Some(Fault::Cut(1)), [true, false, false], "a", true),
        (Some(Fault::Lost(3)), [true, true, true], "abc", false),
    ];
    for (fault, succeed, there, came_up) in cases {
        let cluster = MemoryCluster::new();
        cluster.set_fault(fault);
        for (name, succeeds) in ["a", "b", "c"].into_iter().zip(succeed) {
            let applied = cluster.apply(&map(name), PLAIN).await;
            assert_eq!(applied.is_ok(), succeeds, "{fault:?} {name}");
            assert!(applied.err().is_none_or(|error| error.class() == ErrorClass::Transient));
        }
        assert_eq!(cluster.set_fault(None), came_up, "{fault:?}");
        let mut found = String::new();
        let maps = Query { gvk: map("a").gvk().clone(), namespace: None, owner: None, limit: None };
        cluster.list(&maps, &mut |live| found.push_str(&live.key().name)).await.unwrap();
        assert_eq!(found, there, "{fault:?}");
    }
}
