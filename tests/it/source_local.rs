//! A bare repository in a folder, as a person brings it: no server, no `git`.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, files, ids, want};
use standfast::model::{ChainEnd, Classify};
use standfast::source::{MirrorSettings, Source};
use tempfile::TempDir;

fn stick(repo: &Repo) -> MirrorSettings {
    MirrorSettings::Local { path: repo.path() }
}

fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "f").write("apps/a/x.yaml", "x").write("apps/b/y.yaml", "y");
    repo
}

#[tokio::test]
async fn chain_and_content_come_from_the_folder() {
    // Loose objects, packed ones, and packed refs.
    for packed in [false, true] {
        let repo = fleet();
        let floor = repo.commit("floor");
        let site = SiteSource::new(vec![stick(&repo)]);
        let chain = site.advance(None).await.unwrap();
        assert_eq!((ids(&chain), chain.end), (vec![floor.clone()], ChainEnd::Root));
        assert_eq!(files(&site.complete(&repo, &floor, &["apps/a"]).await.unwrap()).len(), 1);

        let between = repo.write("apps/b/y.yaml", "y2").commit("between");
        let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
        if packed {
            repo.git(&["gc", "--quiet"]);
        }
        let chain = site.advance(Some(&floor)).await.unwrap();
        assert_eq!(ids(&chain), [tip.clone(), between]);
        assert_eq!(chain.end, ChainEnd::Base(floor.parse().unwrap()));
        let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
        let contents: Vec<_> = files(&artifact).into_iter().map(|(_, content)| content).collect();
        assert_eq!(contents, ["x2", "y2", "f"]);
        assert_eq!(site.git.traffic_total().up + site.git.traffic_total().down, 0, "no link is involved");
    }
}

#[tokio::test]
async fn what_was_copied_is_there_when_the_stick_is_gone() {
    let repo = fleet();
    let tip = repo.commit("first");
    let site = SiteSource::new(vec![stick(&repo)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &tip, &[""]).await.unwrap();
    let moved = repo.path().with_extension("elsewhere");
    std::fs::rename(repo.path(), &moved).unwrap();
    let error = site.advance(Some(&tip)).await.unwrap_err();
    assert_eq!(error.reason(), "Unreachable");
    assert!(error.to_string().contains("plug it in"), "{error}");
    assert!(site.git.recall(&tip.parse().unwrap()).await.unwrap().is_some());
    std::fs::rename(&moved, repo.path()).unwrap();
    assert_eq!(files(&site.complete(&repo, &tip, &[""]).await.unwrap()).len(), 3);
}

#[tokio::test]
async fn history_that_was_rewritten_does_not_meet_the_base() {
    let repo = fleet();
    let root = repo.commit("root");
    let floor = repo.write("fleet.yaml", "f2").commit("floor");
    let site = SiteSource::new(vec![stick(&repo)]);
    site.advance(None).await.unwrap();
    repo.reset(&root);
    let forced = repo.write("fleet.yaml", "forced").commit("forced");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), chain.end), (vec![forced], ChainEnd::Cut));
}

#[tokio::test]
async fn a_shallow_copy_serves_what_it_has() {
    let repo = fleet();
    let floor = repo.commit("floor");
    let below = repo.write("fleet.yaml", "f1").commit("below the tip");
    let tip = repo.write("fleet.yaml", "f2").commit("tip");
    let copy = TempDir::new().unwrap();
    let url = format!("file://{}", repo.path().display());
    repo.git(&["clone", "--quiet", "--bare", "--depth=1", &url, copy.path().join("s.git").to_str().unwrap()]);
    let site = SiteSource::new(vec![MirrorSettings::Local { path: copy.path().join("s.git") }]);
    let chain = site.advance(Some(&below)).await.unwrap();
    assert_eq!((ids(&chain), chain.end), (vec![tip.clone()], ChainEnd::Base(below.parse().unwrap())));
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), chain.end), (vec![tip.clone()], ChainEnd::Cut));
    assert_eq!(files(&site.complete(&repo, &tip, &[""]).await.unwrap()).len(), 3);
}

#[tokio::test]
async fn bad_folders_are_named() {
    let check = async |path: &std::path::Path, ref_name: &str, reason: &str| {
        let site = SiteSource::new(vec![MirrorSettings::Local { path: path.to_owned() }]);
        let mut wanted = want(None);
        wanted.ref_name = ref_name.parse().unwrap();
        let error = site.git.advance(&wanted).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    };
    let (main, empty) = ("refs/heads/main", TempDir::new().unwrap());
    check(empty.path(), main, "NotGit").await;
    check(&Repo::init().path(), main, "EmptyRepository").await;
    let repo = fleet();
    repo.commit("first");
    repo.git(&["tag", "-a", "-m", "release", "v1"]);
    check(&repo.path(), "refs/heads/other", "MissingRef").await;
    check(&repo.path(), "refs/tags/v1", "NotACommit").await;
    let sha256 = Repo::init_sha256();
    sha256.write("fleet.yaml", "").commit("first");
    check(&sha256.path(), main, "ObjectFormat").await;
}
