//! The cache of last-good may be lost, damaged or old: the site boots and heals from facts, objects and cluster, and prunes nothing
//! until a whole revision has been steady.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{Changed, TestSite, config_map, deployment};
use crate::whole_way::revision;
use serde_json::json;
use standfast::agent::Ending;
use standfast::agent::Stay;
use standfast::model::Moment;
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).map(|_| ()).unwrap()
        }
    }
}

fn note<'a>(moments: &'a [Moment], text: &str) -> Option<&'a Moment> {
    moments.iter().find(|moment| matches!(moment, Moment::Note(note) if note.contains(text)))
}

/// A site with objects `a`, `b` and `c`, whose cache is then harmed, while `a` drifts, `b` leaves the fleet and something unhealthy
/// comes: nothing is pruned until a whole revision has been steady.
async fn check(name: &str, is_offline: bool, harm: impl AsyncFnOnce(&TestSite, &str)) {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace(name).await;
    let mut site = TestSite::new(cluster, name);
    for object in ["a", "b", "c"] {
        site.repo.write(&format!("{object}.yaml"), config_map(&namespace, object, "1"));
    }
    site.commit("first");
    site.pass().await;
    harm(&site, &namespace).await;
    let before = site.status().revision.last_good;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(("v1", "ConfigMap"), Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    // Without its label it does not come with the list of what is ours: last-good is what names it.
    hand.edit(("v1", "ConfigMap"), Some(&namespace), "c", json!({"metadata": {"labels": null}})).await;

    if is_offline {
        site.go_offline();
        let failed = site.fail().await;
        failed.only("Unreachable", &[]);
        assert!(note(&failed.moments, "put together from the cluster").is_some(), "{:#?}", failed.moments);
        assert_eq!(
            failed.changed.healed,
            [format!("ConfigMap {namespace}/a"), format!("ConfigMap {namespace}/c")]
        );
        assert_eq!(site.value(&namespace, "a").await.unwrap(), "1");
        assert_eq!(site.status().revision.last_good, before);
        return;
    }

    site.stay = Stay::Once;
    site.repo.remove("b.yaml").write("web.yaml", deployment(&namespace, "web", "pending"));
    let second = site.commit("second");
    for is_first in [true, false] {
        assert_eq!(site.once().await, Ending::Done);
        let moments = site.told.take();
        assert_eq!(note(&moments, "put together from the cluster").is_some(), is_first, "{moments:#?}");
        let changed = Changed::of(&moments);
        assert_eq!(changed.deleted, Vec::<String>::new());
        assert_eq!(
            (changed.configured.len(), changed.healed.len()),
            (0, if is_first { 2 } else { 0 }),
            "{changed:?}"
        );
        assert_eq!(site.value(&namespace, "a").await.unwrap(), "1");
        assert_eq!(site.status().revision.last_good, before);
    }
    let pods = hand.list(("v1", "Pod"), Some(&namespace)).await;
    let run = json!({"metadata": {"annotations": {"testcluster/pod": "run"}}});
    hand.edit(("v1", "Pod"), Some(&namespace), pods[0]["metadata"]["name"].as_str().unwrap(), run).await;
    site.stay = Stay::UntilSettled;
    let changed = site.pass().await;
    assert_eq!(changed.deleted, Vec::<String>::new(), "it was not steady before");
    assert_eq!(site.status().revision.last_good, revision(&second));
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/b")]);
    assert!(site.pass().await.is_nothing());
}

async fn lose(site: &TestSite, _: &str) {
    fs::remove_dir_all(site.state.path().join("state")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_lost() {
    check("sled-lost", false, lose).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_lost_and_there_is_no_link() {
    check("sled-lost-offline", true, lose).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_damaged() {
    let harm = async |site: &TestSite, _: &str| {
        let log = site.state.path().join("state/db");
        let mut bytes = fs::read(&log).unwrap();
        bytes.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
        fs::write(&log, bytes).unwrap();
    };
    check("sled-damaged", false, harm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_older_than_the_facts() {
    let harm = async |site: &TestSite, namespace: &str| {
        let (cache, old) = (site.state.path().join("state"), site.state.path().join("old"));
        copy(&cache, &old);
        site.repo.write("c.yaml", config_map(namespace, "c", "2"));
        site.commit("while a copy of the cache lies elsewhere");
        site.pass().await;
        fs::remove_dir_all(&cache).unwrap();
        fs::rename(&old, &cache).unwrap();
    };
    check("sled-older", false, harm).await;
}
