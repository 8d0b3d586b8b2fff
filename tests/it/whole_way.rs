//! The main job, end to end: a signed commit reaches a real API server.

use crate::support::cluster::TestCluster;
use crate::support::site::TestSite;
use standfast::model::SitePhase;

fn config_map(namespace: &str, name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata: {{key: {value:?}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_commit_is_pulled_proven_rendered_and_applied() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("whole-way").await;
    let site = TestSite::new(cluster, "whole-way");
    site.repo
        .write("a.yaml", config_map(&namespace, "a", "one"))
        .write("b.yaml", config_map(&namespace, "b", "one"));
    let tip = site.commit("first");

    let changed = site.pass().await;
    assert_eq!(changed.created, [format!("ConfigMap {namespace}/a"), format!("ConfigMap {namespace}/b")]);
    let live = site.get("v1", "ConfigMap", Some(&namespace), "a").await.unwrap();
    assert_eq!(live.value["data"]["key"], "one");
    let status = site.status();
    assert_eq!(status.phase, SitePhase::Steady);
    assert_eq!(status.revision.last_good, Some(format!("refs/heads/main@sha1:{tip}")));
    assert_eq!(status.trust.unwrap().begins, tip);

    let changed = site.pass().await;
    assert!(changed.is_nothing(), "{changed:?}");

    site.repo.write("a.yaml", config_map(&namespace, "a", "two")).remove("b.yaml");
    site.commit("second");
    let changed = site.pass().await;
    assert_eq!(changed.configured, [format!("ConfigMap {namespace}/a")]);
    assert_eq!(changed.deleted, [format!("ConfigMap {namespace}/b")]);
    assert!(site.get("v1", "ConfigMap", Some(&namespace), "b").await.is_none());
}
