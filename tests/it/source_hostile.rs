//! A server that is out to hurt, or whose committers are: what it sends is refused, what was there goes on, and memory stays small.

use crate::support::git::{Key, Repo};
use crate::support::site::{TestSite, config_map};
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{Answer, GitServer, Options};
use gix::zlib::{Compression, stream::deflate::Write};
use serde_json::json;
use standfast::cluster::MemoryCluster;
use standfast::model::{ChainEnd, Classify, ErrorClass};
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

/// One line of a tree.
fn line(mode: &str, name: &str, id: &str) -> Vec<u8> {
    let bytes = (0..20).map(|at| u8::from_str_radix(&id[2 * at..][..2], 16).unwrap());
    [mode.as_bytes(), b" ", name.as_bytes(), b"\0"].concat().into_iter().chain(bytes).collect()
}

/// Commits a folder `apps` of these bytes, whatever git thinks of them.
fn commit_tree(repo: &Repo, apps: &[u8]) -> String {
    let write = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
    let id = |bytes: &[u8]| String::from_utf8(repo.git_with_input(&write, bytes)).unwrap().trim().to_owned();
    let root = id(&line("40000", "apps", &id(apps)));
    let commit = repo.git(&["commit-tree", "-m", "hostile", &root]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    commit
}

#[tokio::test]
async fn trees_that_would_hurt_somebody_are_refused_by_their_folder() {
    for filter in [true, false] {
        let repo = Repo::init();
        let file = repo.write("a", "a").commit("first");
        let (blob, folder) =
            (repo.rev_parse(&format!("{file}:a")), repo.rev_parse(&format!("{file}^{{tree}}")));
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        for (tree, says) in [
            (line("100644", "..", &blob), "not allowed"),
            (line("100644", ".git", &blob), "not allowed"),
            (line("40000", ".GIT", &folder), "not allowed"),
            (line("100644", "a/b", &blob), "not allowed"),
            (line("120000", ".gitmodules", &blob), "not allowed"),
            ([line("100644", "b", &blob), line("100644", "a", &blob)].concat(), "out of order"),
            ([line("100644", "a", &blob), line("40000", "a", &folder)].concat(), "twice"),
        ] {
            let tip = commit_tree(&repo, &tree);
            let site = SiteSource::new(vec![mirror(&server)]);
            site.advance(None).await.unwrap();
            let error = site.complete(&repo, &tip, &["apps"]).await.unwrap_err();
            assert_eq!((error.reason(), error.class()), ("ContentInvalid", ErrorClass::Terminal), "{error}");
            assert!(error.to_string().contains("folder apps") && error.to_string().contains(says), "{error}");
        }
    }
}

#[tokio::test]
async fn links_submodules_and_names_that_differ_in_case_touch_nothing() {
    for filter in [true, false] {
        let repo = Repo::init();
        let first = repo.write("a", "/etc/passwd").commit("first");
        let blob = repo.rev_parse(&format!("{first}:a"));
        let nobodys = "1234567890123456789012345678901234567890";
        // No work tree is kept, so that two names are two files, wherever this runs.
        let tree = [
            line("100644", "A.yaml", &blob),
            line("100644", "a.yaml", &blob),
            line("120000", "link", &blob),
            line("160000", "module", nobodys),
        ];
        let tip = commit_tree(&repo, &tree.concat());
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        let artifact = site.complete(&repo, &tip, &["apps", "apps/link/below"]).await.unwrap();
        let names: Vec<String> = files(&artifact).into_iter().map(|(path, _)| path).collect();
        assert_eq!(names, ["apps/A.yaml", "apps/a.yaml"]);
    }
}

#[tokio::test]
async fn what_a_server_says_of_where_history_ends_changes_nothing() {
    for filter in [true, false] {
        let repo = Repo::init();
        let floor = repo.write("fleet.yaml", "0").commit("floor");
        let between = repo.write("fleet.yaml", "1").commit("between");
        let tip = repo.write("fleet.yaml", "2").commit("tip");
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        for lie in [
            vec![format!("shallow {tip}"), format!("shallow {floor}")],
            vec![format!("unshallow {floor}"), "shallow 0000000000000000000000000000000000000000".to_owned()],
            (0..2000).map(|at| format!("shallow {at:040x}")).collect(),
        ] {
            server.set(|options| options.answer = Answer::Shallow(lie));
            let site = SiteSource::new(vec![mirror(&server)]);
            site.advance(None).await.unwrap();
            let chain = site.advance(Some(&floor)).await.unwrap();
            assert_eq!(
                (ids(&chain), chain.end),
                (vec![tip.clone(), between.clone()], ChainEnd::Base(floor.parse().unwrap()))
            );
            assert_eq!(site.complete(&repo, &tip, &[""]).await.unwrap().files.len(), 1);
            assert!(!site.objects().join("shallow").exists(), "it is not believed, so it is not kept");
        }
    }
}

/// The head of an entry: its kind as packs number them, and its size.
fn head(kind: u8, size: usize) -> Vec<u8> {
    let size = size as u64;
    let mut bytes = vec![(kind << 4) | (size & 15) as u8];
    let mut rest = size >> 4;
    while rest > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes
}

fn deflated(chunk: &[u8], times: usize) -> Vec<u8> {
    let mut writer = Write::new(Vec::new(), Compression::BEST);
    (0..times).for_each(|_| writer.write_all(chunk).unwrap());
    writer.flush().unwrap();
    writer.into_inner()
}

/// A pack of these entries, with a checksum that fits.
fn pack(entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap().to_be_bytes();
    let mut pack = [&b"PACK\0\0\0\x02"[..], &count, &entries.concat()].concat();
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    pack.extend(hasher.try_finalize().unwrap().as_bytes());
    pack
}

/// What a hostile server sends, each far over the memory that an agent may take.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    const MIB: usize = 1 << 20;
    let zeros = vec![0; MIB];
    let stated = [head(3, 80 * MIB), deflated(&zeros, 80)].concat();
    let hidden = [head(3, 10), deflated(&zeros, 80)].concat();
    // Each is just within the limit for one object; they differ in their first byte.
    let one = |first: u8| {
        let mut writer = Write::new(Vec::new(), Compression::BEST);
        writer.write_all(&[first]).unwrap();
        (0..15).for_each(|_| writer.write_all(&zeros).unwrap());
        writer.flush().unwrap();
        [head(3, 15 * MIB + 1), writer.into_inner()].concat()
    };
    let many: Vec<Vec<u8>> = (0..5).map(one).collect();
    // A delta that says that it makes two gigabytes, on an object that is nowhere.
    let delta = [&[10][..], &[0x80, 0x80, 0x80, 0x80, 0x08], &[0x90, 10]].concat();
    let delta = [head(7, delta.len()), vec![9; 20], deflated(&delta, 1)].concat();
    vec![
        ("a file that is stated to be huge", pack(&[stated])),
        ("a file that hides how huge it is", pack(&[hidden])),
        ("a delta that makes gigabytes", pack(&[delta])),
        ("more objects than anybody has", b"PACK\0\0\0\x02\xff\xff\xff\xf0".to_vec()),
        ("many large files", pack(&many)),
    ]
}

