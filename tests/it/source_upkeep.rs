//! The object database over months: packs are put together, what is not kept goes, and no more is kept than fits.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, files, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::model::{Classify, CommitId};
use standfast::source::{Limits, Source};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

struct Scene {
    repo: Repo,
    server: GitServer,
    site: SiteSource,
    commits: Vec<String>,
}

/// A site that has followed so many changes, each with a file of its own and a line in one that all share.
async fn follow(changes: usize, filter: bool) -> Scene {
    let repo = Repo::init();
    let first = repo.write("fleet.yaml", "0").write("apps/a/x.yaml", noise(40_000)).commit("first");
    let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &first, &[""]).await.unwrap();
    let mut commits = vec![first];
    for at in 0..changes {
        if let Some(before) = at.checked_sub(1) {
            repo.remove(&format!("apps/a/{before}.bin"));
        }
        let own = &noise(40_000 + 3_000 * changes)[40_000 + 3_000 * at..][..3_000];
        repo.write(&format!("apps/a/{at}.bin"), own).write("fleet.yaml", at.to_string());
        let tip = repo.commit(&format!("change {at}"));
        site.advance(commits.last().map(String::as_str)).await.unwrap();
        site.complete(&repo, &tip, &[""]).await.unwrap();
        commits.push(tip);
    }
    Scene { repo, server, site, commits }
}

fn ids(commits: &[String]) -> BTreeSet<CommitId> {
    commits.iter().map(|commit| commit.parse().unwrap()).collect()
}

fn packs(site: &SiteSource) -> Vec<PathBuf> {
    let files = fs::read_dir(site.objects().join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "pack")).collect()
}

fn bytes(site: &SiteSource) -> u64 {
    packs(site).iter().map(|path| path.metadata().unwrap().len()).sum()
}

fn git(scene: &Scene, arguments: &[&str]) -> String {
    let folder = scene.site.objects();
    scene.repo.git(&[&["--git-dir", folder.to_str().unwrap()], arguments].concat())
}

#[tokio::test]
async fn many_packs_become_few_and_what_is_kept_is_all_there() {
    for filter in [true, false] {
        let scene = follow(34, filter).await;
        let Scene { repo, server, site, commits } = &scene;
        let (many, before) = (packs(site).len(), bytes(site));
        assert!(many > 32, "{many} packs");
        let kept = &commits[commits.len() - 3..];
        site.git.retain(&ids(kept)).await.unwrap();
        let (few, after) = (packs(site).len(), bytes(site));
        assert!(few <= 8, "{few} packs of {many}");
        assert!(after < before - 60_000, "what 30 revisions had for themselves is gone: {before} to {after}");

        server.set(|options| options.answer = Answer::Status(503));
        for commit in kept {
            assert_eq!(files(&site.complete(repo, commit, &[""]).await.unwrap()).len(), 3);
        }
        // All commits stay: by them a mirror that lags is told from one that was rewritten.
        for commit in commits {
            assert!(site.git.recall(&commit.parse().unwrap()).await.unwrap().is_some(), "{commit}");
        }
        assert_eq!(site.complete(repo, &commits[5], &[""]).await.unwrap_err().reason(), "ContentMissing");
        for commit in kept {
            git(&scene, &["rev-list", "--objects", &format!("{commit}^{{tree}}")]);
        }
        for pack in packs(site) {
            git(&scene, &["verify-pack", pack.to_str().unwrap()]);
        }
    }
}

#[tokio::test]
async fn deltas_stay_deltas() {
    let repo = Repo::init();
    // A large file of which each change touches one line.
    let line = |at: usize| format!("line {at} {:?}\n", &noise(4_000)[at * 4..][..4]);
    let text = |change: usize| {
        (0..900).map(|at| if at == change { "changed\n".to_owned() } else { line(at) }).collect::<String>()
    };
    let mut tip = repo.write("apps/a/large.yaml", text(1000)).commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &tip, &[""]).await.unwrap();
    let one = bytes(&site);
    let mut commits = vec![tip.clone()];
    for change in 0..34 {
        let next = repo.write("apps/a/large.yaml", text(change)).commit("change");
        site.advance(Some(&tip)).await.unwrap();
        site.complete(&repo, &next, &[""]).await.unwrap();
        tip = next;
        commits.push(tip.clone());
    }
    assert!(bytes(&site) > 20 * one, "each pack holds what its deltas rest on");
    site.git.retain(&ids(&commits)).await.unwrap();
    assert!(bytes(&site) < 4 * one, "{} of {one} for one revision", bytes(&site));
    server.set(|options| options.answer = Answer::Status(503));
    let site = site.restart();
    for (at, commit) in commits.iter().enumerate() {
        let artifact = site.complete(&repo, commit, &[""]).await.unwrap();
        let expected = if at == 0 { text(1000) } else { text(at - 1) };
        assert!(files(&artifact)[0].1 == expected, "revision {at}");
    }
}

