//! Two mirrors that say different things: the site goes on with what is proven, and says what is wrong.

use crate::support::git::{Key, Repo};
use crate::support::site::{TestSite, config_map};
use crate::support::source::mirror;
use crate::support::tls::{GitServer, Options};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use standfast::model::{Moment, Trouble};
use std::sync::Arc;

/// A site with a second mirror, which has a repository of its own.
fn site(name: &str) -> (TestSite, Repo, GitServer) {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), name);
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    site.commit("first");
    let other = Repo::init();
    pull(&site.repo, &other);
    let server = GitServer::start(&other.path(), Options::default());
    site.others = vec![mirror(&server)];
    (site, other, server)
}

fn pull(from: &Repo, to: &Repo) {
    let path = from.path();
    let path = path.to_str().unwrap();
    to.git(&["fetch", "--quiet", "--force", "--update-head-ok", path, "main:refs/heads/main"]);
    to.git(&["reset", "--quiet", "--hard"]);
}

fn refused(moments: &[Moment]) -> Vec<Trouble> {
    let refused = moments.iter().filter_map(|moment| match moment {
        Moment::Refused(trouble) => Some(trouble.clone()),
        _ => None,
    });
    refused.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_mirror_offers_unsigned_keeps_nobody_from_what_another_offers_signed() {
    let (site, other, server) = site("mirrors-unsigned");
    site.pass().await;
    site.repo.write("a.yaml", config_map("default", "a", "evil")).commit("unsigned");
    let good = other.write("a.yaml", config_map("default", "a", "2")).commit_signed("good", &site.signer);
    site.pass().await;
    assert_eq!(site.value("default", "a").await.unwrap(), "2");
    let status = site.status();
    assert_eq!(status.revision.last_good, revision(&good));
    assert_eq!(status.link.mirror, Some(server.url()));
    assert_eq!(status.link.alarm.unwrap().code, "Unsigned", "that mirror is told");

    // With nobody else to ask, it is told why what is offered is refused.
    server.set(|options| options.answer = crate::support::tls::Answer::Status(503));
    site.fail().await.holds("NotADescendant", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signed_lines_are_an_alarm_and_what_was_accepted_goes_on() {
    let (site, other, server) = site("mirrors-conflict");
    site.pass().await;
    let followed = site.repo.write("a.yaml", config_map("default", "a", "2"));
    let followed = followed.commit_signed("followed", &site.signer);
    let fork = other.write("a.yaml", config_map("default", "a", "fork")).commit_signed("fork", &site.signer);

    let ending = site.once().await;
    assert_eq!(ending, standfast::agent::Ending::Done);
    let told = refused(&site.told.take());
    let [alarm] = &told[..] else { panic!("{told:?}") };
    assert_eq!(alarm.reason, "MirrorsConflict");
    for words in [&server.url(), &fork[..7], &followed[..7], "alice"] {
        assert!(alarm.message.contains(words), "{words} is not in {}", alarm.message);
    }
    let status = site.status();
    assert_eq!(status.revision.last_good, revision(&followed));
    assert_eq!(status.link.alarm.unwrap().code, "MirrorsConflict");
    assert_eq!(site.value("default", "a").await.unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_line_that_nobody_signed_is_told_as_such() {
    let (site, other, _server) = site("mirrors-mallory");
    site.pass().await;
    let mallory = Key::generate("mallory");
    site.commit("followed");
    other.write("a.yaml", config_map("default", "a", "evil")).commit_signed("evil", &mallory);
    site.once().await;
    let told = refused(&site.told.take());
    assert_eq!(told.iter().map(|trouble| trouble.reason).collect::<Vec<_>>(), ["MirrorUntrusted"]);
    assert_eq!(site.status().link.alarm.unwrap().code, "MirrorUntrusted");
}
