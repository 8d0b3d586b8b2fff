//! The rules of this room that need no server: addresses, names, and what may stand in a tree.

use super::content::walk::{Ground, Walk, What};
use super::error::Error;
use super::ids::{self, KIND};
use super::lookup::Lookup;
use super::mirror_error::printable;
use super::{Credential, Limits, MirrorSettings, MirrorUrl, ParseUrlError, probe, tree};
use crate::model::{Classify, ErrorClass, RepoPath, TreeId};
use gix::ObjectId;
use gix::objs::Kind;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

#[test]
fn addresses_that_are_taken() {
    for (text, shown) in [
        ("https://git.example.com/fleet.git", "https://git.example.com/fleet.git"),
        ("https://git.example.com:8443/a/b/", "https://git.example.com:8443/a/b"),
        ("HTTPS://Git.Example.com/Fleet", "https://git.example.com/Fleet"),
        ("http://localhost:3000/fleet.git", "http://localhost:3000/fleet.git"),
        ("http://127.0.0.1/fleet.git", "http://127.0.0.1/fleet.git"),
        ("http://[::1]:80/fleet.git", "http://[::1]/fleet.git"),
    ] {
        assert_eq!(text.parse::<MirrorUrl>().unwrap().to_string(), shown);
    }
}

#[test]
fn addresses_that_are_refused() {
    let refused = |text: &str| text.parse::<MirrorUrl>().unwrap_err();
    for text in ["https://me:hunter2@git.example.com/x", "https://hunter2@git.example.com/x"] {
        let error = refused(text);
        assert!(matches!(error, ParseUrlError::Credentials { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert!(error.to_string().contains("`credential`"), "{error}");
    }
    for text in ["http://git.example.com/x", "http://127.0.0.1.example.com/x", "http://10.0.0.1/x"] {
        assert!(matches!(refused(text), ParseUrlError::ClearText(_)), "{text}");
    }
    let long = format!("https://a/{}", "x".repeat(3000));
    for text in [
        "",
        "fleet.git",
        "https://",
        "ssh://git@host/x",
        "file:///x",
        "https://a/x?y",
        "https://a/x#y",
        "https://a/x y",
        &long,
    ] {
        assert!(matches!(refused(text), ParseUrlError::Malformed(_)), "{text:?}");
    }
}

#[test]
fn settings_are_shown_without_what_is_in_the_files() {
    let mirror = MirrorSettings::Https {
        url: "https://git.example.com/fleet.git".parse().unwrap(),
        ca: None,
        credential: Some(Credential::file("/run/credentials/git-token")),
        metered: false,
    };
    assert_eq!(mirror.to_string(), "https://git.example.com/fleet.git");
    assert!(format!("{mirror:?}").contains("Credential(file /run/credentials/git-token)"));
}

#[test]
fn words_of_a_server_are_cut_and_cleaned() {
    assert_eq!(printable(b" upload-pack: not our ref\n"), "upload-pack: not our ref");
    assert_eq!(printable(b"a\x1b[31mb\nc"), "a [31mb c");
    assert_eq!(printable("ü".repeat(1000).as_bytes()).chars().count(), 200);
}

/// One line of a tree: mode, name, and an id of a single repeated byte.
fn line(mode: &str, name: &[u8], id: u8) -> Vec<u8> {
    [mode.as_bytes(), b" ", name, b"\0", &[id; 20]].concat()
}

#[test]
fn trees_that_git_could_have_written() {
    let raw = [
        line("100644", b"a", 1),
        line("40000", b"b", 2),
        line("100755", b"b.sh", 3),
        line("120000", b"l", 4),
        line("160000", b"s", 5),
    ]
    .concat();
    // "b" is a folder and sorts as "b/": after "b.sh".
    assert!(tree::parse(raw).is_err());
    let raw = [
        line("100644", b"a", 1),
        line("100755", b"b.sh", 3),
        line("40000", b"b", 2),
        line("120000", b"l", 4),
        line("160000", b"s", 5),
    ]
    .concat();
    let tree = tree::parse(raw.clone()).unwrap();
    assert_eq!(tree.raw, raw);
    let names: Vec<_> = tree.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["a", "b.sh", "b", "l", "s"]);
    assert_eq!(tree::parse(Vec::new()).unwrap().entries, []);
}

#[test]
fn trees_that_nobody_could_have_meant() {
    let one = |name: &[u8]| line("100644", name, 1);
    for (raw, says) in [
        (one(b".."), "not allowed"),
        (one(b"."), "not allowed"),
        (one(b".git"), "not allowed"),
        (one(b".GIT"), "not allowed"),
        (one(b"GIT~1"), "not allowed"),
        (one(".g\u{200c}it".as_bytes()), "not allowed"),
        (one(b"a/b"), "not allowed"),
        (one(b""), "not allowed"),
        (one(b"a\\b"), "backslash"),
        (one(b"a\nb"), "control character"),
        (one(b"\xff"), "UTF-8"),
        (line("120000", b".gitmodules", 1), "not allowed"),
        ([one(b"b"), one(b"a")].concat(), "out of order"),
        ([one(b"a"), one(b"a")].concat(), "out of order"),
        ([one(b"a"), line("40000", b"a", 2)].concat(), "twice"),
        (b"100644 a\0short".to_vec(), "not a tree"),
        (b"nonsense".to_vec(), "not a tree"),
        (line("644", b"a", 1), "mode 644"),
        (line("100000", b"a", 1), "mode 100000"),
    ] {
        let error = tree::parse(raw.clone()).map(|tree| tree.entries).unwrap_err();
        assert!(error.contains(says), "{:?}: {error}", String::from_utf8_lossy(&raw));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_tree_or_refused(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(tree) = tree::parse(raw.clone()) {
            prop_assert_eq!(tree.raw, raw);
        }
    }
}

/// What a server says first, and its answer about one ref.
const CONVERSATION: &[u8] =
    b"000eversion 2\n0015agent=git/2.39.5\n0013ls-refs=unborn\n0020fetch=shallow wait-for-done\n\
0017object-format=sha1\n0000003d0123456789012345678901234567890123456789 refs/heads/main\n0000";

/// A pack of one blob, `hello`.
const PACK: &[u8] = b"PACK\0\0\0\x02\0\0\0\x01\x35\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";

fn whole_pack() -> Vec<u8> {
    let mut hasher = gix::hash::hasher(KIND);
    hasher.update(PACK);
    [PACK, hasher.try_finalize().unwrap().as_bytes()].concat()
}

#[test]
fn the_seeds_of_the_laws_are_understood() {
    let folder = tempfile::TempDir::new().unwrap();
    assert!(probe::talk(CONVERSATION));
    assert_eq!(probe::pack(folder.path(), &whole_pack(), false), Some(1));
    assert!(!probe::talk(b""));
    assert_eq!(probe::pack(folder.path(), PACK, false), None, "its checksum is missing");
    assert_eq!(probe::pack(folder.path(), PACK, true), Some(1), "the link may have cut that off");
}

/// A seed with some bytes replaced, and cut somewhere.
fn damaged(seed: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = seed.len();
    let changes = proptest::collection::vec((0..length, any::<u8>()), 0..6);
    (changes, 0..=length).prop_map(move |(changes, cut)| {
        let mut bytes = seed.clone();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(cut.max(length / 2));
        bytes
    })
}

proptest! {
    #[test]
    fn a_server_may_say_anything(answers in damaged(CONVERSATION.to_vec())) {
        probe::talk(&answers);
    }
}

proptest! {
    // Each case writes and syncs files.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_pack_that_was_changed_is_refused(bytes in damaged(whole_pack())) {
        let folder = tempfile::TempDir::new().unwrap();
        prop_assert_eq!(probe::pack(folder.path(), &bytes, false).is_some(), bytes == whole_pack());
        prop_assert!(probe::pack(folder.path(), &bytes, true).is_some_and(|objects| objects <= 1));
    }
}

/// The beginning of both files of the first published SHA-1 collision (shattered.io, 2017), and the two blocks by which they differ. With
/// either, the hash is the same.
const BEFORE: &str = "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033203020522f5479\
     70652034203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f7253706163652037203020522f4c65\
     6e6774682038203020522f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d312069732064\
     6561642121212121852fec092339759c39b1a1c63c4c97e1fffe01";
const ONE: &str = "7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45c1530afedfb76038e972722fe7\
     ad728f0e4904e046c230570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21\
     566461309789606bd0bf3f98cda8044629a1";
const OTHER: &str = "7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3dc38e96ac22fe7\
     bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500eb4ddc0decc1a864790c782c7621\
     5660dd309791d06bd0af3f98cda4bc4629b1";

/// What a pack holds is hashed by gix as this is. No object of git's is known that collides with another: its header stands before it.
#[test]
fn bytes_that_were_made_to_collide_have_no_id() {
    let bytes = |text: &str| -> Vec<u8> {
        let digits = text.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
        digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
    };
    let id = |bytes: &[u8]| {
        let mut hasher = gix::hash::hasher(KIND);
        hasher.update(bytes);
        hasher.try_finalize().map_err(|error| error.to_string())
    };
    for block in [ONE, OTHER] {
        let colliding = [bytes(BEFORE), bytes(block)].concat();
        let refused = id(&colliding).unwrap_err();
        assert!(
            refused.contains("collision") && refused.contains("f92d74e3874587aaf443d1db961d4e26dde13e9c")
        );
        let mut harmless = colliding;
        harmless[319] ^= 1;
        assert!(id(&harmless).is_ok());
    }
}

/// Objects in memory.
#[derive(Default)]
struct Memory(HashMap<ObjectId, (Kind, Vec<u8>)>);

impl Memory {
    fn put(&mut self, kind: Kind, bytes: Vec<u8>) -> ObjectId {
        let id = gix::objs::compute_hash(KIND, kind, &bytes).unwrap();
        self.0.insert(id, (kind, bytes));
        id
    }

    fn tree(&mut self, lines: &[(&str, &str, ObjectId)]) -> ObjectId {
        let line = |(mode, name, id): &(&str, &str, ObjectId)| {
            [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id.as_bytes()].concat()
        };
        self.put(Kind::Tree, lines.iter().flat_map(line).collect())
    }

    fn walk(&self, root: ObjectId, paths: &[&str], limits: &Limits) -> Result<Walk, Error> {
        let paths: BTreeSet<RepoPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        Walk::begin(Ground { objects: self, limits }, &TreeId(ids::hash(&root)), &paths)
    }
}

impl Lookup for Memory {
    fn contains(&self, id: &ObjectId) -> bool {
        self.0.contains_key(id)
    }
    fn find(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        Ok(self.0.get(id).cloned())
    }
    fn find_anywhere(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        self.find(id)
    }
}

#[test]
fn a_walk_names_what_is_missing_and_how_much_of_it_is_needed() {
    let mut memory = Memory::default();
    let (absent, other) = (ObjectId::from_bytes_or_panic(&[9; 20]), ObjectId::from_bytes_or_panic(&[8; 20]));
    let apps = memory.tree(&[("100644", "file.yaml", absent), ("40000", "whole", other)]);
    let root = memory.tree(&[("40000", "apps", apps), ("40000", "on-the-way", other)]);
    let missing = |paths: &[&str]| {
        let found = memory.walk(root, paths, &Limits::default()).unwrap();
        found.missing.into_iter().map(|it| (it.path.to_string(), it.what)).collect::<Vec<_>>()
    };
    assert_eq!(
        missing(&["apps", "on-the-way/deep/down"]),
        [
            ("apps/file.yaml".to_owned(), What::Blob),
            ("apps/whole".to_owned(), What::WholeTree),
            // The same tree again, where less of it is needed.
            ("on-the-way".to_owned(), What::TreeOnTheWay),
        ]
    );
    assert_eq!(missing(&["on-the-way/deep/down"]), [("on-the-way".to_owned(), What::TreeOnTheWay)]);
    assert_eq!(missing(&["apps/file.yaml/below", "elsewhere"]), []);
}

#[test]
fn links_and_submodules_are_listed_and_never_followed() {
    let mut memory = Memory::default();
    let target = memory.put(Kind::Blob, b"/etc/passwd".to_vec());
    let root = memory.tree(&[("120000", "link", target), ("160000", "module", target)]);
    let found = memory.walk(root, &["", "link", "link/below", "module"], &Limits::default()).unwrap();
    assert_eq!((found.files.len(), found.missing.len(), found.trees.len()), (0, 0, 1));
}

#[test]
fn a_few_trees_that_unfold_into_millions_of_paths_are_refused() {
    let mut memory = Memory::default();
    let blob = memory.put(Kind::Blob, b"boom".to_vec());
    let mut tree = memory.tree(&[("100644", "x", blob)]);
    for _ in 0..8 {
        tree = memory
            .tree(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"].map(|name| ("40000", name, tree)));
    }
    let error = memory.walk(tree, &[""], &Limits::default()).map(drop).unwrap_err();
    assert_eq!((error.reason(), error.class()), ("ContentTooLarge", ErrorClass::Terminal));
}

#[test]
fn folders_without_end_are_refused() {
    let mut memory = Memory::default();
    let mut tree = memory.tree(&[]);
    for _ in 0..100 {
        tree = memory.tree(&[("40000", "d", tree)]);
    }
    let error = memory.walk(tree, &[""], &Limits::default()).map(drop).unwrap_err();
    assert_eq!(error.reason(), "ContentInvalid");
    assert!(error.to_string().contains("too deep"), "{error}");
}

#[test]
fn a_tree_that_is_something_else_is_refused() {
    let mut memory = Memory::default();
    let blob = memory.put(Kind::Blob, b"not a tree".to_vec());
    let root = memory.tree(&[("40000", "apps", blob)]);
    let error = memory.walk(root, &["apps"], &Limits::default()).map(drop).unwrap_err();
    assert!(error.to_string().contains("it is a blob, not a folder"), "{error}");
}
