//! Everything at once, for a while: people who edit, releases, an API server that restarts, a link that comes and goes, kills.
//!
//! A minute, or as many seconds as `STANDFAST_SOAK` says: `STANDFAST_SOAK=3600 cargo test --features testing --test it -- soak --nocapture`.

use super::NO_QUIET;
use crate::support::cluster::{Options, TestCluster};
use crate::support::dice::{Dice, asked};
use crate::support::hand::Hand;
use crate::support::program::Console;
use crate::support::site::{TestSite, config_map, deployment};
use crate::support::tls::Answer;
use crate::support::wire::Fault;
use serde_json::{Value, json};
use standfast::agent::Stay;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");
const MAPS: u64 = 20;

/// How often each thing happened.
type Counts = BTreeMap<&'static str, u64>;

fn write(site: &TestSite, namespace: &str, release: u64) -> String {
    let value = |map: u64| if map % 4 == release % 4 { release.to_string() } else { "same".to_owned() };
    let maps: Vec<String> =
        (0..MAPS).map(|map| config_map(namespace, &format!("map-{map}"), &value(map))).collect();
    site.repo.write("apps/app/maps.yaml", maps.join("---\n"));
    // It comes with one release and goes with the next.
    let passing = format!("passing-{}", release % 2);
    site.repo.write("apps/app/passing.yaml", config_map(namespace, &passing, "same"));
    site.commit(&release.to_string())
}

fn expected(release: u64) -> BTreeMap<String, String> {
    let value = |map: u64| if map % 4 == release % 4 { release.to_string() } else { "same".to_owned() };
    let mut all: BTreeMap<_, _> = (0..MAPS).map(|map| (format!("map-{map}"), value(map))).collect();
    all.insert(format!("passing-{}", release % 2), "same".to_owned());
    all.insert("foreign".to_owned(), "theirs".to_owned());
    all
}

async fn found(hand: &Hand, namespace: &str) -> BTreeMap<String, String> {
    let text = |map: &Value| {
        Some((map["metadata"]["name"].as_str()?.to_owned(), map["data"]["key"].as_str()?.to_owned()))
    };
    hand.list(CONFIG_MAP, Some(namespace)).await.iter().filter_map(text).collect()
}

/// Somebody does something to one of our objects.
async fn disturb(hand: &Hand, namespace: &str, dice: &mut Dice) -> &'static str {
    let name = format!("map-{}", dice.below(MAPS));
    match dice.below(4) {
        0 => {
            hand.try_delete(CONFIG_MAP, namespace, &name).await;
            "deleted"
        }
        1 => {
            hand.try_edit(CONFIG_MAP, namespace, &name, json!({"metadata": {"labels": null}})).await;
            "unlabelled"
        }
        2 => {
            hand.try_edit(("apps/v1", "Deployment"), namespace, "web", json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "theirs"}]}}}})).await;
            "another image"
        }
        _ => {
            hand.try_edit(CONFIG_MAP, namespace, &name, json!({"data": {"key": "theirs"}})).await;
            "edited"
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    let Some(mut cluster) = TestCluster::own(Options::default()) else { return };
    let namespace = cluster.namespace("soak").await;
    let mut site = TestSite::new(&cluster, "soak");
    site.stay = Stay::Forever;
    site.fleet_with(NO_QUIET, "- {name: app, path: apps/app}");
    site.repo.write("apps/app/web.yaml", deployment(&namespace, "web", "run"));
    let mut release = 0;
    let mut newest = write(&site, &namespace, release);
    let console = Console::new(&site, &cluster);
    let mut daemon = console.start();
    let is_at = |commit: &str| {
        let commit = commit.to_owned();
        move |status: &Value| status["revision"]["lastGood"].as_str().is_some_and(|at| at.ends_with(&commit))
    };
    console.until("the first", is_at(&newest)).await;
    let mut hand = Hand::of(&cluster, "kubectl").await;
    hand.config_map(&namespace, "foreign", "theirs").await;

    let mut dice = Dice::new();
    let mut counts = Counts::new();
    let end = Instant::now() + Duration::from_secs(asked("STANDFAST_SOAK", 60));
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50 + dice.below(400))).await;
        let what = match dice.below(100) {
            0..=1 => {
                cluster.kill_and_restart();
                hand = Hand::of(&cluster, "kubectl").await;
                "restarts of the API server"
            }
            2..=3 => {
                daemon.kill();
                daemon = console.start();
                "kills of the agent"
            }
            4..=11 => {
                release += 1;
                newest = write(&site, &namespace, release);
                "releases"
            }
            12..=19 => {
                site.server.set(|options| options.answer = Answer::Status(503));
                "mirrors away"
            }
            20..=27 => {
                let after = dice.below(4000);
                site.server.set(|options| options.fault = Some(Fault::CloseAfter(after)));
                "cuts"
            }
            28..=39 => {
                site.server.set(|options| (options.answer, options.fault) = (Answer::Git, None));
                "links back"
            }
            _ => disturb(&hand, &namespace, &mut dice).await,
        };
        *counts.entry(what).or_default() += 1;
    }
    site.server.set(|options| (options.answer, options.fault) = (Answer::Git, None));
    console.until("the newest release", is_at(&newest)).await;
    let expected = expected(release);
    let mut live = found(&hand, &namespace).await;
    for _ in 0..600 {
        if live == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        live = found(&hand, &namespace).await;
    }
    assert_eq!(live, expected, "{counts:?}");
    let is_well = |status: &Value| status["phase"] == "Steady" && status["reason"].is_null();
    console.until("nothing left to say", is_well).await;
    console.told(&["audit", "verify"]);
    drop(daemon);
    eprintln!("{counts:?}");
}