/// What the kernel lets the program reserve: 64 MiB, and 26 more that sled's histograms reserve and never touch in a build like this one.
const RESERVED: u64 = (64 + 26) << 20;

/// The program, held to 64 MiB of memory of its own by the kernel, whatever it is sent.
#[test]
fn memory_stays_small_whatever_is_sent() {
    let repo = Repo::init();
    repo.write("fleet.yaml", "kind: Fleet\n").commit_signed("first", &Key::generate("alice"));
    let server = GitServer::start(&repo.path(), Options::default());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("signers"), Key::generate("alice").allowed_signer()).unwrap();
    let config = json!({
        "site": {"name": "store-042"},
        "source": {"mirrors": [{"url": server.url(), "ca": server.ca_pem_path()}]},
        "trust": {"allowedSigners": path("signers")},
        "paths": {"state": path("state"), "run": path("run")},
    });
    std::fs::write(path("config.yaml"), config.to_string()).unwrap();
    let verify = || {
        let output = Command::new("sh")
            .args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &(RESERVED >> 10).to_string()])
            .arg(env!("CARGO_BIN_EXE_standfast"))
            .arg("--config")
            .arg(path("config.yaml"))
            .arg("verify")
            .env_clear()
            // What threads reserve for their stacks counts, touched or not.
            .env("RUST_MIN_STACK", "524288")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (name, bomb) in bombs() {
        server.set(|options| options.answer = Answer::Pack(bomb));
        let (code, said) = verify();
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(!said.contains("memory allocation"), "{name}: {said}");
        assert!(
            ["sound pack", "more than the limit", "not in it"].iter().any(|words| said.contains(words)),
            "{name}: {said}"
        );
    }
}

/// An id is the hash of what it names, and that is always worked out here.
#[tokio::test]
async fn other_content_than_was_asked_for_is_not_taken_for_it() {
    let (repo, theirs) = (Repo::init(), Repo::init());
    let tip = repo.write("a.yaml", "honest").commit("first");
    theirs.write("a.yaml", "forged").commit("first");
    let forged = theirs.git_with_input(&["pack-objects", "--stdout", "--revs", "--quiet"], b"main\n");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    server.set(|options| options.answer = Answer::Pack(forged));
    let error = site.complete(&repo, &tip, &["a.yaml"]).await.unwrap_err();
    assert!(error.to_string().contains("it lacks what was asked for"), "{error}");
    server.set(|options| options.answer = Answer::Git);
    let artifact = site.complete(&repo, &tip, &["a.yaml"]).await.unwrap();
    assert_eq!(files(&artifact), [("a.yaml".to_owned(), "honest".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_attacked_goes_on_with_last_good() {
    let site = TestSite::on(Arc::new(MemoryCluster::new()), "attacked");
    site.repo.write("a.yaml", config_map("default", "a", "1"));
    let good = site.commit("first");
    site.pass().await;
    site.repo.write("a.yaml", config_map("default", "a", "2"));
    site.commit("second");
    for (name, bomb) in bombs().into_iter().take(4) {
        site.server.set(|options| options.answer = Answer::Pack(bomb));
        site.fail().await;
        assert_eq!(site.value("default", "a").await.as_deref(), Some("1"), "{name}");
        assert!(site.status().revision.last_good.unwrap().ends_with(&good), "{name}");
    }
    // And once it is over, with what is new.
    site.server.set(|options| options.answer = Answer::Git);
    site.pass().await;
    assert_eq!(site.value("default", "a").await.as_deref(), Some("2"));
}
