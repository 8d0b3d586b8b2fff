//! What others change, take away or delete is as signed again after the next pass; what they add is theirs.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map, deployment};
use serde_json::{Value, json};
use standfast::model::{APPLICATION_ANNOTATION, OWNER_LABEL};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

#[tokio::test(flavor = "multi_thread")]
async fn fields_labels_and_whole_objects_come_back() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift").await;
    let site = TestSite::new(cluster, "drift");
    let names = ["changed", "emptied", "unlabelled", "unannotated", "added", "deleted", "same"];
    names.iter().for_each(|name| {
        site.repo.write(&format!("{name}.yaml"), config_map(&namespace, name, "1"));
    });
    site.commit("first");
    site.pass().await;
    let label = site.config_map(&namespace, "same").await.label(OWNER_LABEL).unwrap().to_owned();

    let hand = Hand::of(cluster, "kubectl-edit").await;
    let edit = |name, change: Value| hand.edit(CONFIG_MAP, Some(&namespace), name, change);
    edit("changed", json!({"data": {"key": "theirs"}})).await;
    edit("emptied", json!({"data": null})).await;
    edit("unlabelled", json!({"metadata": {"labels": null}})).await;
    edit("unannotated", json!({"metadata": {"annotations": {APPLICATION_ANNOTATION: null}}})).await;
    edit("added", json!({"data": {"more": "theirs"}, "metadata": {"labels": {"more": "theirs"}}})).await;
    hand.delete(CONFIG_MAP, Some(&namespace), "deleted").await;

    let changed = site.pass().await;
    let healed: Vec<_> = ["changed", "emptied", "unannotated", "unlabelled"]
        .map(|name| format!("ConfigMap {namespace}/{name}"))
        .into();
    assert_eq!((changed.healed, changed.created), (healed, vec![format!("ConfigMap {namespace}/deleted")]));
    for name in names {
        let live = site.config_map(&namespace, name).await;
        assert_eq!(live.value["data"]["key"], "1", "{name}");
        assert_eq!(live.label(OWNER_LABEL), Some(label.as_str()), "{name}");
        assert_eq!(live.annotation(APPLICATION_ANNOTATION), Some("default"), "{name}");
    }
    assert_eq!(site.config_map(&namespace, "added").await.value["data"]["more"], "theirs");
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_healed_while_the_newest_revision_cannot_be_rendered() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-broken").await;
    let site = TestSite::new(cluster, "drift-broken");
    site.repo.write("a.yaml", config_map(&namespace, "a", "1"));
    let good = site.commit("good");
    site.pass().await;
    site.repo.write("a.yaml", config_map(&namespace, "a", "2")).write("b.yaml", "kind: [");
    let bad = site.commit("bad");
    Hand::of(cluster, "kubectl")
        .await
        .edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}}))
        .await;

    let failed = site.fail().await;
    failed.only("RenderFailed", &["b.yaml"]);
    assert_eq!(failed.changed.healed, [format!("ConfigMap {namespace}/a")]);
    assert_eq!(site.value(&namespace, "a").await.unwrap(), "1");
    let revisions = site.status().revision;
    let named = |commit: &str| Some(format!("refs/heads/main@sha1:{commit}"));
    assert_eq!(
        (revisions.accepted, revisions.applied, revisions.last_good),
        (named(&bad), named(&good), named(&good))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manifest_leaves_open_is_for_others_to_say() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("drift-open").await;
    let site = TestSite::new(cluster, "drift-open");
    site.repo.write("web.yaml", deployment(&namespace, "web", "run"));
    site.commit("first");
    site.pass().await;
    let kind = ("apps/v1", "Deployment");
    let hand = Hand::of(cluster, "somebody").await;
    hand.edit(kind, Some(&namespace), "web", json!({"spec": {"replicas": 2}})).await;
    assert!(site.pass().await.is_nothing(), "the manifest says nothing of replicas");

    // Somebody's sidecar stays, and our own container is as signed again.
    let sidecar = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.com/other:1"}, {"name": "sidecar", "image": "example.com/sidecar:1"}]}}},
    });
    hand.apply(sidecar).await;
    assert_eq!(site.pass().await.healed, [format!("Deployment.apps {namespace}/web")]);
    let live = site.get("apps/v1", "Deployment", Some(&namespace), "web").await.unwrap();
    let containers = live.value["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let images: Vec<_> = containers.iter().map(|container| container["image"].as_str().unwrap()).collect();
    assert_eq!(images, ["example.com/main:1", "example.com/sidecar:1"]);
    assert_eq!(live.value["spec"]["replicas"], 2);
    assert!(site.pass().await.is_nothing());
}
