//! What leaves the fleet is deleted, if it is ours and nobody said that it stays.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;
use standfast::model::{Moment, OWNER_LABEL};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_does_not_prune_keeps_what_leaves_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("prune-false").await;
    let site = TestSite::new(cluster, "prune-false");
    site.fleet("- {name: kept, path: apps/kept, prune: false}\n- {name: pruned, path: apps/pruned}");
    for name in ["kept", "pruned"] {
        site.repo
            .write(&format!("apps/{name}/a.yaml"), config_map(&namespace, &format!("{name}-a"), "1"))
            .write(&format!("apps/{name}/b.yaml"), config_map(&namespace, &format!("{name}-b"), "1"));
    }
    site.commit("first");
    site.pass().await;
    site.repo.remove("apps/kept/a.yaml").remove("apps/pruned/a.yaml");
    site.commit("second");
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/pruned-a")]);
    assert!(site.value(&namespace, "kept-a").await.is_some());

    // The same when all of it leaves.
    site.fleet("- {name: pruned, path: apps/pruned}");
    site.commit("third");
    assert_eq!(site.pass().await.deleted, Vec::<String>::new());
    assert!(site.value(&namespace, "kept-b").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_kept_on_removal_stays_and_may_come_back() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("prune-keep").await;
    let site = TestSite::new(cluster, "prune-keep");
    let (with, without) = (
        "- {name: kept, path: apps/kept, onRemoval: keep}\n- {name: other, path: apps/other}",
        "- {name: other, path: apps/other}",
    );
    site.fleet(with)
        .repo
        .write("apps/kept/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/kept/b.yaml", config_map(&namespace, "b", "1"))
        .write("apps/other/c.yaml", config_map(&namespace, "c", "1"));
    site.commit("first");
    site.pass().await;

    site.repo.remove("apps/kept/b.yaml");
    site.commit("an object leaves an application that stays");
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/b")]);

    site.fleet(without);
    site.commit("the application leaves");
    assert!(site.pass().await.is_nothing());
    let uid = site.config_map(&namespace, "a").await.uid().to_owned();
    let hand = Hand::of(cluster, "kubectl-edit").await;
    hand.edit(("v1", "ConfigMap"), Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    assert!(site.pass().await.is_nothing(), "it is healed no longer");

    site.fleet(with).repo.write("apps/kept/a.yaml", config_map(&namespace, "a", "2"));
    site.commit("and comes back");
    site.fail().await.only("ConflictRefused", &["kubectl-edit", ".data.key"]);
    hand.apply(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}}),
    )
    .await;
    let live = site.config_map(&namespace, "a").await;
    assert_eq!(live.uid(), uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_no_longer_targets_the_site_is_pruned() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("prune-target").await;
    let site = TestSite::new(cluster, "emea/prune-target");
    let labels = |tier: &str| {
        format!(
            "apiVersion: standfast.dev/v1alpha1\nkind: Site\nmetadata: {{name: emea/prune-target}}\nlabels: {{tier: {tier}}}\n"
        )
    };
    site.fleet("- {name: store, path: apps/store, sites: {matchLabels: {tier: store}}}\n- {name: all, path: apps/all}")
        .repo
        .write("sites/emea/prune-target.yaml", labels("store"))
        .write("apps/store/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/all/b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    assert_eq!(site.pass().await.created.len(), 2);
    site.repo.write("sites/emea/prune-target.yaml", labels("depot"));
    site.commit("second");
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/a")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_bears_all_of_our_marks_is_deleted() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("prune-marks").await;
    let site = TestSite::new(cluster, "prune-marks");
    for name in ["stays", "unlabelled", "controlled", "goes"] {
        site.repo.write(&format!("{name}.yaml"), config_map(&namespace, name, "1"));
    }
    site.commit("first");
    site.pass().await;
    let stays = site.config_map(&namespace, "stays").await;
    let (label, uid) = (stays.label(OWNER_LABEL).unwrap(), stays.uid());
    // A controller's copy of our object, label and all, is not ours.
    let hand = Hand::of(cluster, "copier").await;
    hand.apply(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "copy", "namespace": namespace, "labels": {OWNER_LABEL: label}}, "data": {"key": "1"},
    }))
    .await;
    let kind = ("v1", "ConfigMap");
    hand.edit(kind, Some(&namespace), "unlabelled", json!({"metadata": {"labels": null}})).await;
    let owner =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "stays", "uid": uid, "controller": true}]);
    hand.edit(kind, Some(&namespace), "controlled", json!({"metadata": {"ownerReferences": owner}})).await;

    for name in ["unlabelled", "controlled", "goes"] {
        site.repo.remove(&format!("{name}.yaml"));
    }
    site.commit("second");
    let agent = site.once().await;
    assert_eq!(agent, standfast::agent::Ending::Done);
    let moments = site.told.take();
    let changed = crate::support::site::Changed::of(&moments);
    assert_eq!(changed.deleted, [format!("ConfigMap {namespace}/goes")]);
    for name in ["copy", "unlabelled", "controlled"] {
        assert!(site.value(&namespace, name).await.is_some(), "{name}");
    }
    for (name, why) in [("unlabelled", "owner label"), ("controlled", "controller")] {
        let says = |moment: &Moment| matches!(moment, Moment::Note(text) if text.contains(name) && text.contains(why));
        assert!(moments.iter().any(says), "{moments:#?}");
    }
}
