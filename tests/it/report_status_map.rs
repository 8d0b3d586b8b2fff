//! The ConfigMap `standfast-status`: what `kubectl` sees of a site, and how seldom it is written.

use crate::support::audited::{clock, revision, status};
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, api_server, config_map};
use serde_json::{Value, json};
use standfast::cluster::{MemoryCluster, Write};
use standfast::model::status::Reason;
use standfast::model::{Gvk, ObjectKey, SitePhase};
use standfast::report::Sink;
use standfast::report::status_map::{NAME, StatusMap};
use std::sync::Arc;
use std::time::Duration;

fn key(namespace: &str) -> ObjectKey {
    ObjectKey {
        group: String::new(),
        kind: "ConfigMap".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: NAME.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_on_a_real_cluster_makes_it_with_its_namespace() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("status-map").await;
    let own = format!("{namespace}-own");
    let site = TestSite::new(cluster, "status-map");
    site.repo.write("a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    site.pass().await;
    let client = Arc::new(api_server(cluster.kubeconfig()));
    let map = StatusMap::start(client, own.clone(), clock());
    map.status(&site.status());
    map.finish().await;

    let live = site.get("v1", "ConfigMap", Some(&own), NAME).await.expect("it is there");
    let data = &live.value["data"];
    assert_eq!((&data["phase"], &data["site"]), (&json!("Steady"), &json!("status-map")));
    assert_eq!(data["revision"], format!("sha1:{commit}"));
    assert_eq!(data["lastContact"], json!(site.status().link.last_contact));
    let brief: Value = serde_json::from_str(data["status.json"].as_str().unwrap()).unwrap();
    assert_eq!((&brief["well"], &brief["applications"]), (&json!(1), &json!(1)));
    assert_eq!(live.value["metadata"]["labels"], Value::Null, "nothing that would let it be pruned");
    // Another agent's next pass has nothing to do with it.
    assert!(site.pass().await.is_nothing());

    // What was there of it is kept up to date, and a reason that is over goes.
    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(("v1", "ConfigMap"), Some(&own), NAME, json!({"data": {"phase": "edited"}})).await;
    let client = Arc::new(api_server(cluster.kubeconfig()));
    let map = StatusMap::start(client, own.clone(), clock());
    map.status(&status(&revision(1), SitePhase::Held));
    map.finish().await;
    let live = site.get("v1", "ConfigMap", Some(&own), NAME).await.unwrap();
    assert_eq!(live.value["data"]["phase"], "Held");
    assert_eq!(live.value["data"]["reason"], "ConflictRefused: kubectl owns it");
    assert_eq!(live.value["data"].get("lastContact"), None);
}

/// A map on a cluster in memory, in paused time.
struct Quiet {
    cluster: MemoryCluster,
    map: StatusMap,
}

impl Quiet {
    fn new() -> Self {
        let cluster = MemoryCluster::new();
        let began = tokio::time::Instant::now();
        let now = move || {
            jiff::Timestamp::from_second(1_767_225_600).unwrap()
                + jiff::SignedDuration::try_from(began.elapsed()).unwrap()
        };
        let map = StatusMap::start(Arc::new(cluster.clone()), "standfast-system".to_owned(), Arc::new(now));
        Self { cluster, map }
    }

    /// So many times the ConfigMap was written while some time went by.
    async fn writes_in(&self, seconds: u64) -> usize {
        let before = self.count();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.count() - before
    }

    fn count(&self) -> usize {
        let ours = Write::Apply(key("standfast-system"));
        self.cluster.writes().iter().filter(|write| **write == ours).count()
    }

    fn phase(&self) -> String {
        let live = self.cluster.foreign_edit(
            "nobody",
            &Gvk::new("v1", "ConfigMap"),
            &key("standfast-system"),
            &json!({}),
        );
        live.unwrap().value["data"]["phase"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_written_when_there_is_news_and_at_most_hourly_otherwise() {
    let quiet = Quiet::new();
    let mut steady = status(&revision(1), SitePhase::Steady);
    quiet.map.status(&steady);
    // The first try finds no namespace, which is made.
    assert_eq!(quiet.writes_in(60).await, 2);
    for at in 0..12 {
        steady.updated = format!("2026-01-01T00:{at:02}:00Z");
        steady.link.last_contact = Some(steady.updated.clone());
        steady.link.bytes_today += 300;
        quiet.map.status(&steady);
        assert_eq!(quiet.writes_in(300).await, 0);
    }
    quiet.map.status(&steady);
    assert_eq!(quiet.writes_in(300).await, 1, "an hour is over");
    steady.updated = "2026-01-01T02:00:00Z".to_owned();
    for _ in 0..48 {
        quiet.map.status(&steady);
        assert_eq!(quiet.writes_in(300).await, 0, "the time of the status alone is no news, however old");
    }
}

#[tokio::test(start_paused = true)]
async fn phases_that_pass_quickly_are_one_write() {
    let quiet = Quiet::new();
    quiet.map.status(&status(&revision(1), SitePhase::Steady));
    quiet.writes_in(60).await;
    for phase in [SitePhase::Verifying, SitePhase::Rendering, SitePhase::Applying, SitePhase::Settling] {
        quiet.map.status(&status(&revision(2), phase));
        assert_eq!(quiet.writes_in(0).await, 0);
    }
    assert_eq!(quiet.writes_in(60).await, 1);
    assert_eq!(quiet.phase(), "Settling");
    let mut held = status(&revision(2), SitePhase::Held);
    for at in 0..100 {
        held.reason =
            Some(Reason { code: "NotCurrent".to_owned(), message: format!("{at} of 100 replicas") });
        quiet.map.status(&held);
        quiet.writes_in(5).await;
    }
    assert_eq!(quiet.count(), 4, "words alone are no news");
    quiet.map.status(&status(&revision(2), SitePhase::Steady));
    quiet.map.finish().await;
    assert_eq!(quiet.phase(), "Steady", "the last word is written before the agent ends");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_is_asked_once_a_minute() {
    let quiet = Quiet::new();
    quiet.cluster.refuse(&key("standfast-system"), Some("not now"));
    quiet.map.status(&status(&revision(1), SitePhase::Steady));
    let tried = quiet.writes_in(600).await;
    assert!((9..=12).contains(&tried), "{tried} times in ten minutes");
    quiet.cluster.refuse(&key("standfast-system"), None);
    quiet.writes_in(70).await;
    assert_eq!(quiet.phase(), "Steady");
}
