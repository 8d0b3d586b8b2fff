//! Several mirrors: the first that is of use wins, and one that lags behind keeps no news from the site.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::model::{ChainEnd, Classify, ErrorClass};
use standfast::source::{Error, MirrorSettings};

struct Two {
    repo: Repo,
    near: GitServer,
    far: GitServer,
    site: SiteSource,
    floor: String,
}

/// Two mirrors of one repository, and a site that has accepted its first commit.
async fn two() -> Two {
    let repo = Repo::init();
    let floor = repo.write("fleet.yaml", "1").commit("floor");
    let near = GitServer::start(&repo.path(), Options::default());
    let far = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&near), mirror(&far)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &[""]).await.unwrap();
    Two { repo, near, far, site, floor }
}

#[tokio::test]
async fn the_second_is_asked_only_when_the_first_is_of_no_use() {
    let Two { repo, near, far, site, floor } = two().await;
    assert_eq!(far.counters().connections(), 0);
    near.set(|options| options.answer = Answer::LoginPage);
    let tip = repo.write("fleet.yaml", "2").commit("next");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), chain.mirror), (vec![tip.clone()], far.url()));

    // Content comes first from where the chain came from.
    let asked = near.counters().requests();
    let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
    assert_eq!(files(&artifact), [("fleet.yaml".to_owned(), "2".to_owned())]);
    assert_eq!(near.counters().requests(), asked);
}

#[tokio::test]
async fn content_comes_from_another_mirror_when_the_first_breaks_in_between() {
    let Two { repo, near, far, site, floor } = two().await;
    let tip = repo.write("fleet.yaml", "2").commit("next");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!(chain.mirror, near.url());
    near.set(|options| options.answer = Answer::Status(500));
    let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
    assert_eq!(files(&artifact)[0].1, "2");
    assert!(far.counters().requests() > 0);
}

#[tokio::test]
async fn a_mirror_that_lags_behind_the_floor_keeps_no_news_from_us() {
    let repo = Repo::init();
    let old = repo.write("fleet.yaml", "0").commit("old");
    let lagging = Repo::init();
    lagging.git(&[
        "fetch",
        "--quiet",
        repo.path().to_str().unwrap(),
        "main:refs/heads/main",
        "--update-head-ok",
    ]);
    let floor = repo.write("fleet.yaml", "1").commit("floor");
    let behind = GitServer::start(&lagging.path(), Options::default());
    let ahead = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&behind), mirror(&ahead)]);
    let tip = repo.write("fleet.yaml", "2").commit("tip");

    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), chain.mirror), (vec![tip], ahead.url()));

    // With nobody else to ask, what the lagging one offers is answered, and trust judges it.
    ahead.set(|options| options.answer = Answer::Status(502));
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), chain.end), (vec![old], ChainEnd::Root));
}

#[tokio::test]
async fn when_none_is_of_use_each_is_named_with_its_reason() {
    let Two { near, far, site, floor, .. } = two().await;
    near.set(|options| options.answer = Answer::Status(404));
    far.set(|options| options.answer = Answer::LoginPage);
    let error = site.advance(Some(&floor)).await.unwrap_err();
    assert_eq!((error.reason(), error.class()), ("MirrorsFailed", ErrorClass::Transient));
    let told = error.to_string();
    for words in [near.url(), "HTTP 404".into(), far.url(), "text/html".into()] {
        assert!(told.contains(&words), "{words:?} is not in: {told}");
    }
    let Error::Mirrors { failures } = error else { panic!("{error}") };
    assert_eq!(
        failures.iter().map(|failure| failure.error.reason()).collect::<Vec<_>>(),
        ["NotFound", "NotGit"]
    );
}

#[tokio::test]
async fn without_a_mirror_the_configuration_is_wrong() {
    let error = SiteSource::new(Vec::new()).advance(None).await.unwrap_err();
    assert_eq!((error.reason(), error.class()), ("NoMirrors", ErrorClass::Misconfigured));
    assert!(error.to_string().contains("source.mirrors"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_skipped() {
    let repo = Repo::init();
    let tip = repo.write("fleet.yaml", "1").commit("floor");
    let server = GitServer::start(&repo.path(), Options::default());
    let stick = MirrorSettings::Local { path: "/media/nothing/is/here".into() };
    let site = SiteSource::new(vec![stick, mirror(&server)]);
    assert_eq!(ids(&site.advance(None).await.unwrap()), [tip]);
}
