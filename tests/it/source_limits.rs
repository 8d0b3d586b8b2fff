//! Every foreign byte has a limit: what a hostile mirror sends is refused by name, before it costs memory or disk.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::model::{Classify, ErrorClass};
use standfast::source::{Error, Limits, MirrorSettings};

const SMALL: Limits = Limits {
    chain_commits: 3,
    chain_bytes: 1 << 20,
    pack_bytes: 1 << 20,
    pack_objects: 100,
    object_bytes: 256 << 10,
    artifact_bytes: 300 << 10,
    artifact_paths: 20,
    database_bytes: 1 << 30,
};

fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "f").commit("first");
    repo
}

/// A pack with one object of `kind` (as packs number them) that states `size`.
fn pack_of(kind: u8, size: u64, before: &[u8], content: &[u8]) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    let mut rest = size >> 4;
    let mut byte = (kind << 4) | (size & 15) as u8;
    while rest > 0 {
        pack.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    pack.push(byte);
    pack.extend(before);
    pack.extend(deflated(content));
    pack.extend([0; 20]);
    pack
}

/// Packed by the same program that packs for real.
fn deflated(content: &[u8]) -> Vec<u8> {
    use gix::zlib::{Compression, stream::deflate::Write};
    use std::io::Write as _;
    let mut writer = Write::new(Vec::new(), Compression::BEST);
    writer.write_all(content).unwrap();
    writer.flush().unwrap();
    writer.into_inner()
}

async fn refused(pack: Vec<u8>) -> Error {
    let repo = fleet();
    let server = GitServer::start(&repo.path(), Options { answer: Answer::Pack(pack), ..Options::default() });
    let site = SiteSource::with(vec![mirror(&server)], SMALL);
    let error = site.advance(None).await.unwrap_err();
    for folder in ["arriving", "scratch"] {
        let left: Vec<_> = std::fs::read_dir(site.objects().join(folder)).into_iter().flatten().collect();
        assert!(left.is_empty(), "nothing stays behind: {left:?}");
    }
    error
}

