//! What may have happened to the disk, the credentials and the link before a boot, or during one: drift is healed all the same.

use super::site;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::program::Console;
use crate::support::site::{TestSite, config_map};
use crate::support::tls::Answer;
use serde_json::{Value, json};
use standfast::model::{Request, SiteStatus};
use standfast::store::faults::{Fault, FaultyDisk};
use std::io::ErrorKind;
use std::path::Path;

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

fn is_last_good(commit: &str) -> impl Fn(&Value) -> bool + '_ {
    move |status| status["revision"]["lastGood"].as_str().is_some_and(|revision| revision.ends_with(commit))
}

/// Somebody changes `a`, and it is undone.
async fn is_healed(hand: &Hand, namespace: &str) {
    hand.edit(CONFIG_MAP, Some(namespace), "a", json!({"data": {"key": "theirs"}})).await;
    hand.until(CONFIG_MAP, namespace, "a", |live| live.value["data"]["key"] == "1").await;
}

/// A site that was steady once, whose link is gone for good.
async fn settled(cluster: &'static TestCluster, name: &str) -> (TestSite, Console, String, String) {
    let namespace = cluster.namespace(name).await;
    let site = site(cluster, name);
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let console = Console::new(&site, cluster);
    let daemon = console.start();
    console.until("first", is_last_good(&commit)).await;
    daemon.kill();
    std::fs::remove_file(console.path("run/status.json")).unwrap();
    site.server.set(|options| options.answer = Answer::Status(503));
    (site, console, namespace, commit)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_damaged_or_gone_is_put_together_again_without_a_link() {
    let Some(cluster) = TestCluster::shared() else { return };
    let hand = Hand::of(cluster, "kubectl").await;
    for (name, is_damaged) in [("boot-damaged", true), ("boot-missing", false)] {
        let (_site, console, namespace, commit) = settled(cluster, name).await;
        let cache = console.path("state/state");
        if is_damaged {
            for file in files(&cache) {
                let mut bytes = std::fs::read(&file).unwrap();
                bytes.iter_mut().skip(7).step_by(11).for_each(|byte| *byte ^= 0x55);
                std::fs::write(&file, bytes).unwrap();
            }
        } else {
            std::fs::remove_dir_all(&cache).unwrap();
        }
        hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
        let daemon = console.start();
        hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
        let status = console.until("steady", |status| status["phase"] == "Steady").await;
        assert!(is_last_good(&commit)(&status), "{status}");
        drop(daemon);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_agent_on_the_same_disk_does_not_start_and_harms_nothing() {
    let Some(cluster) = TestCluster::shared() else { return };
    let (_site, console, namespace, _) = settled(cluster, "boot-locked").await;
    let daemon = console.start();
    console.until("steady", |status| status["phase"] == "Steady").await;
    let second = console.run(&["run"]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("another"), "{said}");
    is_healed(&Hand::of(cluster, "kubectl").await, &namespace).await;
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_any_more_keeps_nothing_from_being_healed() {
    let Some(cluster) = TestCluster::shared() else { return };
    let hand = Hand::of(cluster, "kubectl").await;
    for (name, kind) in
        [("disk-full", ErrorKind::StorageFull), ("disk-read-only", ErrorKind::ReadOnlyFilesystem)]
    {
        let namespace = cluster.namespace(name).await;
        let mut site = site(cluster, name);
        let disk = FaultyDisk::default();
        site.disk = Some(disk.clone());
        site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
        let first = site.commit("first");
        let served = site.serve();
        site.until_last_good(&first).await;
        disk.add(disk.operations(), Fault::From(kind));
        is_healed(&hand, &namespace).await;
        // Nothing new is accepted: a floor that is not on disk is none.
        site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "2"));
        site.commit("second");
        served.order(Request::Sync).await;
        let says = |status: &SiteStatus| {
            status.reason.as_ref().is_some_and(|reason| reason.message.contains("facts"))
        };
        site.until("it says what is wrong", says).await;
        is_healed(&hand, &namespace).await;
        let status = site.status();
        assert!(status.revision.accepted.as_ref().unwrap().ends_with(&first), "{status:#?}");
        served.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_offline_and_two_hundred_commits_later_it_is_where_it_should_be() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("away").await;
    let mut site = site(cluster, "away");
    site.poll = std::time::Duration::from_secs(1);
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let first = site.commit("first");
    let served = site.serve();
    site.until_last_good(&first).await;
    site.server.set(|options| options.answer = Answer::Status(503));
    let mut newest = String::new();
    for number in 0..200 {
        site.repo.write("apps/app/b.yaml", config_map(&namespace, "b", &number.to_string()));
        newest = site.commit(&number.to_string());
    }
    site.until("the link is down", |status| status.link.reason.is_some()).await;
    is_healed(&Hand::of(cluster, "kubectl").await, &namespace).await;
    site.server.set(|options| options.answer = Answer::Git);
    site.until_last_good(&newest).await;
    assert_eq!(site.value(&namespace, "b").await.as_deref(), Some("199"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_longer_good_and_a_kubeconfig_that_takes_its_place() {
    let Some(mut cluster) = TestCluster::own(crate::support::cluster::Options::default()) else { return };
    let namespace = cluster.namespace("rotated").await;
    let hand = Hand::of(&cluster, "kubectl").await;
    let admin = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let token = hand.token(&namespace, "agent").await;
    let read = kube::config::Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let mut first = serde_json::to_value(read).unwrap();
    first["users"][0]["user"] = json!({"token": token});

    let site = TestSite::new(&cluster, "rotated");
    site.fleet_with(super::NO_QUIET, "- {name: app, path: apps/app}");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let mut console = Console::new(&site, &cluster);
    let kubeconfig = console.path("kubeconfig");
    std::fs::write(&kubeconfig, first.to_string()).unwrap();
    console.change(|config| config["cluster"]["kubeconfig"] = json!(kubeconfig));
    let daemon = console.start();
    console.until("first", is_last_good(&commit)).await;

    hand.delete(("v1", "ServiceAccount"), Some(&namespace), "agent").await;
    // Watches that are open stay so: they end with the server.
    cluster.kill_and_restart();
    let is_shut_out = |status: &Value| status.to_string().contains("ClusterUnauthorized");
    console.until("it says that it is not let in", is_shut_out).await;
    let hand = Hand::of(&cluster, "kubectl").await;
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    std::fs::write(&kubeconfig, admin).unwrap();
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    is_healed(&hand, &namespace).await;
    drop(daemon);
}
