//! A mirror that offers what this site has left behind does not bring it back.

use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use standfast::model::SitePhase;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn an_older_tip_is_told_from_a_rewritten_history_and_not_run() {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), "rollback");
    let commits = ["1", "2", "3"].map(|value| {
        site.repo.write("a.yaml", config_map("default", "a", value));
        site.commit(value)
    });
    let [first, _, third] = &commits;
    site.repo.reset(first);
    site.pass().await;
    site.repo.reset(third);
    site.pass().await;
    site.repo.reset(first);
    site.fail().await.only("MirrorBehind", &[&third[..7], "mirror"]);
    let status = site.status();
    // It may be better in a moment, and the site itself is well.
    assert_eq!((status.phase, status.revision.accepted), (SitePhase::Steady, revision(third)));
    assert_eq!(site.value("default", "a").await.unwrap(), "3");

    // The floor holds over boots, also without a link in between.
    site.go_offline();
    site.fail().await;
    site.mirror = None;
    site.fail().await.only("MirrorBehind", &[]);
    assert_eq!(site.value("default", "a").await.unwrap(), "3");
    site.repo.reset(third);
    site.pass().await;
}
