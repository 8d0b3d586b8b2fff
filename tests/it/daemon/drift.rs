//! What others do to our objects is undone at once, and told with their names; what is not ours is left alone.

use super::site;
use crate::support::audit::Audit;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{config_map, deployment};
use serde_json::json;
use standfast::model::{DriftAnswer, DriftKind, Health, OWNER_LABEL};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");
const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_undone_and_told_with_manager_field_and_values() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-told").await;
    let site = site(cluster, "drift-told");
    site.repo.write("apps/app/web.yaml", deployment(&namespace, "web", "run"));
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;

    let hand = Hand::of(cluster, "kubectl-edit").await;
    hand.edit(DEPLOYMENT, Some(&namespace), "web", json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.com/theirs:1"}]}}}})).await;
    let drift = site.until_drift(|drift| drift.key.name == "web").await;
    assert_eq!((drift.kind, drift.answer), (DriftKind::Changed, DriftAnswer::Healed));
    assert_eq!(
        (drift.application.as_str(), drift.by.as_slice()),
        ("app", ["kubectl-edit".to_owned()].as_slice())
    );
    let change = &drift.changes[0];
    assert_eq!(change.path, "/spec/template/spec/containers/0/image");
    assert_eq!(change.from.as_deref(), Some("\"example.com/theirs:1\""));
    assert_eq!(change.to.as_deref(), Some("\"example.com/main:1\""));
    let image = |live: &standfast::model::Live| {
        live.value["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/main:1"
    };
    hand.until(DEPLOYMENT, &namespace, "web", image).await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_objects_and_lost_labels_come_back() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-lost").await;
    let site = site(cluster, "drift-lost");
    for name in ["deleted", "unlabelled", "emptied"] {
        site.repo.write(&format!("apps/app/{name}.yaml"), config_map(&namespace, name, "1"));
    }
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;
    let label = site.config_map(&namespace, "unlabelled").await.label(OWNER_LABEL).unwrap().to_owned();

    let hand = Hand::of(cluster, "kubectl").await;
    hand.delete(CONFIG_MAP, Some(&namespace), "deleted").await;
    let drift = site.until_drift(|drift| drift.key.name == "deleted").await;
    assert_eq!((drift.kind, drift.answer, drift.by.len()), (DriftKind::Deleted, DriftAnswer::Healed, 0));
    assert_eq!(site.value(&namespace, "deleted").await.as_deref(), Some("1"));
    // For those who watch by label, it is gone; in truth it is there without.
    hand.edit(CONFIG_MAP, Some(&namespace), "unlabelled", json!({"metadata": {"labels": null}})).await;
    let drift = site.until_drift(|drift| drift.key.name == "unlabelled").await;
    assert_eq!(drift.kind, DriftKind::Changed);
    assert_eq!(site.config_map(&namespace, "unlabelled").await.label(OWNER_LABEL), Some(label.as_str()));
    hand.edit(CONFIG_MAP, Some(&namespace), "emptied", json!({"data": null})).await;
    site.until_drift(|drift| drift.key.name == "emptied").await;
    assert_eq!(site.value(&namespace, "emptied").await.as_deref(), Some("1"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_and_what_controllers_write_costs_nothing() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-idle").await;
    let site = site(cluster, "drift-idle");
    site.repo
        .write("apps/app/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/app/web.yaml", deployment(&namespace, "web", "run"));
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;
    let mut audit = Audit::begin(cluster, &namespace).await;
    let label = site.config_map(&namespace, "a").await.label(OWNER_LABEL).unwrap().to_owned();
    audit.take(&label).await;

    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(
        CONFIG_MAP,
        Some(&namespace),
        "a",
        json!({"data": {"more": "theirs"}, "metadata": {"annotations": {"a": "b"}}}),
    )
    .await;
    // Their replicas are our field: it is not in the manifest, so it is theirs.
    hand.edit(DEPLOYMENT, Some(&namespace), "web", json!({"spec": {"replicas": 2}})).await;
    let is_scaled = |live: &standfast::model::Live| live.value["status"]["readyReplicas"] == 2;
    hand.until(DEPLOYMENT, &namespace, "web", is_scaled).await;
    // Then something that is ours: once it is healed, all before it has been seen.
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    site.until_drift(|drift| drift.key.name == "a").await;
    let asked: Vec<_> = audit.take(&label).await;
    let ours = |verb: &str| {
        asked.iter().filter(|request| request.is_of("standfast") && request.verb == verb).count()
    };
    assert_eq!((ours("list"), ours("get"), ours("patch")), (0, 1, 1), "{asked:#?}");
    let live = site.config_map(&namespace, "a").await;
    assert_eq!(live.value["data"], json!({"key": "1", "more": "theirs"}));
    assert_eq!(site.application("app").health, Health::Current);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_detect_mode_drift_is_told_and_left() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-detect").await;
    let mut site = site(cluster, "drift-detect");
    site.heals = false;
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    let drift = site.until_drift(|drift| drift.key.name == "a").await;
    assert_eq!(
        (drift.answer, drift.by.as_slice()),
        (DriftAnswer::Detected, ["kubectl".to_owned()].as_slice())
    );
    assert_eq!(site.value(&namespace, "a").await.as_deref(), Some("theirs"));
    // A new revision is applied all the same.
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "2"));
    let commit = site.commit("second");
    served.order(standfast::model::Request::Sync).await;
    site.until_last_good(&commit).await;
    assert_eq!(site.value(&namespace, "a").await.as_deref(), Some("2"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fights_is_told_once_and_healed_less_often() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-fight").await;
    let site = site(cluster, "drift-fight");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;
    let hand = Hand::of(cluster, "other-operator").await;
    let mut answers = Vec::new();
    for round in 0..5 {
        let change = json!({"data": {"key": format!("theirs {round}")}});
        hand.edit(CONFIG_MAP, Some(&namespace), "a", change).await;
        answers.push(site.until_drift(|drift| drift.key.name == "a").await.answer);
    }
    assert_eq!(answers.iter().filter(|answer| **answer == DriftAnswer::Fought).count(), 1, "{answers:?}");
    assert_eq!(answers[4], DriftAnswer::Fought);
    // From now on others are healed at once, and this one is not.
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    site.until("the next try", |status| status.phase == standfast::model::SitePhase::Steady).await;
    assert_eq!(site.value(&namespace, "a").await.as_deref(), Some("theirs"));
    served.stop().await;
}