async fn check(pack: Vec<u8>, reason: &str, says: &str) {
    let error = refused(pack).await;
    assert_eq!(error.reason(), reason, "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

#[tokio::test]
async fn a_pack_without_end() {
    check(noise(2 << 20), "TooLarge", "1 MiB (bytes of one pack)").await;
}

#[tokio::test]
async fn a_pack_that_states_too_many_objects() {
    check(b"PACK\0\0\0\x02\xff\xff\xff\xf0".to_vec(), "TooLarge", "100 (objects in one pack)").await;
}

#[tokio::test]
async fn a_bomb_that_states_its_size() {
    let bomb = vec![0; 20 << 20];
    check(pack_of(3, bomb.len() as u64, b"", &bomb), "TooLarge", "bytes of one object").await;
}

#[tokio::test]
async fn a_bomb_that_lies_about_its_size() {
    check(pack_of(3, 10, b"", &vec![0; 20 << 20]), "GarbagePack", "longer than stated").await;
}

#[tokio::test]
async fn an_object_shorter_than_it_states() {
    check(pack_of(3, 100, b"", b"short"), "GarbagePack", "shorter than stated").await;
}

#[tokio::test]
async fn a_delta_that_makes_gigabytes() {
    // Base size 10, result size 2^31: five bytes, then instructions that nobody gets to.
    let delta = [&[10][..], &[0x80, 0x80, 0x80, 0x80, 0x08], &[0x90, 10]].concat();
    let base = [7; 20];
    check(pack_of(7, delta.len() as u64, &base, &delta), "TooLarge", "bytes of one object").await;
}

#[tokio::test]
async fn many_deltas_of_which_each_is_within_the_limit() {
    // A base of 200 KiB, and deltas that copy it whole: 13 bytes each, 20 MiB together.
    let base = vec![7; 200 << 10];
    let size = [0x80, 0xc0, 0x0c];
    let delta = [&size[..], &size, &[0xf0, 0x00, 0x20, 0x03]].concat();
    let mut pack = pack_of(3, base.len() as u64, b"", &base);
    pack.truncate(pack.len() - 20);
    pack[11] = 99;
    let mut distance = pack.len() as u64 - 12;
    for _ in 0..98 {
        // Each rests on the blob: how far back that is, as packs write it.
        let mut way = vec![(distance & 0x7f) as u8];
        let mut rest = distance >> 7;
        while rest > 0 {
            rest -= 1;
            way.insert(0, (rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        let mut entry = pack_of(6, delta.len() as u64, &way, &delta);
        entry.truncate(entry.len() - 20);
        let entry = &entry[12..];
        distance += entry.len() as u64;
        pack.extend(entry);
    }
    pack.extend([0; 20]);
    check(pack, "TooLarge", "bytes of a pack, unpacked").await;
}

#[tokio::test]
async fn an_entry_stuffed_with_empty_blocks() {
    // Stored blocks of no bytes: input without end that makes nothing.
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01\x30\x78\x01".to_vec();
    pack.extend([0, 0, 0, 0xff, 0xff].repeat(100_000));
    check(pack, "GarbagePack", "cut short").await;
}

#[tokio::test]
async fn an_endless_list_of_refs() {
    let repo = fleet();
    let tip = repo.tip();
    let name = "x".repeat(200);
    let refs: Vec<_> = (10_000..16_000).map(|n| format!("{tip} refs/heads/{name}-{n}\n")).collect();
    let refs = refs.concat();
    std::fs::write(
        repo.path().join("packed-refs"),
        format!("# pack-refs with: peeled fully-peeled sorted \n{refs}"),
    )
    .unwrap();
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::with(vec![mirror(&server)], SMALL);
    // One ref is asked for by its whole name, so the others cost nothing.
    assert_eq!(site.advance(None).await.unwrap().commits.len(), 1);
    // To say what there is instead of a missing ref, they are listed: up to a limit.
    repo.git(&["update-ref", "-d", "refs/heads/main"]);
    let error = site.advance(None).await.unwrap_err();
    assert_eq!(error.reason(), "TooLarge", "{error}");
}

#[tokio::test]
async fn a_chain_that_is_too_long_is_cut() {
    let repo = fleet();
    let floor = repo.tip();
    for n in 0..5 {
        repo.write("fleet.yaml", n.to_string()).commit("more");
    }
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::with(vec![mirror(&server)], SMALL);
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((chain.commits.len(), chain.end), (3, standfast::model::ChainEnd::Cut));
}

#[tokio::test]
async fn content_over_the_limits_is_refused_with_its_path() {
    let check = async |change: &dyn Fn(&Repo), says: &str| {
        for filter in [true, false] {
            let repo = Repo::init();
            change(&repo);
            let tip = repo.commit("large");
            let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
            let site = SiteSource::with(vec![mirror(&server)], Limits { pack_objects: 1000, ..SMALL });
            site.advance(None).await.unwrap();
            let error = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
            assert_eq!((error.reason(), error.class()), ("ContentTooLarge", ErrorClass::Terminal), "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
    };
    let many = |repo: &Repo| {
        for n in 0..50 {
            repo.write(&format!("apps/a{n}.yaml"), n.to_string());
        }
    };
    check(&many, "20 files and folders").await;
    let heavy = |repo: &Repo| {
        repo.write("apps/a", vec![1; 200 << 10]).write("apps/b", vec![2; 200 << 10]);
    };
    check(&heavy, "all files under the paths of this site").await;
}

/// It keeps nothing else from coming, and is not sent again and again.
#[tokio::test]
async fn a_file_over_the_limit_is_named_and_comes_once() {
    for filter in [true, false] {
        let repo = Repo::init();
        repo.write("apps/image.tar", noise(300 << 10)).write("apps/copy.tar", noise(300 << 10));
        repo.write("apps/a.yaml", "a").write("apps/deep/b.yaml", "b");
        let tip = repo.commit("large");
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let site = SiteSource::with(vec![mirror(&server)], SMALL);
        site.advance(None).await.unwrap();
        let error = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
        assert_eq!((error.reason(), error.class()), ("ContentTooLarge", ErrorClass::Terminal), "{error}");
        for words in ["apps/image.tar", "apps/copy.tar"] {
            assert!(error.to_string().contains(words), "{words} is not in: {error}");
        }
        assert!(!error.to_string().contains("yaml"), "{error}");
        let before = server.counters().requests();
        assert_eq!(site.complete(&repo, &tip, &["apps"]).await.unwrap_err().reason(), "ContentTooLarge");
        assert_eq!(server.counters().requests(), before, "nobody is asked again");

        let tip = repo.remove("apps/image.tar").remove("apps/copy.tar").commit("small");
        site.advance(None).await.unwrap();
        assert_eq!(site.complete(&repo, &tip, &["apps"]).await.unwrap().files.len(), 2);
    }
}

/// All of it together is too much: that is not sent again and again either.
#[tokio::test]
async fn content_that_does_not_fit_is_asked_for_once() {
    let repo = Repo::init();
    for name in b'a'..=b'f' {
        // No two have anything in common.
        let bytes: Vec<u8> = noise(200 << 10).into_iter().map(|byte| byte ^ name).collect();
        repo.write(&format!("apps/{}", char::from(name)), bytes);
    }
    let tip = repo.commit("large");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::with(vec![mirror(&server)], SMALL);
    site.advance(None).await.unwrap();
    let error = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
    assert!(error.to_string().contains("1 MiB (bytes of one pack)"), "{error}");
    let before = server.counters().requests();
    let again = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
    assert_eq!((again.to_string(), server.counters().requests()), (error.to_string(), before));
    let tip = "bcdef".chars().fold(&repo, |repo, name| repo.remove(&format!("apps/{name}"))).commit("less");
    site.advance(None).await.unwrap();
    assert_eq!(site.complete(&repo, &tip, &["apps"]).await.unwrap().files.len(), 1);
}

/// One file too large, from a folder of this machine, which is not asked to unpack it.
#[tokio::test]
async fn a_file_over_the_limit_on_a_stick() {
    let repo = Repo::init();
    repo.write("apps/image.tar", noise(300 << 10)).write("apps/a.yaml", "a");
    let tip = repo.commit("large");
    let stick = MirrorSettings::Local { path: repo.path() };
    let site = SiteSource::with(vec![stick], SMALL);
    site.advance(None).await.unwrap();
    let error = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
    assert_eq!(error.reason(), "ContentTooLarge", "{error}");
    assert!(error.to_string().contains("apps/image.tar"), "{error}");
}
