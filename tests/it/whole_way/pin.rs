//! `trust.pin`: every commit after it is proven, and nothing but its descendants is taken.

use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use std::sync::Arc;

fn site(name: &str) -> TestSite {
    let site = TestSite::on(Arc::new(MemoryCluster::new()), name);
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn all_after_the_pin_must_be_proven() {
    let mut site = site("pin");
    let pin = site.repo.commit("the site's own configuration vouches for it");
    site.pin = Some(pin.clone());
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    let unsigned = site.repo.commit("nobody vouches for this");
    let tip = site.commit("signed");
    site.fail().await.only("Unsigned", &[&unsigned[..7]]);
    assert_eq!((site.value("default", "a").await, site.status().revision.accepted), (None, None), "{tip}");

    site.repo.reset(&pin);
    site.repo.write("a.yaml", config_map("default", "a", "3"));
    site.commit("signed");
    let tip = site.commit("signed again");
    site.pass().await;
    assert_eq!(site.value("default", "a").await.unwrap(), "3");
    let status = site.status();
    assert_eq!((status.trust.unwrap().begins, status.revision.last_good), (pin, revision(&tip)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pin_itself_may_be_the_tip() {
    let mut site = site("pin-tip");
    let pin = site.repo.commit("not signed");
    site.pin = Some(pin.clone());
    site.pass().await;
    assert_eq!(site.status().revision.last_good, revision(&pin));
    assert!(site.pass().await.is_nothing());
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    site.commit("signed");
    assert_eq!(site.pass().await.configured.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_does_not_lead_to_the_pin_is_refused() {
    let mut site = site("pin-stray");
    let first = site.commit("first");
    site.repo.git(&["checkout", "-q", "-b", "side"]);
    site.commit("the pin, on a side branch");
    site.pin = Some(site.repo.rev_parse("HEAD"));
    site.repo.git(&["checkout", "-q", "main"]);
    site.repo.reset(&first);
    let tip = site.commit("second");
    site.fail().await.only("NotADescendant", &[&tip[..7], "trust.pin"]);
    let pin = site.pin.clone().unwrap();
    let merge = site.repo.git_commit_tree(&tip, &[&tip, &pin], &site.signer);
    site.repo.reset(&merge);
    site.fail().await.only("NotADescendant", &["first-parent line"]);
    assert_eq!(site.status().revision.accepted, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_given_later_does_not_lower_the_floor() {
    let mut site = site("pin-later");
    let first = site.commit("first");
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    let second = site.commit("second");
    site.pass().await;
    site.pin = Some(first.clone());
    site.repo.reset(&first);
    site.fail().await.only("MirrorBehind", &[&second[..7]]);
    assert_eq!(
        (site.value("default", "a").await.unwrap(), site.status().revision.accepted),
        ("2".to_owned(), revision(&second))
    );
}
