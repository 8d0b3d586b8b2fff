//! What can happen to the facts file, what older and newer agents leave in it, and how large the cache grows.

use super::cache::Cache;
use super::durable::{self, RealDisk};
use super::facts::{FactsFile, Found};
use super::record::{EntryRecord, FactsRecord, decode_key, encode_key};
use super::sled::{Sled, Trouble};
use super::vault::Vault;
use super::*;
use crate::model::{ApplicationFacts, CommitId, Floor, Hash, Object, Quarantine, Revision, fake};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

const SLOT: u64 = 64 * 1024;
/// Where a slot's generation lies.
const GENERATION: u64 = 20;
/// Somewhere in a slot's record.
const PAYLOAD: u64 = 100;

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// A site that has saved three times: its file holds generation 2 in the first slot and 3 in the second.
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        for number in 1..=3 {
            site.save(&facts(number));
        }
        site
    }

    fn settings(&self) -> Settings {
        Settings::new(self.folder.path())
    }

    fn facts_file(&self) -> PathBuf {
        self.folder.path().join("facts")
    }

    fn open(&self) -> Result<Box<dyn Store>, Error> {
        open(&self.settings(), Timestamp::UNIX_EPOCH)
    }

    fn save(&self, facts: &Facts) {
        self.open().unwrap().save(&mut facts.clone(), &Changes::default()).unwrap();
    }

    fn without_cache(self) -> Self {
        fs::remove_dir_all(self.folder.path().join("state")).unwrap();
        self
    }

    /// Writes bytes over a place in the facts file.
    fn damage(&self, at: u64) {
        let file = OpenOptions::new().write(true).open(self.facts_file()).unwrap();
        file.write_all_at(b"\xff\xfe", at).unwrap();
    }

    /// The number of the floor's revision, and the notes.
    fn boot(&self) -> Result<(u8, Vec<String>), Error> {
        let loaded = self.open()?.load()?;
        let number = loaded.facts.floor.map_or(0, |floor| floor.revision.commit.0.as_bytes()[0]);
        Ok((number, loaded.notes))
    }
}

fn facts(number: u8) -> Facts {
    let commit = CommitId(Hash::Sha1([number; 20]));
    let revision = Revision { ref_name: "refs/heads/main".parse().unwrap(), commit };
    let floor =
        Floor { revision, accepted: Timestamp::UNIX_EPOCH, began: commit, signer: "someone".to_owned() };
    Facts { floor: Some(floor), ..Facts::default() }
}

#[test]
fn one_damaged_slot_never_costs_the_newest_facts_while_the_cache_is_there() {
    for at in [GENERATION, PAYLOAD, SLOT + GENERATION, SLOT + PAYLOAD] {
        let site = Site::new();
        site.damage(at);
        assert_eq!(site.boot().unwrap().0, 3, "damage at {at}");
        // The next save repairs it, so that the other slot may go too.
        site.save(&facts(4));
        let site = site.without_cache();
        assert_eq!(site.boot().unwrap().0, 4, "damage at {at}, repaired");
    }
}

#[test]
fn without_a_cache_a_damaged_slot_leaves_the_other_one() {
    for (at, expected) in [(PAYLOAD, 3), (GENERATION, 3), (SLOT + PAYLOAD, 2), (SLOT + GENERATION, 2)] {
        let site = Site::new().without_cache();
        site.damage(at);
        let (number, notes) = site.boot().unwrap();
        assert_eq!(number, expected, "damage at {at}");
        assert!(notes.iter().any(|note| note.contains("was damaged")), "{notes:?}");
    }
}

#[test]
fn with_both_slots_damaged_the_cache_counts_only_if_it_is_surely_as_new() {
    let both_payloads = Site::new();
    both_payloads.damage(PAYLOAD);
    both_payloads.damage(SLOT + PAYLOAD);
    assert_eq!(both_payloads.boot().unwrap().0, 3);
    assert_eq!(both_payloads.without_cache().boot().unwrap().0, 3, "the copy was written back to the file");

    let no_bound = Site::new();
    no_bound.damage(PAYLOAD);
    no_bound.damage(SLOT + GENERATION);
    check_refused(&no_bound, "FactsDamaged");

    let stale = Site::new();
    let backup = stale.folder.path().join("backup");
    fs::rename(stale.folder.path().join("state"), &backup).unwrap();
    stale.save(&facts(4));
    fs::remove_dir_all(stale.folder.path().join("state")).unwrap();
    fs::rename(&backup, stale.folder.path().join("state")).unwrap();
    stale.damage(PAYLOAD);
    stale.damage(SLOT + PAYLOAD);
    check_refused(&stale, "FactsDamaged");
}

