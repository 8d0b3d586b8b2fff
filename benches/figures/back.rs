//! How fast a bad release is undone, the link cut as soon as it is there.

use super::support::cluster::TestCluster;
use super::support::hand::Hand;
use super::support::program::Console;
use super::support::site::{TestSite, config_map, deployment};
use super::support::tls::Answer;
use super::table::{Figure, Section, Unit, median};
use serde_json::Value;
use standfast::model::Live;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;

/// Seconds after the release was written.
struct Round {
    /// Until last-good was written again.
    applied: f64,
    /// Until all of it was Current.
    current: f64,
}

/// Measures what passes its deadline, what crashes, and what waits for its image.
pub(crate) fn measure(cluster: &TestCluster) -> Section {
    let mut section = Section::new("back");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let late = rounds(cluster, "unready").await;
        let after = |seconds: f64| (seconds - DEADLINE.as_secs_f64()).max(0.0);
        let applied = median(&late.iter().map(|round| after(round.applied)).collect::<Vec<_>>());
        let current = median(&late.iter().map(|round| after(round.current)).collect::<Vec<_>>());
        section.add(Figure::new("deadline over to last-good applied", applied, Unit::Seconds).budget(10.0));
        section.add(Figure::new("deadline over to last-good Current", current, Unit::Seconds));
        let crashed = rounds(cluster, "crash-loop").await;
        let applied = median(&crashed.iter().map(|round| round.applied).collect::<Vec<_>>());
        let note = "as soon as it crashed five times, whatever the deadline";
        section
            .add(Figure::new("crash loop written to last-good applied", applied, Unit::Seconds).note(note));
        let waited = image(cluster).await;
        let note = if waited { "it went on waiting" } else { "it went back: that is wrong" };
        let times = if waited { 3.0 * DEADLINE.as_secs_f64() } else { 0.0 };
        section
            .add(Figure::new("a pod waits for its image, no rollback for", times, Unit::Seconds).note(note));
    });
    section
}

/// A site that is steady at a good release, and one that is not good, written.
struct Bad {
    console: Console,
    _daemon: super::support::program::Daemon,
    hand: Hand,
    namespace: String,
    _site: TestSite,
}

async fn bad(cluster: &TestCluster, pod: &str) -> Bad {
    let namespace = cluster.namespace("back").await;
    let site = TestSite::new(cluster, &format!("bench/{namespace}"));
    let health = format!("defaults: {{health: {{deadline: {}s, quiet: 0s}}}}", DEADLINE.as_secs());
    site.fleet_with(&health, "- {name: app, path: apps/app}");
    let release = |pod: &str, value: &str| {
        let all = config_map(&namespace, "map", value) + "---\n" + &deployment(&namespace, "web", pod);
        site.repo.write("apps/app/all.yaml", all);
        site.commit(value)
    };
    let good = release("run", "1");
    let console = Console::new(&site, cluster);
    let daemon = console.start();
    let is_good =
        |status: &Value| status["revision"]["lastGood"].as_str().is_some_and(|at| at.ends_with(&good));
    console.until("the good release", is_good).await;
    release(pod, "2");
    let hand = Hand::of(cluster, "person").await;
    hand.until(("v1", "ConfigMap"), &namespace, "map", |live: &Live| live.value["data"]["key"] == "2").await;
    site.server.set(|options| options.answer = Answer::Status(503));
    Bad { console, _daemon: daemon, hand, namespace, _site: site }
}

async fn rounds(cluster: &TestCluster, pod: &str) -> Vec<Round> {
    let mut rounds = Vec::new();
    for number in 1..=ROUNDS {
        let bad = bad(cluster, pod).await;
        let began = Instant::now();
        let is_back = |live: &Live| live.value["data"]["key"] == "1";
        bad.hand.until(("v1", "ConfigMap"), &bad.namespace, "map", is_back).await;
        let applied = began.elapsed().as_secs_f64();
        let is_steady = |status: &Value| {
            let app = &status["applications"][0];
            app["quarantined"].is_string() && app["phase"] == "Steady"
        };
        bad.console.until("steady", is_steady).await;
        let current = began.elapsed().as_secs_f64();
        eprintln!(
            "back: {pod}, round {number} of {ROUNDS}: applied after {applied:.2} s, Current after {current:.2} s"
        );
        rounds.push(Round { applied, current });
    }
    rounds
}

/// Whether a release whose pod waits for its image for three times the deadline is left to wait.
async fn image(cluster: &TestCluster) -> bool {
    let bad = bad(cluster, "image-pull").await;
    eprintln!("back: a pod waits for its image");
    tokio::time::sleep(3 * DEADLINE).await;
    let status = bad.console.status().unwrap();
    let app = &status["applications"][0];
    app["quarantined"].is_null() && app["phase"] == "Settling"
}
