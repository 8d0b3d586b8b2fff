//! A site takes only descendants of what it last accepted, by first parents.

use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use standfast::model::SitePhase;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_rewritten_is_refused_though_it_is_signed() {
    let site = TestSite::on(Arc::new(MemoryCluster::new()), "force-push");
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    let first = site.commit("first");
    site.pass().await;
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    let second = site.commit("second");
    site.pass().await;

    site.repo.reset(&first);
    site.repo.write("a.yaml", config_map("default", "a", "3"));
    let other = site.commit("another second");
    for _ in 0..2 {
        site.fail().await.only("NotADescendant", &[&other[..7], &second[..7], "never force-push"]);
        let status = site.status();
        assert_eq!((status.phase, status.revision.accepted), (SitePhase::Held, revision(&second)));
        assert_eq!(site.value("default", "a").await.unwrap(), "2");
    }

    // Nor does it get through as what a merge brings along, its own line being the first parent's.
    let merge = site.repo.git_commit_tree(&other, &[&other, &second], &site.signer);
    site.repo.reset(&merge);
    site.fail().await.only("NotADescendant", &[&merge[..7]]);

    // The way out: on top of what is accepted, with the other line merged in.
    let merge = site.repo.git_commit_tree(&other, &[&second, &other], &site.signer);
    site.repo.reset(&merge);
    site.pass().await;
    assert_eq!(site.status().revision.accepted, revision(&merge));
    assert_eq!(site.value("default", "a").await.unwrap(), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_made_anew_is_refused() {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), "force-push-anew");
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    let first = site.commit("first");
    site.pass().await;
    let other = TestSite::on(Arc::new(MemoryCluster::new()), "force-push-anew");
    other.repo.write("a.yaml", config_map("default", "a", "2"));
    let tip = other.repo.commit_signed("another first", &site.signer);
    let old = std::mem::replace(&mut site.server, other.server);
    site.fail().await.only("NotADescendant", &[&tip[..7], &first[..7]]);
    assert_eq!(site.value("default", "a").await.unwrap(), "1");
    site.server = old;
    site.pass().await;
}