fn check_refused(site: &Site, reason: &str) {
    use crate::model::{Classify, ErrorClass};
    let error = site.open().err().unwrap();
    assert_eq!((error.reason(), error.class()), (reason, ErrorClass::Untrusted));
    assert!(error.to_string().contains("restore the file from a backup"), "{error}");
    assert!(site.open().is_err(), "a second try changes nothing");
}

#[test]
fn missing_facts_are_never_made_anew_where_a_site_has_run() {
    check_refused(&Site::new().without_facts(), "FactsMissing");
    for trace in [
        "state/db",
        "objects/objects/pack/pack-1.pack",
        "objects/incoming/1/pack/pack-1.pack",
        "audit/1",
        "state.damaged-20260101T000000Z/db",
    ] {
        let site = Site { folder: tempfile::tempdir().unwrap() };
        let file = site.folder.path().join(trace);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::File::create(file).unwrap();
        check_refused(&site, "FactsMissing");
    }
    let empty_folders = Site { folder: tempfile::tempdir().unwrap() };
    fs::create_dir_all(empty_folders.folder.path().join("objects/objects/pack")).unwrap();
    fs::create_dir_all(empty_folders.folder.path().join("state")).unwrap();
    assert_eq!(empty_folders.boot().unwrap().0, 0);
}

impl Site {
    fn without_facts(self) -> Self {
        fs::remove_file(self.facts_file()).unwrap();
        self
    }
}

#[test]
fn an_empty_cut_or_zeroed_facts_file_is_damage_and_not_a_new_site() {
    let length = 2 * SLOT;
    for kept in [0, 10, PAYLOAD] {
        let site = Site::new();
        OpenOptions::new().write(true).open(site.facts_file()).unwrap().set_len(kept).unwrap();
        check_refused(&site, "FactsDamaged");
    }
    let site = Site::new();
    fs::File::create(site.facts_file()).unwrap().write_all(&vec![0; 128 * 1024]).unwrap();
    check_refused(&site, "FactsDamaged");

    // Half of it is enough, and the next save makes it whole.
    let site = Site::new().without_cache();
    OpenOptions::new().write(true).open(site.facts_file()).unwrap().set_len(SLOT).unwrap();
    assert_eq!(site.boot().unwrap().0, 2);
    site.save(&facts(5));
    assert_eq!(fs::metadata(site.facts_file()).unwrap().len(), length);
    assert_eq!(site.without_cache().boot().unwrap().0, 5);
}

#[test]
fn facts_that_outgrow_their_slot_get_larger_ones() {
    let site = Site::new();
    let mut many = facts(4);
    for number in 0..1000 {
        let quarantine = Quarantine {
            digest: Digest::of(b"x"),
            revision: many.floor.clone().unwrap().revision,
            reason: "CrashLoop".repeat(10),
        };
        let application = ApplicationFacts { quarantine: Some(quarantine), ..ApplicationFacts::default() };
        many.applications.insert(format!("application-{number}"), application);
    }
    site.save(&many);
    assert!(fs::metadata(site.facts_file()).unwrap().len() > 2 * SLOT);
    site.save(&facts(5));
    let site = site.without_cache();
    assert_eq!(site.boot().unwrap().0, 5);
    let half = fs::metadata(site.facts_file()).unwrap().len() / 2;
    site.damage(half + PAYLOAD);
    let loaded = site.open().unwrap().load().unwrap();
    assert!(loaded.facts.applications == many.applications, "the slot before is still whole");

    many.applications.values_mut().for_each(|application| {
        application.quarantine.as_mut().unwrap().reason = "x".repeat(10_000);
    });
    let error = site.open().unwrap().save(&mut many, &Changes::default()).unwrap_err();
    assert!(matches!(error, Error::FactsTooLarge { .. }), "{error}");
    assert_eq!(site.open().unwrap().load().unwrap().facts.applications.len(), 1000);
}

#[test]
fn facts_in_a_newer_format_are_refused_and_left_alone() {
    let site = Site::new();
    let mut bytes = fs::read(site.facts_file()).unwrap();
    let header = &mut bytes[64 * 1024..][..72];
    header[8] = 2;
    let crc = crc32fast::hash(&header[..68]);
    header[68..].copy_from_slice(&crc.to_le_bytes());
    fs::File::create(site.facts_file()).unwrap().write_all(&bytes).unwrap();
    let error = site.open().err().unwrap();
    assert!(matches!(error, Error::FactsTooNew { format: 2, .. }), "{error}");
    assert_eq!(fs::read(site.facts_file()).unwrap(), bytes);
}

