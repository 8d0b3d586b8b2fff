//! Keys that are taken away, or whose time is over.

use crate::support::git::{FIRST_COMMIT, Key};
use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use std::sync::Arc;

fn site(name: &str) -> (TestSite, MemoryCluster) {
    let cluster = MemoryCluster::new();
    let site = TestSite::on(Arc::new(cluster.clone()), name);
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    (site, cluster)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_revoked_key_signs_is_refused_and_what_it_signed_runs_on() {
    let (mut site, cluster) = site("revoked");
    let bob = Key::generate("bob");
    let first = site.commit("first");
    site.pass().await;
    site.signers = bob.allowed_signer();
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    let by_alice = site.commit("by a key that was revoked");
    cluster.foreign_delete(&site.config_map("default", "a").await.key());
    let failed = site.fail().await;
    failed.only("UnknownKey", &[&by_alice[..7]]);
    assert_eq!(failed.changed.created, ["ConfigMap default/a"], "last-good is healed all the same");
    assert_eq!(site.value("default", "a").await.unwrap(), "1");

    // Nor as a commit below one that is good.
    site.repo.commit_signed("on top of it", &bob);
    site.fail().await.only("UnknownKey", &[&by_alice[..7]]);
    site.repo.reset(&first);
    site.repo.write("a.yaml", config_map("default", "a", "3"));
    let third = site.repo.commit_signed("in its place", &bob);
    site.pass().await;
    assert_eq!(site.status().revision.accepted, revision(&third));
    assert!(site.status().trust.unwrap().signer.contains("bob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_time_is_over_signs_no_tip_and_counts_at_its_commits_date_below_one() {
    let (mut site, _) = site("expired");
    let bob = Key::generate("bob");
    let expired =
        |key: &Key| key.allowed_signer().replace("namespaces", "valid-before=\"20260102000000Z\",namespaces");
    site.signers = expired(&site.signer) + &bob.allowed_signer();
    site.repo.commit_signed("first", &bob);
    site.pass().await;
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    let while_valid = site.commit("while it was valid");
    site.fail().await.only("KeyNotAllowed", &[&while_valid[..7], "alice", "2026-01-02"]);
    let tip = site.repo.commit_signed("on top of it", &bob);
    site.pass().await;
    assert_eq!(site.status().revision.accepted, revision(&tip));
    assert_eq!(site.value("default", "a").await.unwrap(), "2");

    site.repo.set_date(FIRST_COMMIT + 2 * 24 * 3600);
    site.repo.write("a.yaml", config_map("default", "a", "3"));
    let too_late = site.commit("a day too late");
    site.repo.commit_signed("on top of it", &bob);
    site.fail().await.only("KeyNotAllowed", &[&too_late[..7]]);
    assert_eq!(site.value("default", "a").await.unwrap(), "2");
}
