//! A link that breaks: what came whole before stays, and the rest is asked for, until all is there.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use crate::support::wire::Fault;
use standfast::model::{ChainEnd, Classify, ErrorClass, RepoPath};
use standfast::source::{Error, Source};
use std::fs;
use std::time::Duration;

/// How many folders the fleet has, and files in each.
const FOLDERS: usize = 8;
const FILES: usize = 50;

/// Bytes of a file before they are written as hexadecimal: no two files share any, so that none is a delta of another.
const SETTINGS: usize = 600;

/// Settings that do not compress well, as real ones do not: some 700 bytes a file when packed.
fn settings(bytes: &[u8]) -> String {
    let line = |chunk: &[u8]| chunk.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines = bytes.chunks(30).map(line);
    lines.enumerate().map(|(at, line)| format!("setting-{at}: {line}\n")).collect()
}

fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "kind: Fleet\n");
    let bytes = noise(FOLDERS * FILES * SETTINGS);
    for (number, bytes) in bytes.chunks(SETTINGS).enumerate() {
        let (folder, file) = (number / FILES, number % FILES);
        repo.write(&format!("apps/a{folder}/f{file}.yaml"), settings(bytes));
    }
    repo
}

/// A long message, much like the one before it.
fn message(number: usize) -> String {
    settings(&noise(number * 4 + SETTINGS)[number * 4..])[..900].to_owned()
}

fn down(server: &GitServer) -> u64 {
    server.counters().down()
}

/// Bytes that an unbroken transfer of all of it takes.
async fn ideal(repo: &Repo, tip: &str, options: &Options) -> u64 {
    let server = GitServer::start(&repo.path(), options.clone());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(repo, tip, &[""]).await.unwrap();
    down(&server)
}

#[tokio::test]
async fn a_link_that_breaks_again_and_again_brings_everything() {
    let repo = fleet();
    let tip = repo.commit("first");
    for (filter, http2) in [(true, true), (true, false), (false, true), (false, false)] {
        let whole = Options { filter, http2, ..Options::default() };
        let ideal = ideal(&repo, &tip, &whole).await;
        // Over HTTP/1.1 the server chooses how much it encrypts at once, 16 KiB, and of such a record a part is nothing.
        let fault = Some(Fault::CloseAfter(if http2 { 32 << 10 } else { 64 << 10 }));
        let server = GitServer::start(&repo.path(), Options { fault, ..whole });
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
        assert_eq!(artifact.files.len(), FOLDERS * FILES + 1);
        let (cost, cuts) = (down(&server), server.counters().connections());
        assert!(ideal > 200_000 && cuts > 5, "{ideal} bytes, {cuts} connections");
        assert!(cost < ideal * 13 / 10, "{cost} instead of {ideal}, filter: {filter}, http2: {http2}");
    }
}

#[tokio::test]
async fn a_link_that_falls_silent_again_and_again_brings_everything() {
    let repo = fleet();
    let tip = repo.commit("first");
    for http2 in [true, false] {
        let whole = Options { http2, ..Options::default() };
        let ideal = ideal(&repo, &tip, &whole).await;
        let fault = Some(Fault::StallAfter(ideal / 3));
        let server = GitServer::start(&repo.path(), Options { fault, ..whole });
        let site = SiteSource::new(vec![mirror(&server)])
            .change(|settings| settings.timeouts.idle = Duration::from_millis(500));
        site.advance(None).await.unwrap();
        let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
        assert_eq!(artifact.files.len(), FOLDERS * FILES + 1);
        let (cost, connections) = (down(&server), server.counters().connections());
        assert!(
            connections > 2 && cost < ideal * 13 / 10,
            "{cost} instead of {ideal}, {connections} connections"
        );
    }
}

/// A server that has much to do before it answers gets the time for it, if not at once.
#[tokio::test]
async fn a_server_that_is_silent_for_long_before_it_answers_is_waited_for() {
    let repo = fleet();
    let tip = repo.commit("first");
    let slow = Answer::Slow(Duration::from_millis(2500));
    let server = GitServer::start(&repo.path(), Options { answer: slow, ..Options::default() });
    let site = SiteSource::new(vec![mirror(&server)])
        .change(|settings| settings.timeouts.idle = Duration::from_secs(1));
    let error = site.advance(None).await.unwrap_err();
    assert!(error.to_string().contains("timed out"), "{error}");
    // Where the machine is busy it may take more tries than one.
    for _ in 0..5 {
        if site.advance(None).await.is_ok()
            && let Ok(artifact) = site.complete(&repo, &tip, &[""]).await
        {
            assert_eq!(artifact.files.len(), FOLDERS * FILES + 1);
            return;
        }
    }
    panic!("it never waits long enough");
}

