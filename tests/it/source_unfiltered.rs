//! A server without `uploadpack.allowFilter` sends content along with the commits: it waits until they are proven.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, files, mirror};
use crate::support::tls::{GitServer, Options};
use std::path::Path;

fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "f").write("apps/a/x.yaml", "x").write("apps/b/y.yaml", "y");
    repo.write("apps/b/big.bin", noise(100_000));
    repo
}

/// Bytes of all packs below a folder.
fn packed(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.map(|entry| {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            packed(&entry.path())
        } else {
            entry.metadata().unwrap().len()
        }
    });
    sizes.sum()
}

#[tokio::test]
async fn content_that_came_along_is_not_fetched_again() {
    let repo = fleet();
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), Options::unfiltered());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    assert!(packed(&site.objects().join("incoming")) > 100_000, "it waits");
    assert_eq!(packed(&site.objects().join("objects/pack")), 0, "nothing is proven yet");

    let requests = server.counters().requests();
    site.complete(&repo, &floor, &["apps/a", "apps/b"]).await.unwrap();
    assert_eq!(server.counters().requests(), requests);
    assert_eq!(packed(&site.objects().join("incoming")), 0);
    assert!(packed(&site.objects().join("objects/pack")) > 100_000);

    let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert!(chain.traffic.down < 4_000, "the difference alone, not the big file: {:?}", chain.traffic);
    let requests = server.counters().requests();
    let artifact = site.complete(&repo, &tip, &["apps/a"]).await.unwrap();
    assert_eq!(files(&artifact)[0].1, "x2");
    assert_eq!(server.counters().requests(), requests);
}

#[tokio::test]
async fn content_of_a_refused_tip_goes_with_it() {
    let repo = fleet();
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), Options::unfiltered());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &[""]).await.unwrap();

    repo.write("apps/a/huge.bin", noise(300_000)).commit("refused");
    site.advance(Some(&floor)).await.unwrap();
    assert!(packed(&site.objects().join("incoming")) > 300_000);
    // The same tip again: it is kept, and costs no more than a question.
    let again = site.advance(Some(&floor)).await.unwrap();
    assert!(again.traffic.down < 1_000, "{:?}", again.traffic);
    assert!(packed(&site.objects().join("incoming")) > 300_000);

    repo.reset(&floor);
    repo.write("fleet.yaml", "f2").commit("next");
    site.advance(Some(&floor)).await.unwrap();
    assert!(packed(&site.objects().join("incoming")) < 300_000);
}

#[tokio::test]
async fn a_site_that_has_a_part_of_the_floor_still_gets_its_part_of_the_tip() {
    let repo = fleet();
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &["apps/a"]).await.unwrap();

    // From now on the server does not filter: it takes us to have all of the floor, but deltas must not rest on that.
    server.set(|options| options.filter = false);
    let site = site.restart();
    let tip = repo.write("apps/a/x.yaml", "x2").write("apps/b/y.yaml", "y2").commit("tip");
    site.advance(Some(&floor)).await.unwrap();
    let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
    assert_eq!(files(&artifact).len(), 4);
    assert_eq!(artifact.file(&"apps/b/y.yaml".parse().unwrap()), Some(&b"y2"[..]));
}

#[tokio::test]
async fn a_pin_is_met_without_having_it() {
    for filter in [true, false] {
        let repo = fleet();
        repo.commit("long ago");
        let pin = repo.write("fleet.yaml", "pin").commit("pin");
        let between = repo.write("fleet.yaml", "between").commit("between");
        let tip = repo.write("fleet.yaml", "tip").commit("tip");
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        let chain = site.advance(Some(&pin)).await.unwrap();
        assert_eq!(crate::support::source::ids(&chain), [tip.clone(), between]);
        let artifact = site.complete(&repo, &tip, &["fleet.yaml", "apps/a"]).await.unwrap();
        assert_eq!(files(&artifact).len(), 2);
    }
}
