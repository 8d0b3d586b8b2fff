//! An object whose deletion waits for a finalizer stays known until it is gone, holds up nothing else, and is made anew only then.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

#[tokio::test(flavor = "multi_thread")]
async fn it_is_terminating_until_the_finalizer_goes() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("finalizer").await;
    let site = TestSite::new(cluster, "finalizer");
    let hand = Hand::of(cluster, "keeper").await;
    site.repo
        .write("a.yaml", config_map(&namespace, "a", "1"))
        .write("b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    site.pass().await;
    hand.finalize(CONFIG_MAP, Some(&namespace), "b", &["example.com/hold"]).await;
    assert!(site.pass().await.is_nothing(), "a finalizer is no drift");

    site.repo.remove("b.yaml").write("a.yaml", config_map(&namespace, "a", "2"));
    let second = site.commit("second");
    let changed = site.pass().await;
    assert_eq!((changed.terminating, changed.deleted), (vec![format!("ConfigMap {namespace}/b")], vec![]));
    assert_eq!(site.value(&namespace, "a").await.unwrap(), "2");
    assert_eq!(site.status().revision.last_good, Some(format!("refs/heads/main@sha1:{second}")));
    assert!(site.config_map(&namespace, "b").await.is_terminating());

    // Wanted again before it is gone: its application waits, and says for what.
    site.repo.write("b.yaml", config_map(&namespace, "b", "2"));
    site.commit("third");
    site.fail().await.only("ObjectTerminating", &[&format!("ConfigMap {namespace}/b")]);
    assert_eq!(site.value(&namespace, "b").await.unwrap(), "1");
    let old = site.config_map(&namespace, "b").await.uid().to_owned();
    hand.finalize(CONFIG_MAP, Some(&namespace), "b", &[]).await;
    assert_eq!(site.pass().await.created, [format!("ConfigMap {namespace}/b")]);
    assert_ne!(site.config_map(&namespace, "b").await.uid(), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_forgotten_once_it_is_gone_and_somebody_elses_of_that_name_is_not_deleted() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("finalizer-gone").await;
    let site = TestSite::new(cluster, "finalizer-gone");
    let hand = Hand::of(cluster, "keeper").await;
    site.repo
        .write("a.yaml", config_map(&namespace, "a", "1"))
        .write("b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    site.pass().await;
    hand.finalize(CONFIG_MAP, Some(&namespace), "b", &["example.com/hold"]).await;
    site.repo.remove("b.yaml");
    site.commit("second");
    assert_eq!(site.pass().await.terminating, [format!("ConfigMap {namespace}/b")]);
    assert!(site.pass().await.is_nothing(), "it is not deleted again, nor waited for");

    hand.finalize(CONFIG_MAP, Some(&namespace), "b", &[]).await;
    hand.config_map(&namespace, "b", "theirs").await;
    assert!(site.pass().await.is_nothing());
    assert_eq!(site.value(&namespace, "b").await.unwrap(), "theirs");
}
