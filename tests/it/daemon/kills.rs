//! `kill -9` at any moment: whatever the agent was doing, the next one ends where the first would have.
//!
//! Twenty kills, or as many as `STANDFAST_KILLS` says:
//! `STANDFAST_KILLS=500 cargo test --features testing --test it -- killed --nocapture`.

use crate::support::cluster::TestCluster;
use crate::support::dice::{Dice, asked};
use crate::support::hand::Hand;
use crate::support::program::Console;
use crate::support::site::{TestSite, config_map, deployment};
use serde_json::Value;
use standfast::agent::Stay;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the repository says of the application `app`.
struct Release {
    /// Values of its ConfigMaps.
    maps: BTreeMap<String, String>,
    /// What its pod does.
    pod: &'static str,
}

impl Release {
    /// The n-th: two ConfigMaps always, and one more that only every other release has.
    fn new(number: u64, pod: &'static str) -> Self {
        let names = ["stays".to_owned(), "also".to_owned(), format!("odd-{}", number % 2)];
        Self { maps: names.into_iter().map(|name| (name, number.to_string())).collect(), pod }
    }

    fn write(&self, site: &TestSite, namespace: &str) {
        let maps: Vec<String> =
            self.maps.iter().map(|(name, value)| config_map(namespace, name, value)).collect();
        let all = maps.join("---\n") + "---\n" + &deployment(namespace, "web", self.pod);
        site.repo.write("apps/app/all.yaml", all);
    }
}

/// The namespace's ConfigMaps with a key `key`, and what its pod does.
async fn found(hand: &Hand, namespace: &str) -> (BTreeMap<String, String>, String) {
    let maps = hand.list(("v1", "ConfigMap"), Some(namespace)).await;
    let named = |map: &Value| {
        Some((map["metadata"]["name"].as_str()?.to_owned(), map["data"]["key"].as_str()?.to_owned()))
    };
    let web = hand.until(("apps/v1", "Deployment"), namespace, "web", |_| true).await;
    let pod = web.value["spec"]["template"]["metadata"]["annotations"]["testcluster/pod"].as_str().unwrap();
    (maps.iter().filter_map(named).collect(), pod.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_ends_where_it_would_have_ended() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("killed").await;
    let mut site = TestSite::new(cluster, "killed");
    site.stay = Stay::Forever;
    site.fleet_with("defaults: {health: {deadline: 4s, quiet: 0s}}", "- {name: app, path: apps/app}");
    let hand = Hand::of(cluster, "kubectl").await;
    hand.config_map(&namespace, "foreign", "theirs").await;
    let mut good = Release::new(0, "run");
    good.write(&site, &namespace);
    let mut last_good = site.commit("0");
    let console = Console::new(&site, cluster);
    let mut daemon = console.start();
    let is_at = |commit: String| {
        move |status: &Value| status["revision"]["lastGood"].as_str().is_some_and(|at| at.ends_with(&commit))
    };
    console.until("the first", is_at(last_good.clone())).await;

    let mut dice = Dice::new();
    let kills = asked("STANDFAST_KILLS", 20);
    let mut done = 0;
    for number in 1.. {
        let is_bad = dice.below(4) == 0;
        let release = Release::new(number, if is_bad { "crash-loop" } else { "run" });
        release.write(&site, &namespace);
        let commit = site.commit(&number.to_string());
        for _ in 0..=dice.below(2) {
            tokio::time::sleep(Duration::from_millis(dice.below(if is_bad { 7000 } else { 2500 }))).await;
            daemon.kill();
            done += 1;
            daemon = console.start();
        }
        let is_accepted =
            |status: &Value| status["revision"]["accepted"].as_str().is_some_and(|at| at.ends_with(&commit));
        let app = |status: &Value| status["applications"][0].clone();
        if is_bad {
            let is_back = |status: &Value| {
                is_accepted(status)
                    && app(status)["quarantined"].is_string()
                    && app(status)["phase"] == "Steady"
            };
            let status = console.until("back at last-good", is_back).await;
            assert!(is_at(last_good.clone())(&status), "{status}");
        } else {
            last_good = commit.clone();
            good = release;
            console.until("the new revision", is_at(commit.clone())).await;
        }
        let mut expected = good.maps.clone();
        expected.insert("foreign".to_owned(), "theirs".to_owned());
        let expected = (expected, good.pod.to_owned());
        // What is to go is deleted after the rest was said to be steady.
        let mut live = found(&hand, &namespace).await;
        for _ in 0..600 {
            if live == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            live = found(&hand, &namespace).await;
        }
        assert_eq!(
            live,
            expected,
            "after {done} kills, at {}",
            if is_bad { "a bad release" } else { "a good one" }
        );
        if done >= kills {
            break;
        }
    }
    drop(daemon);
    let verified = console.told(&["audit", "verify"]);
    eprintln!("{done} kills; {}", verified.trim());
}