#[test]
fn a_state_directory_has_one_owner_and_is_private() {
    let site = Site { folder: tempfile::tempdir().unwrap() };
    let settings = Settings::new(site.folder.path().join("a/b"));
    let held = open(&settings, Timestamp::UNIX_EPOCH).unwrap();
    let error = open(&settings, Timestamp::UNIX_EPOCH).err().unwrap();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(held);
    drop(open(&settings, Timestamp::UNIX_EPOCH).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&settings.directory), 0o700);
    assert_eq!(mode(&settings.directory.join("state")), 0o700);
    assert_eq!(mode(&settings.directory.join("facts")), 0o600);
}

#[test]
fn fields_of_a_newer_agent_are_kept_with_what_they_belong_to() {
    let newer = serde_json::json!({
        "format": 1, "generation": 7, "standby": {"lease": "x"},
        "floor": {"revision": format!("refs/heads/main@sha1:{}", "01".repeat(20)), "accepted": "1970-01-01T00:00:00Z",
                  "began": "01".repeat(20), "signer": "someone", "witness": "w"},
        "applications": {"web": {"attempts": 3}, "gone": {"attempts": 4}},
    });
    let read = FactsRecord::from_bytes(newer.to_string().as_bytes()).unwrap();
    let write = |facts: &Facts| -> serde_json::Value {
        serde_json::from_slice(&FactsRecord::new(facts, 8, Some(&read)).to_bytes()).unwrap()
    };
    let mut known = read.to_facts();
    known.applications.remove("gone");
    let same = write(&known);
    assert_eq!(same["standby"]["lease"], "x");
    assert_eq!(same["floor"]["witness"], "w");
    assert_eq!(
        same["applications"],
        serde_json::json!({"web": {"attempts": 3, "attempted": null, "lastGood": null,
        "quarantine": null, "deadlineSpent": {"secs": 0, "nanos": 0}}})
    );
    known.floor.as_mut().unwrap().signer = "another".to_owned();
    assert_eq!(write(&known)["floor"].get("witness"), None, "it belonged to the floor before");

    let entry = r#"{"application":"web","version":"v1","appliedAt":"then"}"#;
    let read: EntryRecord = serde_json::from_str(entry).unwrap();
    let again = EntryRecord::new(&read.clone().into_entry(), Some(&read));
    assert_eq!(serde_json::to_value(again).unwrap()["appliedAt"], "then");
}

#[test]
fn a_cache_that_is_written_often_does_not_grow_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = Cache::open(Arc::new(RealDisk), folder.path()).unwrap();
    cache.begin_inventory();
    let key = |number: usize| ObjectKey {
        group: String::new(),
        kind: "ConfigMap".to_owned(),
        namespace: None,
        name: format!("object-{number}"),
    };
    let mut sizes = Vec::new();
    for generation in 1..=600_u64 {
        let put = (0..4).map(|number| {
            let version = format!("v{generation}-{}", "x".repeat(2000));
            (key(number), InventoryEntry { application: "web".to_owned(), version, baseline: None })
        });
        let changes = Changes { put: put.collect(), ..Changes::default() };
        cache.write(&FactsRecord::new(&facts(1), generation, None), &[&changes], &Vault::new(None)).unwrap();
        if generation % 200 == 0 {
            sizes.push(cache.size_on_disk());
        }
    }
    assert!(sizes[2] < 8 * 1024 * 1024, "{sizes:?}");
}

#[test]
fn records_that_are_missing_old_or_altered_are_noticed_even_if_the_database_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |name: &str, version: &str| {
        let key = ObjectKey {
            group: String::new(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: name.to_owned(),
        };
        (key, InventoryEntry { application: "web".to_owned(), version: version.to_owned(), baseline: None })
    };
    let write = |generation, put| {
        let mut cache = Cache::open(Arc::new(RealDisk), folder.path()).unwrap();
        if generation == 1 {
            cache.begin_inventory();
        }
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"x": "x".repeat(9000)}});
        let desired = DesiredApplication {
            application: fake::application("web"),
            objects: vec![Object::new(object).unwrap()],
            digest: Digest::of(b"x"),
        };
        let mut facts = facts(1);
        let revision = facts.floor.as_ref().unwrap().revision.clone();
        facts.pinned.push(revision.clone());
        let applications = [("web".to_owned(), desired.digest)].into();
        let pin = Some(Pin { revision, applications });
        let changes = Changes { put, keep: vec![Snapshot::of(&desired)], pin, ..Changes::default() };
        let refused =
            cache.write(&FactsRecord::new(&facts, generation, None), &[&changes], &Vault::new(None));
        assert!(refused.unwrap().is_empty());
    };
    write(1, vec![entry("a", "v1"), entry("b", "v1")]);
    let before = pairs(folder.path());
    write(2, vec![entry("a", "v2")]);
    let after = pairs(folder.path());
    for (key, value) in &after {
        let mut altered = value.clone();
        *altered.last_mut().unwrap() ^= 1;
        for (name, wrong) in [("missing", None), ("altered", Some(&altered)), ("old", before.get(key))] {
            if wrong == Some(value) {
                continue;
            }
            set(folder.path(), key, wrong);
            let opened = Cache::open(Arc::new(RealDisk), folder.path());
            assert!(matches!(opened, Err(Trouble::Damaged(_))), "{name} {key:?}");
            drop(opened);
            set(folder.path(), key, Some(value));
        }
    }
    Cache::open(Arc::new(RealDisk), folder.path()).unwrap();
}

