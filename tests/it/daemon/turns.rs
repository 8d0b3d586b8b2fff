//! Several servers in one cluster, an agent on each: one writes, and who comes after it knows what it knew.

use super::site;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::program::Console;
use crate::support::site::{TestSite, config_map, deployment, wait};
use serde_json::{Value, json};
use standfast::model::Live;

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");
const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

/// One more server of the site's cluster.
fn server(site: &TestSite, cluster: &TestCluster, namespace: &str) -> Console {
    let mut console = Console::new(site, cluster);
    console.change(|config| {
        config["cluster"]["namespace"] = json!(namespace);
        config["cluster"]["lease"] = json!("always");
    });
    console
}

fn app(status: &Value) -> &Value {
    &status["applications"][0]
}

fn stands_by(status: &Value) -> bool {
    status["standby"].is_string()
}

fn is_last_good(commit: &str) -> impl Fn(&Value) -> bool + '_ {
    move |status| {
        !stands_by(status)
            && status["revision"]["lastGood"].as_str().is_some_and(|revision| revision.ends_with(commit))
    }
}

fn generation(live: &Live) -> u64 {
    live.value["metadata"]["generation"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_over_does_not_try_again_what_failed_elsewhere() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("turns-failed").await;
    let site = site(cluster, "turns-failed");
    site.fleet_with("defaults: {health: {deadline: 8s, quiet: 0s}}", "- {name: app, path: apps/app}");
    site.repo
        .write("apps/app/web.yaml", deployment(&namespace, "web", "run"))
        .write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let good = site.commit("good");
    let hand = Hand::of(cluster, "kubectl").await;
    let (one, other) = (server(&site, cluster, &namespace), server(&site, cluster, &namespace));
    let writer = one.start();
    one.until("last-good", is_last_good(&good)).await;
    let second = other.start();
    let is_ready = |status: &Value| stands_by(status) && app(status)["name"] == "app";
    other.until("standby", is_ready).await;
    site.repo.write("apps/app/web.yaml", deployment(&namespace, "web", "crash-loop"));
    let bad = site.commit("bad");
    let is_back = |status: &Value| app(status)["quarantined"].is_string() && app(status)["phase"] == "Steady";
    one.until("quarantine", is_back).await;
    let proven =
        |status: &Value| status["revision"]["accepted"].as_str().is_some_and(|at| at.ends_with(&bad));
    other.until("the other proved it too", proven).await;
    let before = hand.until(DEPLOYMENT, &namespace, "web", |_| true).await;
    writer.kill();
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    let status = other.until("its turn", |status| !stands_by(status) && is_back(status)).await;
    assert!(app(&status)["revision"].as_str().unwrap().ends_with(&good), "{status}");
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    let after = hand.until(DEPLOYMENT, &namespace, "web", |_| true).await;
    assert_eq!(generation(&before), generation(&after), "the bad revision was never written again");

    // The first server comes back with an empty disk, and its turn comes: it knows of no last-good that it could prove.
    let new = server(&site, cluster, &namespace);
    let third = new.start();
    new.until("standby", stands_by).await;
    second.kill();
    let held = |status: &Value| !stands_by(status) && app(status)["quarantined"].is_string();
    new.until("its turn", held).await;
    let after = hand.until(DEPLOYMENT, &namespace, "web", |_| true).await;
    assert_eq!(generation(&before), generation(&after), "what runs well stays");
    drop(third);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_finds_another_in_its_place() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("turns-away").await;
    let site = site(cluster, "turns-away");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let first = site.commit("first");
    let hand = Hand::of(cluster, "kubectl").await;
    let (one, other) = (server(&site, cluster, &namespace), server(&site, cluster, &namespace));
    let sleeper = one.start();
    one.until("last-good", is_last_good(&first)).await;
    let heir = other.start();
    other.until("standby", stands_by).await;
    // A process that stands still is to the others as one behind a cut cable.
    sleeper.signal("STOP");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "2"));
    let second = site.commit("second");
    other.until("the heir goes on", is_last_good(&second)).await;
    sleeper.signal("CONT");
    one.until("it sees who writes now", stands_by).await;
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "2").await;
    let quiet = || {
        let log = std::fs::read_to_string(one.path("log")).unwrap();
        (!log.contains("healed")).then_some(())
    };
    wait("only one of them wrote", quiet, || std::fs::read_to_string(one.path("log")).unwrap()).await;
    drop(heir);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_over_in_the_middle_of_an_apply_ends_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("turns-middle").await;
    let site = site(cluster, "turns-middle");
    let release = |value: &str| {
        let maps: Vec<String> =
            (0..80).map(|number| config_map(&namespace, &format!("map-{number:02}"), value)).collect();
        site.repo.write("apps/app/maps.yaml", maps.join("---\n"));
        site.commit(value)
    };
    let first = release("1");
    let hand = Hand::of(cluster, "kubectl").await;
    let (one, other) = (server(&site, cluster, &namespace), server(&site, cluster, &namespace));
    let writer = one.start();
    one.until("last-good", is_last_good(&first)).await;
    let heir = other.start();
    other.until("standby", |status| stands_by(status) && app(status)["name"] == "app").await;
    let second = release("2");
    hand.until(CONFIG_MAP, &namespace, "map-00", |live| live.value["data"]["key"] == "2").await;
    writer.kill();
    other.until("the heir ends it", is_last_good(&second)).await;
    let maps = hand.list(CONFIG_MAP, Some(&namespace)).await;
    let is_new = |map: &&Value| map["data"]["key"] == "2";
    assert_eq!(maps.iter().filter(is_new).count(), 80);
    drop(heir);
}