#[tokio::test]
async fn what_came_before_a_break_is_not_fetched_again_by_another_call() {
    let repo = fleet();
    let tip = repo.commit("first");
    let options = Options { http2: false, ..Options::default() };
    let ideal = ideal(&repo, &tip, &options).await;
    let fault = Some(Fault::CloseAfter(ideal / 2));
    let server = GitServer::start(&repo.path(), Options { fault, ..options });
    let site = SiteSource::new(vec![mirror(&server)]);
    // The one connection breaks in the middle, and then none comes about.
    server.counters().refuse_after(1);
    site.advance(None).await.unwrap();
    let error = site.complete(&repo, &tip, &[""]).await.unwrap_err();
    assert_eq!((error.reason(), error.class()), ("ContentMissing", ErrorClass::Transient), "{error}");

    server.counters().refuse_after(u64::MAX);
    server.set(|options| options.fault = None);
    let (site, before) = (site.restart(), down(&server));
    let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
    assert_eq!(artifact.files.len(), FOLDERS * FILES + 1);
    let rest = down(&server) - before;
    assert!(rest < ideal * 6 / 10, "{rest} of {ideal}");
}

#[tokio::test]
async fn a_download_that_a_crash_cut_off_is_salvaged_at_the_next_start() {
    for filter in [true, false] {
        let repo = fleet();
        let tip = repo.commit("first");
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        // As a killed process leaves it: the first half of the answer, and a torn block at its end.
        let tree = format!("{tip}^{{tree}}\n");
        let pack = repo.git_with_input(&["pack-objects", "--stdout", "--revs", "--quiet"], tree.as_bytes());
        let mut part = pack[..pack.len() / 2].to_vec();
        part.extend([0; 4096]);
        let arriving = site.objects().join("arriving");
        fs::create_dir_all(&arriving).unwrap();
        fs::write(arriving.join("main-0.part"), part).unwrap();
        fs::write(arriving.join("nonsense.part"), "nonsense").unwrap();

        let (site, before) = (site.restart(), down(&server));
        site.complete(&repo, &tip, &[""]).await.unwrap();
        let rest = down(&server) - before;
        assert!(rest < pack.len() as u64 * 6 / 10, "{rest} of {}", pack.len());
        assert!(!arriving.exists() || fs::read_dir(&arriving).unwrap().next().is_none());
    }
}

#[tokio::test]
async fn a_part_that_ended_the_process_is_not_tried_again() {
    let repo = fleet();
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    let pack = repo.git_with_input(&["pack-objects", "--stdout", "--revs", "--quiet"], b"main\n");
    let arriving = site.objects().join("arriving");
    fs::create_dir_all(&arriving).unwrap();
    fs::write(arriving.join("main-0.tried"), pack).unwrap();
    let site = site.restart();
    server.set(|options| options.answer = crate::support::tls::Answer::Status(503));
    let error = site.complete(&repo, &tip, &[""]).await.unwrap_err();
    assert_eq!(error.reason(), "ContentMissing");
    assert!(!arriving.join("main-0.tried").exists());
}