#[test]
fn a_snapshot_that_is_there_already_is_not_written_again() {
    const KEY: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
    const OTHER: &str = "AGE-SECRET-KEY-143WN7DCXU4G8R5AXQSSYD9AEPYDNT3HXSLWSPK36CDU6E8M59SSSAGZ3KG";
    let folder = tempfile::tempdir().unwrap();
    let credential = folder.path().join("credential");
    let write_key = |key: &str| fs::File::create(&credential).unwrap().write_all(key.as_bytes()).unwrap();
    let vault = Vault::new(Some(Encryption::Credential(credential.clone())));
    let mut generation = 0;
    let mut keep = |kind: &str, value: &str| {
        generation += 1;
        let object =
            json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, "data": {"x": value}});
        let objects = vec![Object::new(object).unwrap()];
        let desired =
            DesiredApplication { application: fake::application("web"), objects, digest: Digest::of(b"x") };
        let changes = Changes { keep: vec![Snapshot::of(&desired)], ..Changes::default() };
        let state = folder.path().join("state");
        fs::create_dir_all(&state).unwrap();
        let mut cache = Cache::open(Arc::new(RealDisk), &state).unwrap();
        let refused =
            cache.write(&FactsRecord::new(&facts(1), generation, None), &[&changes], &vault).unwrap();
        assert!(refused.is_empty(), "{refused:?}");
        drop(cache);
        pairs(&state).into_iter().filter(|(key, _)| key[0] == b's').collect::<Vec<_>>()
    };
    write_key(KEY);
    let plain = keep("ConfigMap", "eA==");
    assert_eq!(keep("ConfigMap", "eA=="), plain);
    let locked = keep("Secret", "eA==");
    assert_ne!(locked, plain);
    assert_eq!(keep("Secret", "eA=="), locked, "the same contents, encrypted once");
    let changed = keep("Secret", "eQ==");
    assert_ne!(changed, locked);
    write_key(OTHER);
    assert_ne!(keep("Secret", "eQ=="), changed, "it is encrypted to the new key");
    assert_eq!(keep("ConfigMap", "eA=="), plain);
}

fn pairs(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut pairs = BTreeMap::new();
    let add = |key: &[u8], value: &[u8]| {
        pairs.insert(key.to_owned(), value.to_owned());
        Ok(())
    };
    Sled::open(path).unwrap().scan(b"", add).unwrap();
    pairs
}

fn set(path: &Path, key: &[u8], value: Option<&Vec<u8>>) {
    Sled::open(path).unwrap().apply(vec![(key.to_owned(), value.cloned())]).unwrap();
}

#[test]
fn an_atomic_write_leaves_no_temporary_file_behind_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.json");
    for at in 0..6 {
        let disk = faults::FaultyDisk::with(at, faults::Fault::Once(std::io::ErrorKind::StorageFull));
        let written = durable::write_atomic(&disk, &path, b"new", 0o640);
        let entries: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(written.is_ok(), at >= 5, "operation {at}");
        assert!(entries.is_empty() || entries == ["status.json"], "operation {at}: {entries:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

proptest! {
    #[test]
    fn keys_read_back_as_written(group in ".*", kind in ".*", namespace in proptest::option::of(".*"), name in ".*") {
        let key = ObjectKey { group, kind, namespace, name };
        prop_assert_eq!(decode_key(&encode_key(&key)), Some(key));
    }

    #[test]
    fn no_bytes_in_the_file_are_taken_for_facts_that_were_not_written(
        at in 0..SLOT, bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts");
        let (mut file, _) = FactsFile::read(Arc::new(RealDisk), path.clone()).unwrap();
        file.create(1, b"one").unwrap();
        file.write(2, b"two").unwrap();
        let raw = OpenOptions::new().write(true).open(&path).unwrap();
        raw.write_all_at(&bytes, SLOT + at).unwrap();
        let (_, found) = FactsFile::read(Arc::new(RealDisk), path).unwrap();
        let Found::Record { payload, .. } = found else { return Err(TestCaseError::fail("the first slot is whole")) };
        prop_assert!(payload == b"one" || payload == b"two");
    }
}
