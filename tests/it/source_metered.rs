//! Links whose bytes cost money: asked less, kept from bulk while another answers, and held to a budget.

use crate::support::git::{Repo, noise};
use crate::support::source::{Hand, SiteSource, metered, mirror, want};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::model::{Classify, Purpose};
use standfast::source::{Budget, BulkWindow, Error, Limits, Source};
use std::time::Duration;

/// 2026-06-01T00:00:00Z.
const JUNE: u64 = 1_780_272_000;
const HOUR: u64 = 3600;

fn fleet() -> (Repo, String) {
    let repo = Repo::init();
    for at in 0..60 {
        // Text of 4 kB that packs to half of that.
        let noise = &noise(130_000)[at * 2000..][..2000];
        let text: String = noise.iter().map(|byte| format!("{byte:02x}")).collect();
        repo.write(&format!("apps/a/{at}.yaml"), text);
    }
    let floor = repo.commit("floor");
    (repo, floor)
}

fn site(mirrors: Vec<standfast::source::MirrorSettings>, hand: &Hand, budget: Budget) -> SiteSource {
    SiteSource::at(mirrors, Limits::default(), hand.clock()).change(|settings| {
        settings.poll = Duration::from_secs(300);
        settings.budget = budget;
    })
}

#[tokio::test]
async fn it_is_asked_every_sixth_time_and_whenever_a_person_waits() {
    let (repo, floor) = fleet();
    let server = GitServer::start(&repo.path(), Options::default());
    let hand = Hand::at(JUNE);
    let site = site(vec![metered(&server)], &hand, Budget::default());
    site.advance(Some(&floor)).await.unwrap();
    for _ in 0..5 {
        hand.pass(300);
        let asked = server.counters().requests();
        let error = site.advance(Some(&floor)).await.unwrap_err();
        assert!(matches!(error, Error::NotDue { until } if until == JUNE + 1800), "{error}");
        assert_eq!(server.counters().requests(), asked);
    }
    let ordered = standfast::source::Want { is_ordered: true, ..want(Some(&floor)) };
    site.git.advance(&ordered).await.unwrap();
    hand.pass(1800);
    site.advance(Some(&floor)).await.unwrap();
}

#[tokio::test]
async fn while_another_answers_it_gives_neither_news_nor_content() {
    let (repo, floor) = fleet();
    let costly = GitServer::start(&repo.path(), Options::default());
    let free = GitServer::start(&repo.path(), Options::default());
    let hand = Hand::at(JUNE);
    // Preferred as it is: what costs nothing comes first.
    let site = site(vec![metered(&costly), mirror(&free)], &hand, Budget::default());
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &["apps"]).await.unwrap();
    assert_eq!(costly.counters().connections(), 0);

    // News by the costly one, for the other is away; content by the other, for it is back.
    free.set(|options| options.answer = Answer::Status(503));
    let tip = repo.write("apps/b/1.yaml", noise(20_000)).commit("tip");
    assert_eq!(site.advance(Some(&floor)).await.unwrap().mirror, costly.url());
    free.set(|options| options.answer = Answer::Git);
    let before = costly.counters().down();
    site.complete(&repo, &tip, &["apps"]).await.unwrap();
    assert_eq!(costly.counters().down(), before);

    // Content by the costly one where nobody else has it.
    free.set(|options| options.answer = Answer::Status(503));
    let tip = repo.write("apps/b/2.yaml", noise(30_000)).commit("tip");
    hand.pass(1800);
    site.advance(Some(&floor)).await.unwrap();
    site.complete(&repo, &tip, &["apps"]).await.unwrap();
    assert!(costly.counters().down() > before + 30_000);
}

#[tokio::test]
async fn what_is_over_the_budget_waits_and_what_came_is_kept() {
    for filter in [true, false] {
        let (repo, floor) = fleet();
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let hand = Hand::at(JUNE);
        let per_hour = Budget { per_hour: Some(60_000), ..Budget::default() };
        let site = site(vec![metered(&server)], &hand, per_hour);
        site.advance(None).await.unwrap();
        let mut hours = 0;
        let artifact = loop {
            let before = server.counters().down();
            match site.complete(&repo, &floor, &["apps"]).await {
                Ok(artifact) => break artifact,
                Err(error) => {
                    assert!(error.to_string().contains("budget is spent until 2026-06-01T0"), "{error}");
                    // What was on its way when it was broken off comes all the same.
                    assert!(server.counters().down() - before < 60_000 + 80_000);
                    // Asked again within the hour, nothing goes over the link.
                    let requests = server.counters().requests();
                    site.complete(&repo, &floor, &["apps"]).await.unwrap_err();
                    assert_eq!(server.counters().requests(), requests);
                    let report = &site.git.link()[0];
                    assert_eq!(report.spent_until, Some(JUNE + (hours + 1) * HOUR));
                }
            }
            hours += 1;
            assert!(hours < 10, "it goes on");
            hand.pass(HOUR);
        };
        assert_eq!(artifact.files.len(), 60);
    }
}