#[tokio::test]
async fn a_few_packs_are_left_alone_and_nobody_who_knows_nothing_drops_anything() {
    let Scene { repo, site, commits, server: _server } = follow(3, true).await;
    let before = packs(&site);
    site.git.retain(&ids(&commits[3..])).await.unwrap();
    assert_eq!(packs(&site), before);
    let scene = follow(34, true).await;
    let before = packs(&scene.site);
    scene.site.git.retain(&BTreeSet::new()).await.unwrap();
    assert_eq!(packs(&scene.site), before);
    assert_eq!(files(&site.complete(&repo, &commits[3], &[""]).await.unwrap()).len(), 3);
}

#[tokio::test]
async fn no_more_is_kept_than_fits_and_room_is_made_of_what_is_not_needed() {
    let limits = Limits { database_bytes: 150_000, ..Limits::default() };
    let repo = Repo::init();
    let mut tip = repo.write("apps/a/x.bin", noise(60_000)).commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::with(vec![mirror(&server)], limits);
    site.advance(None).await.unwrap();
    site.complete(&repo, &tip, &[""]).await.unwrap();
    // Each replaces the one before; three of them are over the limit.
    for at in 1..6 {
        let next = repo.write("apps/a/x.bin", &noise(360_000)[at * 60_000..][..60_000]).commit("next");
        site.git.retain(&ids(&[tip.clone()])).await.unwrap();
        site.advance(Some(&tip)).await.unwrap();
        site.complete(&repo, &next, &[""]).await.unwrap();
        assert!(bytes(&site) < 150_000 + 65_000, "{}", bytes(&site));
        tip = next;
    }
    // What is needed itself is over it: no more is taken, and what is there stays.
    let next = repo.write("apps/a/y.bin", &noise(600_000)[400_000..][..150_000]).commit("more");
    site.git.retain(&ids(&[tip.clone()])).await.unwrap();
    site.advance(Some(&tip)).await.unwrap();
    site.complete(&repo, &next, &[""]).await.unwrap();
    let more = repo.write("apps/a/z.bin", noise(1_000)).commit("and more");
    site.git.retain(&ids(&[next.clone()])).await.unwrap();
    let error = site.advance(Some(&next)).await.unwrap_err();
    assert_eq!(error.reason(), "ContentTooLarge", "{error}");
    assert!(error.to_string().contains("what is kept of all revisions"), "{error}");
    assert_eq!(files(&site.complete(&repo, &next, &[""]).await.unwrap()).len(), 2, "{more}");
}

#[tokio::test]
async fn a_power_cut_between_new_packs_and_old_ones_loses_nothing() {
    let Scene { repo, server, site, commits } = follow(34, true).await;
    let old: Vec<(PathBuf, Vec<u8>)> = packs(&site)
        .iter()
        .map(|pack| pack.with_extension("idx"))
        .chain(packs(&site))
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    site.git.retain(&ids(&commits)).await.unwrap();
    // The old ones are there again, but for the index of one: as between two steps.
    for (path, content) in &old[1..] {
        fs::write(path, content).unwrap();
    }
    server.set(|options| options.answer = Answer::Status(503));
    let site = site.restart();
    for commit in &commits {
        site.complete(&repo, commit, &[""]).await.unwrap();
    }
    let orphan = old[0].0.with_extension("pack");
    assert!(!orphan.exists() || orphan.with_extension("idx").exists(), "a pack without an index is cleared");
    site.git.retain(&ids(&commits)).await.unwrap();
    assert!(packs(&site).len() <= 8);
    for commit in &commits {
        site.complete(&repo, commit, &[""]).await.unwrap();
    }
}

#[tokio::test]
async fn a_pack_that_a_power_cut_tore_is_found_at_the_next_start() {
    let Scene { repo, server, site, commits } = follow(2, true).await;
    let torn = packs(&site).into_iter().max_by_key(|pack| pack.metadata().unwrap().len()).unwrap();
    let mut content = fs::read(&torn).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x40;
    fs::remove_file(&torn).unwrap();
    fs::write(&torn, content).unwrap();
    fs::write(torn.with_file_name("tmp_pack_x"), "litter").unwrap();
    server.set(|options| options.answer = Answer::Status(503));
    let site = site.restart();
    // Nothing of it was asked for: the thread has started once it answers.
    assert!(site.git.recall(&commits[0].parse().unwrap()).await.is_ok());
    assert!(!torn.exists() && !torn.with_extension("idx").exists());
    assert!(!torn.with_file_name("tmp_pack_x").exists());
    server.set(|options| options.answer = Answer::Git);
    assert_eq!(files(&site.complete(&repo, &commits[2], &[""]).await.unwrap()).len(), 3);
}
