//! A site that follows for months: of all that it fetched it keeps what its last revisions need.

use crate::support::site::{TestSite, config_map};
use standfast::cluster::MemoryCluster;
use std::path::Path;
use std::sync::Arc;

fn packs(site: &TestSite) -> usize {
    let folder = site.state.path().join("objects/objects/pack");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "pack")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_revisions_go_and_last_good_stays() {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), "kept-small");
    let mut commits = Vec::new();
    let mut most = 0;
    for at in 0..36 {
        site.repo.write("a.yaml", config_map("default", "a", &at.to_string()));
        commits.push(site.commit("change"));
        site.pass().await;
        most = most.max(packs(&site));
    }
    assert!(most > 30 && packs(&site) < most / 2, "{most} packs, and {}", packs(&site));
    let objects = site.state.path().join("objects");
    let is_there = |commit: &str| {
        let folder = objects.to_str().unwrap();
        let found = site.repo.git(&["--git-dir", folder, "cat-file", "--batch-check", "--batch-all-objects"]);
        let file = site.repo.rev_parse(&format!("{commit}:a.yaml"));
        found.contains(&file)
    };
    let held: Vec<bool> = commits.iter().map(|commit| is_there(commit)).collect();
    assert!(held[33..].iter().all(|is_held| *is_held), "the last three are kept: {held:?}");
    assert!(held[..20].iter().all(|is_held| !is_held), "old ones are not: {held:?}");
    assert!(Path::new(&objects).join("link.json").exists());

    // A new boot without a link goes on with what is there.
    site.go_offline();
    site.fail().await;
    assert_eq!(site.value("default", "a").await.as_deref(), Some("35"));
}
