//! The test cluster keeps what other tests build on: workloads that work or fail as their annotation says, deletions
//! that end, a log that counts requests, and data that outlives a kill.

use std::fmt::Debug;
use std::fs;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::wait::{await_condition, conditions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::cluster::{Options, TestCluster};

/// Creates an object from its manifest.
async fn create<K>(api: &Api<K>, manifest: Value) -> K
where
    K: Clone + DeserializeOwned + Serialize + Debug,
{
    let object = serde_json::from_value(manifest).expect("the manifest is of the API's kind");
    api.create(&PostParams::default(), &object).await.expect("the API server takes the manifest")
}

/// A pod template whose pods do what `behaviour` says.
fn template(behaviour: &str, restart: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": behaviour}, "annotations": {"testcluster/pod": behaviour}},
        "spec": {"restartPolicy": restart, "containers": [{"name": "main", "image": "example.com/main:1"}]},
    })
}

/// A Deployment or StatefulSet whose pods do what `behaviour` says, by that name.
fn workload(behaviour: &str) -> Value {
    json!({
        "metadata": {"name": behaviour},
        "spec": {"selector": {"matchLabels": {"app": behaviour}}, "template": template(behaviour, "Always")},
    })
}

/// The restarts of the pod's only container, and why it waits.
fn container(pod: &Pod) -> Option<(i32, Option<&str>)> {
    let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    Some((status.restart_count, waiting.and_then(|waiting| waiting.reason.as_deref())))
}

#[tokio::test]
async fn pods_do_what_their_annotation_says_and_change_with_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("behaviours").await;
    let client = cluster.client().await;
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), &namespace);
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    create(&sets, workload("crash-loop")).await;

    let crashed = |pod: Option<&Pod>| {
        pod.and_then(container)
            .is_some_and(|(restarts, why)| restarts >= 5 && why == Some("CrashLoopBackOff"))
    };
    await_condition(pods.clone(), "crash-loop-0", crashed).await.expect("it crashes");
    let heal = json!({"metadata": {"annotations": {"testcluster/pod": "run"}}});
    pods.patch("crash-loop-0", &PatchParams::default(), &Patch::Merge(heal))
        .await
        .expect("the pod takes a patch");
    let ready = |set: Option<&StatefulSet>| {
        set.and_then(|set| set.status.as_ref()?.ready_replicas).is_some_and(|ready| ready == 1)
    };
    await_condition(sets, "crash-loop", ready).await.expect("it is healed");
}

#[tokio::test]
async fn jobs_end_as_their_pods_do() {
    let Some(cluster) = TestCluster::shared() else { return };
    let jobs: Api<Job> = Api::namespaced(cluster.client().await, &cluster.namespace("jobs").await);
    for (behaviour, end) in [("succeed", "Complete"), ("fail", "Failed")] {
        let spec = json!({"backoffLimit": 0, "template": template(behaviour, "Never")});
        create(&jobs, json!({"metadata": {"name": behaviour}, "spec": spec})).await;
        let ended = |job: Option<&Job>| {
            let conditions = job.and_then(|job| job.status.as_ref()?.conditions.as_ref());
            conditions.is_some_and(|all| all.iter().any(|one| one.type_ == end && one.status == "True"))
        };
        await_condition(jobs.clone(), behaviour, ended).await.expect("the job ends");
    }
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_runs_in_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("goes").await;
    let client = cluster.client().await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
    create(&deployments, workload("run")).await;
    await_condition(deployments, "run", conditions::is_deployment_completed()).await.expect("it runs");
    let namespaces: Api<Namespace> = Api::all(client);
    namespaces.delete(&namespace, &DeleteParams::default()).await.expect("the namespace is deleted");
    let gone = |namespace: Option<&Namespace>| namespace.is_none();
    await_condition(namespaces, &namespace, gone).await.expect("the namespace goes");
}

#[tokio::test]
async fn the_audit_log_counts_each_request_once() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("audit").await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client().await, &namespace);
    create(&maps, json!({"metadata": {"name": "one"}})).await;
    create(&maps, json!({"metadata": {"name": "two"}})).await;
    maps.get("one").await.expect("it is there");

    let log = fs::read_to_string(cluster.audit_log()).expect("the log is there");
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let verbs: Vec<String> = events
        .filter(|event| {
            event["objectRef"]["namespace"] == *namespace && event["objectRef"]["resource"] == "configmaps"
        })
        .map(|event| event["verb"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(verbs, ["create", "create", "get"]);
}

#[tokio::test]
async fn a_compacted_revision_is_gone() {
    let Some(cluster) = TestCluster::own(Options { watch_cache: false, ..Options::default() }) else {
        return;
    };
    let namespace = cluster.namespace("gone").await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client().await, &namespace);
    let old = create(&maps, json!({"metadata": {"name": "one"}}))
        .await
        .metadata
        .resource_version
        .expect("it has one");
    create(&maps, json!({"metadata": {"name": "two"}})).await;
    create(&maps, json!({"metadata": {"name": "three"}})).await;
    cluster.compact();
    let mut events =
        Box::pin(maps.watch(&WatchParams::default(), &old).await.expect("the watch is answered"));
    let first =
        futures::StreamExt::next(&mut events).await.expect("there is an event").expect("it is readable");
    assert!(
        matches!(&first, WatchEvent::Error(status) if status.code == 410),
        "the first event was {first:?}"
    );
}

#[tokio::test]
async fn a_killed_cluster_comes_back_where_it_was() {
    let Some(mut cluster) = TestCluster::own(Options::default()) else { return };
    let namespace = cluster.namespace("killed").await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client().await, &namespace);
    let before = create(&maps, json!({"metadata": {"name": "kept"}})).await;
    cluster.kill_and_restart();
    let after = maps.get("kept").await.expect("the same client finds the same server");
    assert_eq!(after.metadata.uid, before.metadata.uid);
}
