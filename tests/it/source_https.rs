//! The way of a revision over HTTPS: its commits first, then what was asked for, and no more.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use crate::support::wire::Fault;
use standfast::agent::clock::Clock;
use standfast::model::{ChainEnd, Classify, Purpose};
use standfast::source::{Limits, MirrorSettings, Source};
use standfast_tls::Time;

/// A fleet of a few folders, with a file at the root.
fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "kind: Fleet\n");
    for application in ["pos", "ingress", "menu"] {
        repo.write(&format!("apps/{application}/deployment.yaml"), format!("name: {application}\n"));
        repo.write(&format!("apps/{application}/deep/er/service.yaml"), format!("port: {application}\n"));
    }
    repo
}

#[tokio::test]
async fn the_tip_alone_comes_first_then_the_paths_asked_for() {
    let repo = fleet();
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);

    let chain = site.advance(None).await.unwrap();
    assert_eq!(ids(&chain), [tip.as_str()]);
    assert_eq!(chain.end, ChainEnd::Root);
    assert_eq!(chain.revision.to_string(), format!("refs/heads/main@sha1:{tip}"));
    assert_eq!(chain.mirror, server.url());

    let artifact = site.complete(&repo, &tip, &["fleet.yaml", "apps/pos", "apps/none"]).await.unwrap();
    assert_eq!(
        files(&artifact),
        [
            ("apps/pos/deep/er/service.yaml".to_owned(), "port: pos\n".to_owned()),
            ("apps/pos/deployment.yaml".to_owned(), "name: pos\n".to_owned()),
            ("fleet.yaml".to_owned(), "kind: Fleet\n".to_owned()),
        ]
    );
}

#[tokio::test]
async fn the_chain_comes_down_to_the_base_and_content_by_what_changed() {
    let repo = fleet();
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &["apps/pos"]).await.unwrap();

    let between = repo.write("apps/menu/deployment.yaml", noise(50_000)).commit("menu");
    let tip = repo.write("apps/pos/deployment.yaml", "name: pos2\n").commit("pos");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!(ids(&chain), [tip.as_str(), between.as_str()]);
    assert_eq!(chain.end, ChainEnd::Base(floor.parse().unwrap()));
    let artifact = site.complete(&repo, &tip, &["apps/pos"]).await.unwrap();
    assert_eq!(artifact.file(&"apps/pos/deployment.yaml".parse().unwrap()), Some(&b"name: pos2\n"[..]));
    assert!(
        site.git.traffic_total().down < 10_000,
        "what others changed stays there: {:?}",
        site.git.traffic_total()
    );
}

