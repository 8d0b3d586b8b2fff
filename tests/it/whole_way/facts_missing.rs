//! The floor is never silently fresh: a site whose facts are gone or damaged, while all else is there, does not start, and says what to do.

use crate::support::site::{TestSite, config_map};
use standfast::cluster::MemoryCluster;
use standfast::model::Classify;
use std::fs;
use std::sync::Arc;

async fn site(name: &str) -> TestSite {
    let site = TestSite::on(Arc::new(MemoryCluster::new()), name);
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    site.commit("first");
    site.pass().await;
    site
}

fn check(site: &TestSite) {
    let error = site.try_boot().err().unwrap();
    let message = standfast::model::explain(&error);
    let facts = site.state.path().join("facts").display().to_string();
    assert!(
        message.contains(&facts) || message.contains(&site.state.path().display().to_string()),
        "{message}"
    );
    assert!(
        message.contains("trust") || message.contains("restore") || message.contains("move"),
        "{message}"
    );
    assert!(!error.reason().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_that_are_gone_beside_a_lost_cache() {
    let site = site("facts-gone").await;
    fs::remove_file(site.state.path().join("facts")).unwrap();
    fs::remove_dir_all(site.state.path().join("state")).unwrap();
    check(&site);
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_that_are_damaged_beside_a_lost_cache() {
    let site = site("facts-damaged").await;
    let path = site.state.path().join("facts");
    let length = fs::read(&path).unwrap().len();
    fs::write(&path, vec![0x5a; length]).unwrap();
    fs::remove_dir_all(site.state.path().join("state")).unwrap();
    check(&site);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_has_a_copy_gives_it_back() {
    let site = site("facts-copied").await;
    let before = site.status().revision;
    fs::remove_file(site.state.path().join("facts")).unwrap();
    match site.try_boot() {
        // Either answer keeps the floor: the copy is the newest, or a person is asked.
        Ok(agent) => {
            drop(agent);
            assert!(site.pass().await.is_nothing());
            assert_eq!(site.status().revision, before);
        }
        Err(_) => check(&site),
    }
}
