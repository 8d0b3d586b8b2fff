//! What is on disk after a crash, a power cut and damage: what was promised is there, and litter is in nobody's way.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::source::Source;
use std::fs;
use std::path::{Path, PathBuf};

struct Scene {
    repo: Repo,
    server: GitServer,
    site: SiteSource,
    floor: String,
}

/// A site that has accepted a first revision and has all of it.
async fn scene(filter: bool) -> Scene {
    let repo = Repo::init();
    let floor = repo.write("fleet.yaml", "f").write("apps/a/x.yaml", "x").commit("floor");
    let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &[""]).await.unwrap();
    Scene { repo, server, site, floor }
}

/// The files of a folder and all below it.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { listed(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn after_a_restart_offline_everything_fetched_is_there() {
    for filter in [true, false] {
        let Scene { repo, server, site, floor } = scene(filter).await;
        let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
        site.advance(Some(&floor)).await.unwrap();
        server.set(|options| options.answer = Answer::Status(503));
        let site = site.restart();
        assert_eq!(files(&site.complete(&repo, &floor, &[""]).await.unwrap()).len(), 2);
        let recalled = site.git.recall(&tip.parse().unwrap()).await.unwrap();
        assert!(recalled.is_some(), "an unproven tip survives a restart");
    }
}

#[tokio::test]
async fn git_finds_the_database_sound() {
    for filter in [true, false] {
        let Scene { repo, site, floor, server: _server } = scene(filter).await;
        let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
        site.advance(Some(&floor)).await.unwrap();
        site.complete(&repo, &tip, &[""]).await.unwrap();
        let objects = site.objects();
        let folder = objects.to_str().unwrap();
        for index in
            listed(&objects.join("objects/pack")).iter().filter(|path| path.extension().unwrap() == "idx")
        {
            repo.git(&["--git-dir", folder, "verify-pack", index.to_str().unwrap()]);
        }
        let listing = repo.git(&["--git-dir", folder, "ls-tree", "-r", "--name-only", &tip]);
        assert_eq!(listing, "apps/a/x.yaml\nfleet.yaml");
        let kept: Vec<_> = listed(&objects).into_iter().filter(|path| path.extension().is_some()).collect();
        let strange = kept
            .iter()
            .find(|path| !["pack", "idx", "json"].contains(&path.extension().unwrap().to_str().unwrap()));
        assert_eq!(strange, None, "no keep files, no temporary ones");
    }
}

#[tokio::test]
async fn litter_of_a_power_cut_is_cleared() {
    let Scene { repo, site, floor, server: _server } = scene(true).await;
    let scratch = site.objects().join("scratch/index-7");
    fs::create_dir_all(&scratch).unwrap();
    fs::write(scratch.join("pack-0000.idx"), "torn").unwrap();
    fs::write(site.objects().join("scratch/part-3"), "torn").unwrap();
    let site = site.restart();
    assert_eq!(files(&site.complete(&repo, &floor, &[""]).await.unwrap()).len(), 2);
    assert_eq!(listed(&site.objects().join("scratch")), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_promotion_that_was_cut_between_pack_and_index_is_finished() {
    let Scene { repo, server, site, floor } = scene(false).await;
    let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
    site.advance(Some(&floor)).await.unwrap();
    let waiting = listed(&site.objects().join("incoming"));
    let pack = waiting.iter().find(|path| path.extension().unwrap() == "pack").unwrap();
    fs::rename(pack, site.objects().join("objects/pack").join(pack.file_name().unwrap())).unwrap();
    server.set(|options| options.answer = Answer::Status(503));
    let site = site.restart();
    assert_eq!(files(&site.complete(&repo, &tip, &[""]).await.unwrap())[0].1, "x2");
}

#[tokio::test]
async fn a_damaged_pack_is_removed_and_fetched_again() {
    // A flipped byte in the middle of an entry, a file cut short, an index that is gone wrong.
    let flip = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        bytes
    };
    let cut = |bytes: Vec<u8>| bytes[..20].to_vec();
    let ways: [fn(Vec<u8>) -> Vec<u8>; 2] = [flip, cut];
    for (extension, way) in [("pack", 0), ("pack", 1), ("idx", 0), ("idx", 1)] {
        let Scene { repo, site, floor, server: _server } = scene(true).await;
        let packs = listed(&site.objects().join("objects/pack"));
        for path in packs.iter().filter(|path| path.extension().unwrap() == extension) {
            let damaged = ways[way](fs::read(path).unwrap());
            fs::remove_file(path).unwrap();
            fs::write(path, damaged).unwrap();
        }
        let site = site.restart();
        let artifact =
            site.complete(&repo, &floor, &[""]).await.unwrap_or_else(|e| panic!("{extension} {way}: {e}"));
        assert_eq!(files(&artifact).len(), 2, "{extension} {way}");
    }
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_leaves_the_next_one_in_order() {
    let Scene { repo, site, floor, server: _server } = scene(true).await;
    let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
    {
        let call = site.advance(Some(&floor));
        tokio::pin!(call);
        // Polled once, so that it is on its way, and dropped.
        assert!(futures::poll!(call.as_mut()).is_pending());
    }
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!(ids(&chain), [tip]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_folder_that_cannot_be_written_what_is_there_is_read() {
    let Scene { repo, site, floor, server: _server } = scene(true).await;
    let folder = site.objects();
    // A file where a folder must be made refuses writes to everybody, root included.
    fs::remove_dir_all(folder.join("scratch")).unwrap();
    fs::write(folder.join("scratch"), "").unwrap();
    let site = site.restart();
    assert_eq!(files(&site.complete(&repo, &floor, &[""]).await.unwrap()).len(), 2);
    repo.write("fleet.yaml", "f2").commit("tip");
    let error = site.advance(Some(&floor)).await.unwrap_err();
    assert_eq!(standfast::model::Classify::reason(&error), "DiskFailed");
    assert!(error.to_string().contains(folder.join("scratch").to_str().unwrap()), "{error}");
}