#[tokio::test]
async fn a_complete_revision_costs_nothing_and_no_news_next_to_nothing() {
    for http2 in [true, false] {
        let repo = fleet();
        let tip = repo.commit("first");
        let server = GitServer::start(&repo.path(), Options { http2, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        site.complete(&repo, &tip, &["", "apps/pos"]).await.unwrap();

        let (asked, counters) = (server.counters().requests(), server.counters());
        let connected = counters.connections();
        site.complete(&repo, &tip, &["apps"]).await.unwrap();
        assert_eq!(counters.requests(), asked);

        for _ in 0..3 {
            let (up, down) = (counters.up(), counters.down());
            site.advance(Some(&tip)).await.unwrap();
            let (up, down) = (counters.up() - up, counters.down() - down);
            assert!(up + down < 1_000, "up {up}, down {down} with TLS, http2: {http2}");
        }
        assert_eq!(counters.connections(), connected, "http2: {http2}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_died_unseen_is_replaced() {
    for http2 in [true, false] {
        let repo = fleet();
        let tip = repo.commit("first");
        // Enough for the handshake and the first answers, then the wire is cut at the next byte.
        let fault = Some(Fault::CloseAfter(8_000));
        let server = GitServer::start(&repo.path(), Options { fault, http2, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        for _ in 0..60 {
            site.advance(Some(&tip)).await.unwrap();
        }
        assert!(server.counters().connections() > 1, "the fault never struck");
    }
}

#[tokio::test]
async fn the_difference_to_a_whole_revision_is_one_small_pack() {
    let repo = fleet();
    for n in 0..200 {
        repo.write(&format!("apps/many/{n}.yaml"), format!("n: {n}\n"));
    }
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    let before = server.counters().requests();
    site.complete(&repo, &floor, &[""]).await.unwrap();
    assert_eq!(server.counters().requests() - before, 1, "nothing is at hand: one request brings all");

    let tip = repo.write("apps/many/7.yaml", "n: seven\n").commit("tip");
    site.advance(Some(&floor)).await.unwrap();
    let (before, total) = (server.counters().requests(), site.git.traffic_total());
    let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
    assert_eq!(artifact.file(&"apps/many/7.yaml".parse().unwrap()), Some(&b"n: seven\n"[..]));
    assert_eq!(server.counters().requests() - before, 1);
    assert!(site.git.traffic_total().down - total.down < 1_500, "the changed tree comes as a delta");
}

#[tokio::test]
async fn commits_of_a_merged_branch_are_not_part_of_the_chain() {
    let repo = fleet();
    let floor = repo.commit("floor");
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.write("apps/pos/deployment.yaml", "side\n").commit("side");
    repo.git(&["checkout", "--quiet", "main"]);
    let main = repo.write("fleet.yaml", "kind: Fleet # main\n").commit("main");
    let merge = repo.merge("side");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!(ids(&chain), [merge, main]);
    assert_eq!(chain.end, ChainEnd::Base(floor.parse().unwrap()));
}

#[tokio::test]
async fn http_without_tls_is_taken_on_loopback() {
    let repo = fleet();
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options { tls: false, ..Options::default() });
    let plain = MirrorSettings::Https {
        url: server.url().parse().unwrap(),
        ca: None,
        credential: None,
        metered: false,
    };
    let site = SiteSource::new(vec![plain]);
    assert_eq!(ids(&site.advance(None).await.unwrap()), [tip]);
}

/// A first revision and a change of it come, whatever the server does with what it is asked for. Answers with the bytes of content that
/// the change took, beside what came with its commits.
async fn comes_from(options: Options) -> u64 {
    let repo = fleet();
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), options);
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    assert_eq!(files(&site.complete(&repo, &floor, &["apps/pos"]).await.unwrap()).len(), 2);
    let content = || {
        let today = &site.git.link()[0].today;
        today.iter().filter(|(own, _)| *own == Purpose::Content).map(|(_, bytes)| bytes.down).sum::<u64>()
    };
    let before = content();
    let tip = repo.write("apps/pos/deployment.yaml", "name: pos2\n").commit("tip");
    site.advance(Some(&floor)).await.unwrap();
    let artifact = site.complete(&repo, &tip, &["apps/pos"]).await.unwrap();
    assert_eq!(artifact.file(&"apps/pos/deployment.yaml".parse().unwrap()), Some(&b"name: pos2\n"[..]));
    content() - before
}

#[tokio::test]
async fn a_server_that_gives_out_only_what_refs_point_to_gives_the_whole_revision() {
    for filter in [true, false] {
        comes_from(Options { filter, refs_only: true, ..Options::default() }).await;
    }
}

/// JGit, which Gerrit and others serve with, filters the trees that were asked for out of its answer.
#[tokio::test]
async fn a_server_that_filters_out_what_was_asked_for_is_asked_without_a_filter() {
    let content = comes_from(Options { answer: Answer::FiltersAll, ..Options::default() }).await;
    assert_eq!(content, 0, "what changed came along with its commits");
}

#[tokio::test]
async fn a_box_that_woke_up_in_1970_connects_by_the_trusted_clock() {
    let repo = fleet();
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let flat_battery = Clock::from_fn(|| jiff::Timestamp::from_second(1000).unwrap());
    let site = SiteSource::at(vec![mirror(&server)], Limits::default(), flat_battery.for_tls());
    assert_eq!(ids(&site.advance(None).await.unwrap()), [tip]);

    // What the system says is not asked: by a clock that is taken for right, the certificate is not valid yet.
    let in_1970 = standfast_tls::Clock::new(|| Time::Now(1000));
    let site = SiteSource::at(vec![mirror(&server)], Limits::default(), in_1970);
    assert_eq!(site.advance(None).await.unwrap_err().reason(), "CertificateNotTrusted");
}