#[tokio::test]
async fn what_its_commit_calls_urgent_overdraws_the_budget() {
    for filter in [true, false] {
        let (repo, floor) = fleet();
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let hand = Hand::at(JUNE + 12 * HOUR);
        let bulk_window = Some(BulkWindow { begins: 60, ends: 5 * 60 });
        let budget = Budget { per_day: Some(20_000), bulk_window, ..Budget::default() };
        let site = site(vec![metered(&server)], &hand, budget);
        site.advance(None).await.unwrap();
        site.complete(&repo, &floor, &["apps"]).await.unwrap_err();
        // The urgent one need not be the last one.
        repo.write("apps/a/1.yaml", "fixed")
            .commit("fix\n\nthe till does not open\n\nStandfast-Urgent: true");
        let tip = repo.write("apps/a/2.yaml", "typo").commit("typo");
        let ordered = standfast::source::Want { is_ordered: true, ..want(Some(&floor)) };
        site.git.advance(&ordered).await.unwrap();
        let artifact = site.complete(&repo, &tip, &["apps"]).await;
        // A site without anything has no line above what it has: there the tip speaks for itself.
        assert_eq!(artifact.unwrap_err().reason(), "ContentMissing");
        let tip = repo.write("apps/a/3.yaml", "fixed").commit("now\n\nStandfast-Urgent: true");
        site.git.advance(&ordered).await.unwrap();
        assert_eq!(site.complete(&repo, &tip, &["apps"]).await.unwrap().files.len(), 60);
        assert!(site.git.link()[0].spent_until.is_some(), "what it cost counts all the same");

        // From here on it has a line.
        let base = tip;
        repo.write("apps/a/1.yaml", noise(3_000)).commit("fix\n\nStandfast-Urgent: true");
        let tip = repo.write("apps/a/2.yaml", "typo").commit("typo again");
        site.git
            .advance(&standfast::source::Want { base: Some(base.parse().unwrap()), ..ordered })
            .await
            .unwrap();
        assert_eq!(site.complete(&repo, &tip, &["apps"]).await.unwrap().files.len(), 60);
        let base = tip;
        let tip = repo.write("apps/b/9.yaml", noise(9_000)).commit("no hurry");
        site.git
            .advance(&standfast::source::Want {
                base: Some(base.parse().unwrap()),
                is_ordered: true,
                ..want(None)
            })
            .await
            .unwrap();
        let done = site.complete(&repo, &tip, &["apps"]).await;
        // From a server that does not filter, content has come with the commits.
        assert_eq!(done.is_err(), filter);
    }
}

#[tokio::test]
async fn bulk_waits_for_its_window_and_news_do_not() {
    let (repo, floor) = fleet();
    let server = GitServer::start(&repo.path(), Options::default());
    let hand = Hand::at(JUNE + 12 * HOUR);
    let bulk_window = Some(BulkWindow { begins: 60, ends: 5 * 60 });
    let site = site(vec![metered(&server)], &hand, Budget { bulk_window, ..Budget::default() });
    site.advance(None).await.unwrap();
    let error = site.complete(&repo, &floor, &["apps"]).await.unwrap_err();
    assert_eq!(error.reason(), "ContentMissing");
    assert!(error.to_string().contains("spent until 2026-06-02T01:00:00Z"), "{error}");
    hand.pass(13 * HOUR);
    assert_eq!(site.complete(&repo, &floor, &["apps"]).await.unwrap().files.len(), 60);
}

#[tokio::test]
async fn bytes_are_told_by_mirror_and_purpose_and_outlive_the_process() {
    let (repo, floor) = fleet();
    let (one, other) = (
        GitServer::start(&repo.path(), Options::default()),
        GitServer::start(&repo.path(), Options::default()),
    );
    let hand = Hand::at(JUNE);
    let site = site(vec![mirror(&one), metered(&other)], &hand, Budget::default());
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &["apps"]).await.unwrap();
    let site = site.restart();
    let [first, second] = &site.git.link()[..] else { panic!("two mirrors") };
    assert_eq!(
        (&first.mirror, first.is_metered, &second.mirror, second.is_metered),
        (&one.url(), false, &other.url(), true)
    );
    let of = |purpose| first.today.iter().find(|(own, _)| *own == purpose).unwrap().1;
    assert!((100..5_000).contains(&of(Purpose::News).down));
    assert!((100..5_000).contains(&of(Purpose::Commits).down));
    assert!(of(Purpose::Content).down > 60_000, "{first:?} {}", one.counters().down());
    assert!(second.today.iter().all(|(_, bytes)| bytes.total() == 0));
    hand.pass(24 * HOUR);
    let [first, _] = &site.git.link()[..] else { panic!("two mirrors") };
    assert!(first.today.iter().all(|(_, bytes)| bytes.total() == 0), "another day");
    assert!(first.ever.iter().any(|(_, bytes)| bytes.total() > 60_000));
}
