//! Long lists on a real API server: pages that are too large, and pages that come too late.

use crate::support::cluster::{Options, TestCluster};
use crate::support::site::api_server;
use serde_json::json;
use standfast::cluster::{Applied, ApplyMode, Cluster, Kube, Query};
use standfast::model::{Gvk, Object};
use std::collections::BTreeSet;

const CREATE: ApplyMode = ApplyMode { dry_run: false, force: false, create_only: true };

async fn create(kube: &Kube, namespace: &str, name: &str, size: usize) {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
        "data": {"k": "x".repeat(size)}});
    let applied = kube.apply(&Object::new(map).unwrap(), CREATE).await.unwrap();
    assert!(matches!(applied, Applied::Live(_)), "{applied:?}");
}

fn all_of(namespace: &str) -> Query {
    let namespace = Some(namespace.to_owned());
    Query { gvk: Gvk::new("v1", "ConfigMap"), namespace, owner: None, limit: None }
}

/// A page may be as large as the objects in it: beyond 16 MiB smaller ones are asked for.
#[tokio::test]
async fn large_objects_come_in_small_pages() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("large").await;
    let kube = api_server(cluster.kubeconfig());
    for at in 0..20 {
        create(&kube, &namespace, &format!("m{at}"), 1_000_000).await;
    }
    let mut names = Vec::new();
    kube.list(&all_of(&namespace), &mut |live| names.push(live.key().name)).await.unwrap();
    names.retain(|name| name.starts_with('m'));
    assert_eq!(names.len(), 20);
}

/// The server forgets the revision of the first page before the second is asked for, and offers to go on from another.
#[tokio::test]
async fn a_list_survives_that_its_revision_is_forgotten() {
    let Some(cluster) = TestCluster::own(Options { watch_cache: false, ..Options::default() }) else {
        return;
    };
    let namespace = cluster.namespace("late").await;
    let kube = api_server(cluster.kubeconfig());
    let before: BTreeSet<String> = (0..150).map(|at| format!("m-{at:03}")).collect();
    for name in &before {
        create(&kube, &namespace, name, 1).await;
    }
    let mut found = Vec::new();
    let mut each = |live: standfast::model::Live| {
        if found.is_empty() {
            write_and_compact(&cluster, &namespace);
        }
        found.push(live.key().name);
    };
    kube.list(&all_of(&namespace), &mut each).await.unwrap();
    let seen: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(seen.len(), found.len(), "nothing is seen twice");
    assert!(before.is_subset(&seen), "what was there all the time is seen");
    assert!(seen.contains("z-2"), "the second page is of a later moment: the token had expired");
}

/// On a thread of its own, for the list's closure is not async.
fn write_and_compact(cluster: &TestCluster, namespace: &str) {
    let write = async || {
        let kube = api_server(cluster.kubeconfig());
        for name in ["z-1", "z-2"] {
            create(&kube, namespace, name, 1).await;
        }
    };
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(write());
    };
    std::thread::scope(|scope| scope.spawn(run).join()).expect("the writes go well");
    cluster.compact();
}
