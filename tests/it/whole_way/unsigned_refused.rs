//! What is not signed by whom the site trusts does not get through, and what runs goes on being kept.

use crate::support::git::Key;
use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use standfast::model::SitePhase;
use std::sync::Arc;

fn site(name: &str) -> TestSite {
    TestSite::on(Arc::new(MemoryCluster::new()), name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_a_good_signature_is_refused_with_the_way_out() {
    let site = site("unsigned");
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    let first = site.commit("first");
    site.pass().await;
    let mallory = Key::generate("mallory");
    let fingerprint = mallory.fingerprint();
    let refused: [(&str, Option<&Key>, &[&str]); 2] = [
        ("Unsigned", None, &["not signed", "git commit -S"]),
        ("UnknownKey", Some(&mallory), &["no allowed signer", &fingerprint]),
    ];
    for (reason, key, texts) in refused {
        site.repo
            .write("a.yaml", config_map("default", "a", reason))
            .write("b.yaml", config_map("default", "b", "1"));
        let commit = key.map_or_else(|| site.repo.commit(reason), |key| site.repo.commit_signed(reason, key));
        let failed = site.fail().await;
        failed.only(reason, &[texts, &[&commit[..7], "refs/heads/main"]].concat());
        let status = site.status();
        assert_eq!((status.phase, status.reason.unwrap().code.as_str()), (SitePhase::Held, reason));
        assert_eq!(
            (status.revision.accepted, status.revision.last_good),
            (revision(&first), revision(&first))
        );
        assert_eq!(site.value("default", "a").await.unwrap(), "1");
        assert_eq!(site.value("default", "b").await, None);

        // It does not get better by what is put on top of it.
        let above = site.commit("signed, on top of it");
        site.fail().await.only(reason, &[&commit[..7]]);
        assert_eq!(site.status().revision.accepted, revision(&first), "{above}");
        site.repo.reset(&first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_site_starts_with_nothing_unproven() {
    let site = site("unsigned-first");
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    site.repo.commit("not signed");
    site.fail().await.only("Unsigned", &["not signed"]);
    let status = site.status();
    assert_eq!((status.phase, status.revision.accepted, status.trust), (SitePhase::Held, None, None));
    assert_eq!(site.value("default", "a").await, None);
    let tip = site.commit("signed");
    site.pass().await;
    assert_eq!(
        site.status().trust.unwrap().begins,
        tip,
        "the very first tip is proven alone, and that is said"
    );
}
