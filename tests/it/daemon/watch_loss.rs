//! Whatever happens to the API server and to watches: what drifted meanwhile is healed once they are back.

use super::NO_QUIET;
use crate::support::cluster::{Options, TestCluster};
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;
use standfast::agent::Stay;

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

/// On a server that forgets: a watch that breaks off finds its revision `410 Gone`. Then the server is killed and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_and_forgets_is_followed_again() {
    let Some(mut cluster) = TestCluster::own(Options { watch_cache: false }) else { return };
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