#[tokio::test]
async fn a_long_chain_comes_in_parts() {
    for filter in [true, false] {
        let repo = Repo::init();
        let floor = repo.write("fleet.yaml", "0").commit("floor");
        // Messages that break this link some ten times. It carries at least one TLS record, which comes whole or not at all.
        let commit = |at: usize| repo.write("fleet.yaml", at.to_string()).commit(&message(at));
        let mut chain: Vec<String> = (0..300).map(commit).collect();
        chain.reverse();
        let fault = Some(Fault::CloseAfter(24 << 10));
        let server = GitServer::start(&repo.path(), Options { filter, fault, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        let offered = site.advance(Some(&floor)).await.unwrap();
        assert_eq!((ids(&offered), offered.end), (chain.clone(), ChainEnd::Base(floor.parse().unwrap())));
        assert!(server.counters().connections() > 3, "{}", server.counters().connections());
        let artifact = site.complete(&repo, &chain[0], &[""]).await.unwrap();
        assert_eq!(files(&artifact), [("fleet.yaml".to_owned(), "299".to_owned())]);
    }
}

#[tokio::test]
async fn a_chain_that_came_in_parts_is_kept_when_the_tip_moves_on() {
    let repo = Repo::init();
    let floor = repo.write("fleet.yaml", "0").commit("floor");
    let commit = |at: usize| repo.write("fleet.yaml", at.to_string()).commit(&message(at));
    let below: Vec<String> = (0..30).map(commit).collect();
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    // One connection, which breaks within the chain.
    server.set(|options| options.fault = Some(Fault::CloseAfter(10 << 10)));
    server.counters().refuse_after(1);
    assert_eq!(site.advance(Some(&floor)).await.unwrap_err().reason(), "Unreachable");

    server.counters().refuse_after(u64::MAX);
    server.set(|options| options.fault = None);
    let tip = repo.write("fleet.yaml", "tip").commit("tip");
    let before = down(&server);
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!(chain.commits.len(), 31);
    assert!(down(&server) - before < 16_000, "{}", down(&server) - before);
    // What came with the tip of before is part of the line now.
    site.complete(&repo, &tip, &[""]).await.unwrap();
    let site = site.restart();
    for commit in &below {
        assert!(site.git.recall(&commit.parse().unwrap()).await.unwrap().is_some(), "{commit}");
    }
}

#[tokio::test]
async fn an_object_larger_than_the_link_carries_is_named_and_stops_nothing_else() {
    for filter in [true, false] {
        let repo = fleet();
        let tip = repo.write("apps/a3/model.bin", noise(200_000)).commit("large");
        let fault = Some(Fault::CloseAfter(48 << 10));
        let server = GitServer::start(&repo.path(), Options { filter, fault, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        let error = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
        assert_eq!((error.reason(), error.class()), ("ObjectTooLarge", ErrorClass::Transient), "{error}");
        let Error::ObjectTooLarge { objects, .. } = &error else { panic!("{error}") };
        let path: RepoPath = "apps/a3/model.bin".parse().unwrap();
        assert!(objects.len() == 1 && objects[&path] > 10_000, "{objects:?}");
        assert!(error.to_string().contains("apps/a3/model.bin"), "{error}");

        // All else is there, and the object is left alone for a while.
        let before = server.counters().requests();
        let rest: Vec<String> = (0..FOLDERS).filter(|at| *at != 3).map(|at| format!("apps/a{at}")).collect();
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        assert_eq!(site.complete(&repo, &tip, &rest).await.unwrap().files.len(), (FOLDERS - 1) * FILES);
        assert_eq!(site.complete(&repo, &tip, &["apps"]).await.unwrap_err().reason(), "ObjectTooLarge");
        assert_eq!(server.counters().requests(), before);
    }
}

#[tokio::test]
async fn another_mirror_gives_the_object_that_the_first_link_does_not_carry() {
    let repo = fleet();
    let tip = repo.write("apps/a3/model.bin", noise(200_000)).commit("large");
    let near = GitServer::start(
        &repo.path(),
        Options { fault: Some(Fault::CloseAfter(48 << 10)), ..Options::default() },
    );
    let far = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&near), mirror(&far)]);
    site.advance(None).await.unwrap();
    let artifact = site.complete(&repo, &tip, &["apps"]).await.unwrap();
    assert_eq!(artifact.files.len(), FOLDERS * FILES + 1);
    assert!(down(&far) < 220_000, "no more than that object: {}", down(&far));
}

#[tokio::test]
async fn commits_without_their_content_are_enough_of_a_long_chain() {
    // From a server that does not filter; a hundred commits, each with a file of its own that nobody needs.
    let repo = Repo::init();
    let floor = repo.write("apps/a/x.yaml", "x").commit("floor");
    let commit =
        |at: usize| repo.write("apps/b/big.bin", &noise(20_000 + at)[at..]).commit(&format!("change {at}"));
    let tip = (0..100).map(commit).last().unwrap();
    let server = GitServer::start(&repo.path(), Options::unfiltered());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.complete(&repo, &floor, &["apps/a"]).await.unwrap();
    let before = down(&server);
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((chain.commits.len(), chain.end), (100, ChainEnd::Base(floor.parse().unwrap())));
    assert!(
        down(&server) - before < 80_000,
        "two megabytes are left where they are: {}",
        down(&server) - before
    );
    let artifact = site.complete(&repo, &tip, &["apps/a"]).await.unwrap();
    assert_eq!(files(&artifact), [("apps/a/x.yaml".to_owned(), "x".to_owned())]);
}
