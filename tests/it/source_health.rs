//! How mirrors answered is remembered: one that failed is passed over while another answers, and is used again when it is back.

use crate::support::git::Repo;
use crate::support::source::{Hand, SiteSource, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::model::Classify;
use standfast::source::{Limits, Source};

/// 2026-06-01T00:00:00Z, while the servers' certificates are good.
const JUNE: u64 = 1_780_272_000;

struct Two {
    floor: String,
    repo: Repo,
    near: GitServer,
    far: GitServer,
    hand: Hand,
    site: SiteSource,
}

/// A site that has accepted the first commit, and has compared its two mirrors.
async fn two() -> Two {
    let repo = Repo::init();
    let floor = repo.write("fleet.yaml", "1").commit("floor");
    let near = GitServer::start(&repo.path(), Options::default());
    let far = GitServer::start(&repo.path(), Options::default());
    let hand = Hand::at(JUNE);
    let site = SiteSource::at(vec![mirror(&near), mirror(&far)], Limits::default(), hand.clock());
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &[""]).await.unwrap();
    site.advance(Some(&floor)).await.unwrap();
    Two { floor, repo, near, far, hand, site }
}

#[tokio::test]
async fn a_mirror_that_fails_again_and_again_is_passed_over_and_comes_back() {
    let Two { repo: _repo, floor, near, far, hand, site } = two().await;
    near.set(|options| options.answer = Answer::Status(503));
    for _ in 0..2 {
        let chain = site.advance(Some(&floor)).await.unwrap();
        assert_eq!(chain.mirror, far.url());
        hand.pass(10);
    }
    // Twice in a row: for a minute nobody asks it.
    let asked = near.counters().requests();
    site.advance(Some(&floor)).await.unwrap();
    assert_eq!(near.counters().requests(), asked);
    near.set(|options| options.answer = Answer::Git);
    hand.pass(60);
    assert_eq!(site.advance(Some(&floor)).await.unwrap().mirror, near.url());
}

#[tokio::test]
async fn what_is_known_of_a_mirror_outlives_the_process() {
    let Two { repo: _repo, floor, near, far, hand, site } = two().await;
    near.set(|options| options.answer = Answer::Status(503));
    for _ in 0..2 {
        site.advance(Some(&floor)).await.unwrap();
    }
    let (before, site) = (site.git.link(), site.restart());
    assert_eq!(site.git.link(), before);
    assert_eq!((before[0].failures, before[1].failures), (2, 0));
    assert!(before[0].answered.is_some() && before[1].today.iter().any(|(_, bytes)| bytes.down > 0));
    let asked = near.counters().requests();
    assert_eq!(site.advance(Some(&floor)).await.unwrap().mirror, far.url());
    assert_eq!(near.counters().requests(), asked);

    // A damaged file costs a few bytes, no more.
    std::fs::write(site.objects().join("link.json"), "{\"format\":1,\"mirr").unwrap();
    let site = site.restart();
    hand.pass(1);
    site.advance(Some(&floor)).await.unwrap();
    assert!(near.counters().requests() > asked);
}

#[tokio::test]
async fn those_that_failed_are_asked_when_nobody_else_is_of_use() {
    let Two { repo: _repo, floor, near, far, site, .. } = two().await;
    for server in [&near, &far] {
        server.set(|options| options.answer = Answer::Status(503));
    }
    for _ in 0..3 {
        assert_eq!(site.advance(Some(&floor)).await.unwrap_err().reason(), "MirrorsFailed");
    }
    near.set(|options| options.answer = Answer::Git);
    assert_eq!(site.advance(Some(&floor)).await.unwrap().mirror, near.url());
}

#[tokio::test]
async fn a_mirror_whose_offer_was_refused_is_passed_over_for_this_time() {
    let Two { floor, repo, near, far, site, .. } = two().await;
    let good = repo.write("fleet.yaml", "2").commit("good");
    far.set(|options| options.answer = Answer::Status(503));
    assert_eq!(site.advance(Some(&floor)).await.unwrap().revision.commit.to_string(), good);
    far.set(|options| options.answer = Answer::Git);
    let mut want = crate::support::source::want(Some(&floor));
    want.refused.insert(good.parse().unwrap());
    let asked = near.counters().requests();
    let better = repo.write("fleet.yaml", "3").commit("better");
    let chain = site.git.advance(&want).await.unwrap();
    assert_eq!((chain.mirror, chain.revision.commit.to_string()), (far.url(), better.clone()));
    assert_eq!(near.counters().requests(), asked);
    want.refused.insert(better.parse().unwrap());
    let error = site.git.advance(&want).await.unwrap_err();
    assert_eq!(error.reason(), "NoMirrors", "nobody is left: {error}");
    // The next time all are asked again.
    assert_eq!(site.advance(Some(&floor)).await.unwrap().mirror, near.url());
}
