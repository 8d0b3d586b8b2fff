//! Whatever happens to the API server and to watches: what drifted meanwhile is healed once they are back.

use super::NO_QUIET;
use crate::support::cluster::{Options, TestCluster};
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;
use standfast::agent::Stay;

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

/// Older servers do not stream their lists: watches begin with pages there.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_stream_lists_is_followed_by_pages() {
    let Some(cluster) = TestCluster::own(Options { streams: false, ..Options::default() }) else { return };
    let namespace = cluster.namespace("paged").await;
    let mut site = TestSite::new(&cluster, "paged");
    site.stay = Stay::Forever;
    site.fleet_with(NO_QUIET, "- {name: app, path: apps/app}");
    let maps = (0..120).map(|at| config_map(&namespace, &format!("m{at}"), "1"));
    site.repo.write("apps/app/maps.yaml", maps.collect::<Vec<_>>().join("---\n"));
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;
    let hand = Hand::of(&cluster, "kubectl").await;
    for name in ["m0", "m119"] {
        hand.edit(CONFIG_MAP, Some(&namespace), name, json!({"data": {"key": "theirs"}})).await;
        hand.until(CONFIG_MAP, &namespace, name, |live| live.value["data"]["key"] == "1").await;
    }
    served.stop().await;
    let log = std::fs::read_to_string(cluster.audit_log()).unwrap();
    assert!(
        log.contains("sendInitialEvents=true") && log.contains("limit=50"),
        "asked for, refused, and done without"
    );
}

/// On a server that forgets: a watch that breaks off finds its revision `410 Gone`. Then the server is killed and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_and_forgets_is_followed_again() {
    let Some(mut cluster) = TestCluster::own(Options { watch_cache: false, ..Options::default() }) else {
        return;
    };
    let namespace = cluster.namespace("watch-loss").await;
    let mut site = TestSite::new(&cluster, "watch-loss");
    site.stay = Stay::Forever;
    site.fleet_with(NO_QUIET, "- {name: app, path: apps/app}");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let served = site.serve();
    site.until_last_good(&commit).await;
    for round in 0..2 {
        let hand = Hand::of(&cluster, "kubectl").await;
        hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": format!("theirs {round}")}}))
            .await;
        site.until_drift(|drift| drift.key.name == "a").await;
        cluster.compact();
        cluster.kill_and_restart();
        // Somebody is faster than the watches.
        let hand = Hand::of(&cluster, "kubectl").await;
        hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": format!("after {round}")}}))
            .await;
        let healed = |live: &standfast::model::Live| live.value["data"]["key"] == "1";
        hand.until(CONFIG_MAP, &namespace, "a", healed).await;
        site.until("all is well again", |status| status.reason.is_none()).await;
    }
    served.stop().await;
}
