//! Mirrors that say different things: one that lags is no trouble, one that is further wins, and another line is told.

use crate::support::git::Repo;
use crate::support::source::{Hand, SiteSource, ids, mirror};
use crate::support::tls::{GitServer, Options};
use standfast::source::Limits;

const JUNE: u64 = 1_780_272_000;
/// After so long others are asked again whether they say the same.
const HOUR: u64 = 3600;

struct Scene {
    repo: Repo,
    other: Repo,
    floor: String,
    near: GitServer,
    far: GitServer,
    hand: Hand,
    site: SiteSource,
}

/// Takes over a branch of another repository.
fn pull(from: &Repo, to: &Repo) {
    to.git(&[
        "fetch",
        "--quiet",
        "--force",
        "--update-head-ok",
        from.path().to_str().unwrap(),
        "main:refs/heads/main",
    ]);
    to.git(&["reset", "--quiet", "--hard"]);
}

/// Two mirrors, each with a repository of its own, that begin alike; the site follows the first one.
async fn scene(filter: bool) -> Scene {
    let (repo, other) = (Repo::init(), Repo::init());
    repo.write("fleet.yaml", "0").commit("root");
    let floor = repo.write("fleet.yaml", "1").commit("floor");
    pull(&repo, &other);
    let options = Options { filter, ..Options::default() };
    let near = GitServer::start(&repo.path(), options.clone());
    let far = GitServer::start(&other.path(), options);
    let hand = Hand::at(JUNE);
    let site = SiteSource::at(vec![mirror(&near), mirror(&far)], Limits::default(), hand.clock());
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &[""]).await.unwrap();
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((chain.commits.len(), chain.beside.len()), (0, 0), "they say the same");
    Scene { repo, other, floor, near, far, hand, site }
}

#[tokio::test]
async fn a_mirror_that_lags_is_no_trouble() {
    let Scene { repo, other: _other, floor, near, far, hand, site } = scene(true).await;
    let tip = repo.write("fleet.yaml", "2").commit("tip");
    hand.pass(HOUR);
    let asked = far.counters().requests();
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert!(far.counters().requests() > asked, "it was asked");
    assert_eq!((ids(&chain), &chain.mirror, chain.beside.len()), (vec![tip.clone()], &near.url(), 0));
    // Nor is it when the site has accepted what the other does not have yet.
    site.complete(&repo, &tip, &[""]).await.unwrap();
    hand.pass(HOUR);
    let chain = site.advance(Some(&tip)).await.unwrap();
    assert_eq!((chain.commits.len(), chain.beside.len()), (0, 0));
}

#[tokio::test]
async fn one_that_is_further_on_the_same_line_wins() {
    for filter in [true, false] {
        let Scene { repo, other, floor, near, far, hand, site } = scene(filter).await;
        let between = repo.write("fleet.yaml", "2").commit("between");
        pull(&repo, &other);
        let tip = other.write("fleet.yaml", "3").commit("tip");
        // Until they are compared, the preferred one is followed.
        assert_eq!(site.advance(Some(&floor)).await.unwrap().mirror, near.url());
        hand.pass(HOUR);
        let chain = site.advance(Some(&floor)).await.unwrap();
        assert_eq!((ids(&chain), &chain.mirror), (vec![tip.clone(), between.clone()], &far.url()));
        assert!(chain.beside.is_empty());
        let artifact = site.complete(&other, &tip, &[""]).await.unwrap();
        assert_eq!(artifact.file(&"fleet.yaml".parse().unwrap()), Some(&b"3"[..]), "filter: {filter}");
    }
}

#[tokio::test]
async fn another_line_is_told_until_it_is_gone() {
    for filter in [true, false] {
        let Scene { repo, other, floor, near, far, hand, site } = scene(filter).await;
        let tip = repo.write("fleet.yaml", "2").commit("tip");
        let fork = other.write("fleet.yaml", "forked").commit("fork");
        hand.pass(HOUR);
        let chain = site.advance(Some(&floor)).await.unwrap();
        assert_eq!((ids(&chain), &chain.mirror), (vec![tip.clone()], &near.url()));
        let [rival] = &chain.beside[..] else { panic!("{:?}", chain.beside) };
        assert_eq!((ids(rival), &rival.mirror), (vec![fork.clone()], &far.url()));

        // It is remembered between two looks, also when the site has moved on and it does not even meet the base any more.
        site.complete(&repo, &tip, &[""]).await.unwrap();
        let chain = site.advance(Some(&tip)).await.unwrap();
        assert_eq!(chain.beside.len(), 1);
        hand.pass(HOUR);
        let before = far.counters().down();
        let chain = site.advance(Some(&tip)).await.unwrap();
        assert_eq!(ids(&chain.beside[0])[0], fork);
        assert!(far.counters().down() - before < 4_000, "it is not fetched again");

        pull(&repo, &other);
        hand.pass(HOUR);
        assert!(site.advance(Some(&tip)).await.unwrap().beside.is_empty(), "filter: {filter}");
    }
}

#[tokio::test]
async fn a_preferred_mirror_on_another_line_is_passed_over_and_told() {
    let Scene { repo, other, floor, near, far, site, .. } = scene(true).await;
    // The site follows the second line from here on: the first was rewritten.
    let tip = other.write("fleet.yaml", "2").commit("tip");
    let root = repo.rev_parse(&format!("{floor}~1"));
    repo.reset(&root);
    let rewritten = repo.write("fleet.yaml", "rewritten").commit("rewritten");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), &chain.mirror), (vec![tip], &far.url()));
    let [rival] = &chain.beside[..] else { panic!("{:?}", chain.beside) };
    assert_eq!((ids(rival)[0].clone(), &rival.mirror), (rewritten, &near.url()));
}
