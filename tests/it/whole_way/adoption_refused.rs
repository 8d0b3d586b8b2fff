//! An object that is there and not ours is left and named, and its application writes nothing.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use standfast::model::{ApplicationPhase, OWNER_LABEL};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_somebody_else_made_is_left_and_its_application_writes_nothing() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("adoption").await;
    let site = TestSite::new(cluster, "adoption");
    let hand = Hand::of(cluster, "helm").await;
    hand.config_map(&namespace, "b", "theirs").await;
    site.fleet("- {name: held, path: apps/held}\n- {name: free, path: apps/free}")
        .repo
        .write("apps/held/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/held/b.yaml", config_map(&namespace, "b", "1"))
        .write(
            "apps/held/ns.yaml",
            format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}-more}}\n"),
        )
        .write("apps/free/c.yaml", config_map(&namespace, "c", "1"));
    site.commit("first");

    let b = format!("ConfigMap {namespace}/b");
    // Whether it is the first pass or a later one that has it in its inventory.
    for created in [vec![format!("ConfigMap {namespace}/c")], vec![]] {
        let failed = site.fail().await;
        failed.only("AdoptionRefused", &["application held", &b, "helm", "Delete it"]);
        assert_eq!(failed.changed.created, created);
        assert_eq!(site.value(&namespace, "a").await, None);
        assert_eq!(site.value(&namespace, "b").await.unwrap(), "theirs");
        assert!(site.get("v1", "Namespace", None, &format!("{namespace}-more")).await.is_none());
        let held = site.application("held");
        assert_eq!((held.phase, held.last_good), (ApplicationPhase::Held, None));
        assert_eq!(site.application("free").phase, ApplicationPhase::Steady);
        assert_eq!(site.status().revision.last_good, None);
    }

    // The way out that the message names.
    hand.delete(CONFIG_MAP, Some(&namespace), "b").await;
    let changed = site.pass().await;
    assert_eq!(changed.created.len(), 3, "{changed:?}");
    assert_eq!(site.value(&namespace, "b").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_another_site_is_left_and_its_label_named() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("adoption-site").await;
    let (one, two) = (TestSite::new(cluster, "adoption-one"), TestSite::new(cluster, "adoption-two"));
    one.repo.write("a.yaml", config_map(&namespace, "a", "one"));
    one.commit("first");
    one.pass().await;
    let label = one.config_map(&namespace, "a").await.label(OWNER_LABEL).unwrap().to_owned();

    two.repo
        .write("a.yaml", config_map(&namespace, "a", "two"))
        .write("b.yaml", config_map(&namespace, "b", "two"));
    two.commit("first");
    for _ in 0..2 {
        two.fail().await.only("AdoptionRefused", &["another site", &label]);
        assert_eq!(two.value(&namespace, "a").await.unwrap(), "one");
        assert_eq!(two.value(&namespace, "b").await, None);
    }
    // What was refused and is taken out again is not pruned: it never was ours.
    two.repo.remove("a.yaml");
    two.commit("second");
    two.pass().await;
    assert_eq!(one.value(&namespace, "a").await.unwrap(), "one");
    assert!(one.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_ours_and_was_made_anew_by_another_is_left() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("adoption-anew").await;
    let site = TestSite::new(cluster, "adoption-anew");
    site.repo
        .write("a.yaml", config_map(&namespace, "a", "1"))
        .write("b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    site.pass().await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.delete(CONFIG_MAP, Some(&namespace), "a").await;
    hand.config_map(&namespace, "a", "theirs").await;
    site.fail().await.only("AdoptionRefused", &[&format!("ConfigMap {namespace}/a"), "kubectl"]);
    // And it is not pruned when it leaves the fleet, for nothing on it is ours.
    site.repo.remove("a.yaml");
    site.commit("second");
    site.pass().await;
    assert_eq!(site.value(&namespace, "a").await.unwrap(), "theirs");
}
