//! Events in the cluster about what a site changed there, on a real API server.

use crate::support::audited::clock;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, api_server, config_map};
use serde_json::{Value, json};
use standfast::model::{Change, Drift, DriftAnswer, DriftKind, Moment, ObjectKey};
use standfast::report::events::Events;
use standfast::report::{Now, Sink};
use std::process::Command;
use std::sync::{Arc, LazyLock};

/// Tells the cluster some moments, as the agent that had them would.
async fn tell(cluster: &TestCluster, own: &str, moments: &[Moment]) {
    static CLOCK: LazyLock<Now> = LazyLock::new(clock);
    let client = Arc::new(api_server(cluster.kubeconfig()));
    let events = Events::start(client, own.to_owned(), Arc::clone(&CLOCK));
    moments.iter().for_each(|moment| events.moment(moment));
    events.finish().await;
}

/// Runs a pass of the agent and tells the cluster what it did.
async fn pass(cluster: &TestCluster, own: &str, site: &TestSite) {
    let _ = site.once().await;
    tell(cluster, own, &site.told.take()).await;
}

/// Our events in a namespace about what has this name.
async fn events(hand: &Hand, namespace: &str, name: &str) -> Vec<Value> {
    let all = hand.list(("v1", "Event"), Some(namespace)).await;
    all.into_iter()
        .filter(|event| {
            event["source"]["component"] == "standfast" && event["involvedObject"]["name"] == name
        })
        .collect()
}

fn drifted(namespace: &str, name: &str) -> Moment {
    Moment::Drifted(Drift {
        key: ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        },
        application: "pos".to_owned(),
        kind: DriftKind::Changed,
        by: vec!["kubectl-edit".to_owned()],
        changes: vec![Change { path: "/data/key".to_owned(), from: None, to: None }],
        answer: DriftAnswer::Healed,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_changed_and_healed_is_told_beside_the_object() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("events").await;
    let (site, hand) = (TestSite::new(cluster, "events"), Hand::of(cluster, "kubectl").await);
    site.repo.write("a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    pass(cluster, &namespace, &site).await;
    let live = site.config_map(&namespace, "a").await;
    let [created] = events(&hand, &namespace, "a").await.try_into().unwrap();
    let revision = format!("refs/heads/main@sha1:{commit}");
    assert_eq!(
        (&created["reason"], &created["type"], &created["count"]),
        (&json!("Created"), &json!("Normal"), &json!(1))
    );
    assert_eq!(created["message"], format!("made, as {revision} says"));
    assert_eq!(
        created["involvedObject"],
        json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": namespace, "name": "a", "uid": live.uid()})
    );
    assert_eq!(created["metadata"]["labels"], Value::Null);

    // Nothing changed: nothing is written.
    pass(cluster, &namespace, &site).await;
    assert_eq!(events(&hand, &namespace, "a").await, [created.clone()]);

    // Twice the same is one event that counts.
    tell(cluster, &namespace, &[drifted(&namespace, "a")]).await;
    tell(cluster, &namespace, &[drifted(&namespace, "a"), drifted(&namespace, "a")]).await;
    let all = events(&hand, &namespace, "a").await;
    let healed = all.iter().find(|event| event["reason"] == "Healed").unwrap();
    assert_eq!((all.len(), &healed["count"], &healed["type"]), (2, &json!(3), &json!("Warning")));
    assert_eq!(healed["message"], "changed by kubectl-edit: /data/key; undone");
    assert!(healed["firstTimestamp"].as_str() < healed["lastTimestamp"].as_str());

    let cache = tempfile::tempdir().unwrap();
    let described = Command::new("kubectl")
        .env_clear()
        .args([
            "--cache-dir",
            cache.path().to_str().unwrap(),
            "--kubeconfig",
            cluster.kubeconfig().to_str().unwrap(),
            "describe",
            "configmap",
            "a",
            "-n",
            &namespace,
        ])
        .output()
        .unwrap();
    let described = String::from_utf8(described.stdout).unwrap();
    assert!(described.contains("changed by kubectl-edit: /data/key; undone"), "{described}");
    assert!(described.contains("(x3 over "), "{described}");

    // What left the fleet has no object to stand beside any more.
    site.repo.write("a.yaml", config_map(&namespace, "b", "1"));
    site.commit("a leaves");
    pass(cluster, &namespace, &site).await;
    let all = events(&hand, &namespace, "a").await;
    assert!(
        all.iter().any(|event| event["reason"] == "Pruned" && event["involvedObject"]["uid"] == Value::Null),
        "{all:#?}"
    );
    assert!(site.pass().await.is_nothing(), "events are nothing to heal or prune");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_namespace_and_what_is_many() {
    let Some(cluster) = TestCluster::shared() else { return };
    let (namespace, own) = (cluster.namespace("events-many").await, cluster.namespace("events-own").await);
    let (site, hand) = (TestSite::new(cluster, "events-many"), Hand::of(cluster, "kubectl").await);
    let role = format!("{namespace}-role");
    site.fleet("- {name: one, path: apps/one}\n- {name: many, path: apps/many}").repo.write(
        "apps/one/role.yaml",
        format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: \"{role}\"}}\nrules: []\n"),
    );
    for at in 0..12 {
        site.repo.write(&format!("apps/many/{at}.yaml"), config_map(&namespace, &format!("c{at}"), "1"));
    }
    hand.config_map(&namespace, "c0", "theirs").await;
    site.commit("first");
    let _ = site.once().await;
    let first = site.told.take();
    hand.delete(("v1", "ConfigMap"), Some(&namespace), "c0").await;
    let _ = site.once().await;
    tell(cluster, &own, &[first, site.told.take()].concat()).await;
    let [created] = events(&hand, "default", &role).await.try_into().unwrap();
    assert_eq!(created["involvedObject"]["apiVersion"], "rbac.authorization.k8s.io/v1");
    // An application that is refused in part writes nothing; then all of it came at once.
    let [many] = events(&hand, &own, "standfast-status").await.try_into().unwrap();
    assert_eq!(many["message"], "application many: 12 Created, 1 AdoptionRefused");
    assert_eq!((&many["type"], &many["reason"]), (&json!("Warning"), &json!("Changed")));
    assert_eq!(hand.list(("v1", "Event"), Some(&namespace)).await.len(), 0);
}
