//! Without a link all goes on but pulling, from this site's own disk.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use serde_json::json;
use standfast::cluster::MemoryCluster;
use standfast::model::SitePhase;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn last_good_is_healed_after_a_boot_without_a_link() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("offline").await;
    let mut site = TestSite::new(cluster, "offline");
    site.fleet("- {name: one, path: apps/one}")
        .repo
        .write("apps/one/a.yaml", config_map(&namespace, "a", "1"));
    let first = site.commit("first");
    site.pass().await;

    site.go_offline();
    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(("v1", "ConfigMap"), Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    let failed = site.fail().await;
    failed.only("Unreachable", &["localhost:1"]);
    assert_eq!(failed.changed.healed, [format!("ConfigMap {namespace}/a")]);
    let status = site.status();
    assert_eq!((status.phase, status.reason), (SitePhase::Steady, None), "the site itself is well");
    assert_eq!((status.revision.applied, status.revision.last_good), (revision(&first), revision(&first)));
    assert!(status.link.reason.unwrap().message.contains("localhost:1"));

    site.mirror = None;
    site.repo.write("apps/one/a.yaml", config_map(&namespace, "a", "2"));
    site.commit("second");
    assert_eq!(site.pass().await.configured.len(), 1);
    assert_eq!(site.status().link.reason, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_never_had_a_link_says_so() {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), "offline-new");
    site.go_offline();
    let failed = site.fail().await;
    failed.only("Unreachable", &["localhost:1"]);
    assert!(failed.changed.is_nothing());
    let status = site.status();
    assert_eq!((status.phase, status.revision.accepted), (SitePhase::Pending, None));
    assert!(status.reason.unwrap().message.contains("localhost:1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_and_not_fetched_whole_comes_with_the_link() {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), "offline-half");
    site.fleet("- {name: one, path: apps/one}")
        .repo
        .write("apps/one/a.yaml", config_map("default", "a", "1"));
    let first = site.commit("first");
    site.pass().await;
    // A revision of which the site, so far, has needed nothing but what it has.
    site.fleet(
        "- {name: one, path: apps/one}\n- {name: two, path: apps/two, sites: {matchLabels: {tier: store}}}",
    )
    .repo
    .write("apps/two/b.yaml", config_map("default", "b", "1"));
    let second = site.commit("second");
    site.pass().await;
    site.go_offline();
    let failed = site.fail().await;
    failed.only("Unreachable", &[]);
    assert_eq!(site.status().revision.last_good, revision(&second), "{first}");
}
