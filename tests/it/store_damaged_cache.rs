//! A cache that is damaged, missing, older or newer than the facts: the site boots from its facts, and never believes a wrong record.

use crate::support::store::{content, digest, entry, facts, folder, rendered, settings};
use jiff::Timestamp;
use standfast::model::{Facts, Inventory};
use standfast::store::{self, Changes, Loaded, Settings, Snapshot};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How much each site owns, so that its cache has several pages.
const OBJECTS: usize = 40;
const SNAPSHOT: usize = 40_000;

/// A site that has run for a while, and what it knows.
struct Site {
    _folder: tempfile::TempDir,
    settings: Settings,
    facts: Facts,
    inventory: Inventory,
}

impl Site {
    fn new() -> Self {
        let folder = folder();
        let mut site = Self {
            settings: settings(folder.path()),
            _folder: folder,
            facts: facts(1),
            inventory: Inventory::default(),
        };
        site.run(facts(1), 0..OBJECTS);
        site.run(facts(2), 0..OBJECTS / 2);
        site
    }

    /// Boots, applies some objects, and shuts down.
    fn run(&mut self, facts: Facts, objects: std::ops::Range<usize>) {
        self.facts = facts;
        let applied = self.inventory.entries.len() >= OBJECTS;
        let put: Vec<_> = objects.map(|number| entry(&format!("object-{number}"), applied)).collect();
        self.inventory.entries.extend(put.iter().cloned());
        let keep = vec![Snapshot::of(&rendered(5, SNAPSHOT))];
        let mut store = store::open(&self.settings, Timestamp::UNIX_EPOCH).unwrap();
        store.save(&mut self.facts, &Changes { put, keep, ..Changes::default() }).unwrap();
    }

    /// Another site with the same past.
    fn copy(&self) -> Self {
        let folder = folder();
        let copied = settings(folder.path());
        copy(&self.settings.directory, &copied.directory);
        Self {
            settings: copied,
            _folder: folder,
            facts: self.facts.clone(),
            inventory: self.inventory.clone(),
        }
    }

    /// A file of the cache by how its name begins.
    fn file(&self, name: &str) -> PathBuf {
        let mut entries = fs::read_dir(self.state()).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(name)).unwrap()
    }

    fn boot(&self) -> Loaded {
        store::open(&self.settings, now()).unwrap().load().unwrap()
    }

    fn state(&self) -> PathBuf {
        self.settings.directory.join("state")
    }

    fn set_aside(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.settings.directory).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_string_lossy().contains("state.damaged-20260802T101112Z")).collect()
    }

    /// Boots on what is there: facts are whole, everything else is right or not known. Then the site goes on.
    /// Answers whether the inventory was still known.
    fn check(&self, damage: &str) -> bool {
        let mut store =
            store::open(&self.settings, now()).unwrap_or_else(|error| panic!("{damage}: {error}"));
        let Loaded { facts, inventory, notes } = store.load().unwrap();
        assert_eq!(facts, self.facts, "{damage}");
        let known = inventory.is_some();
        assert!(known || !notes.is_empty(), "{damage}: the inventory was lost without a word");
        assert_eq!(inventory.unwrap_or_else(|| self.inventory.clone()), self.inventory, "{damage}");
        let snapshot = store.snapshot(&digest(5)).unwrap();
        assert!(snapshot.is_none_or(|snapshot| snapshot == rendered(5, SNAPSHOT)), "{damage}");

        let put = vec![entry("anew", true)];
        let rebuilt = Inventory { entries: put.iter().cloned().collect(), is_rebuilt: true };
        let changes = Changes { put, rebuilt: Some(true), ..Changes::default() };
        let notes = store.save(&mut facts.clone(), &changes).unwrap();
        assert!(notes.is_empty(), "{damage}: {notes:?}");
        drop(store);
        let loaded = self.boot();
        assert_eq!((content(&loaded.facts), loaded.inventory), (content(&facts), Some(rebuilt)), "{damage}");
        known
    }
}

fn now() -> Timestamp {
    "2026-08-02T10:11:12Z".parse().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

/// Damages the log of one site in many ways, each on a copy.
fn for_each_damage(damages: u64, damage: impl Fn(&File, u64, u64)) -> usize {
    let original = Site::new();
    let mut noticed = 0;
    for number in 0..damages {
        let site = original.copy();
        let file = OpenOptions::new().read(true).write(true).open(site.file("db")).unwrap();
        damage(&file, file.metadata().unwrap().len(), number);
        noticed += usize::from(!site.check(&format!("damage {number}")));
    }
    noticed
}

#[test]
fn a_damaged_log_never_gives_a_wrong_inventory() {
    let noticed = for_each_damage(75, |file, length, number| {
        // An odd stride, so that headers, keys, values and padding are all hit.
        let at = (number * 7919 + 13) * 61 % length;
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x40], at).unwrap();
    });
    assert!(noticed > 10, "only {noticed} of 75 damages did anything: the test misses the records");
}

#[test]
fn a_truncated_log_never_gives_a_wrong_inventory() {
    for_each_damage(8, |file, length, number| file.set_len(length * number / 8).unwrap());
}

#[test]
fn zeroed_blocks_never_give_a_wrong_inventory() {
    for_each_damage(20, |file, length, number| {
        file.write_all_at(&[0; 4096], length / 4096 * number / 20 * 4096).unwrap();
    });
}

#[test]
fn any_file_of_the_cache_may_be_missing_or_something_else() {
    let original = Site::new();
    for name in ["db", "conf", "blobs", "snap."] {
        for damage in ["missing", "a folder for a file", "other contents"] {
            let site = original.copy();
            let path = site.file(name);
            let was_folder = path.is_dir();
            if was_folder {
                fs::remove_dir_all(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            match damage {
                "a folder for a file" if !was_folder => fs::create_dir(&path).unwrap(),
                "other contents" => {
                    let other = b"segment_size: 4096\nuse_compression: true\nversion: 0.1\n1234";
                    fs::write(&path, other).unwrap();
                }
                _ => {}
            }
            site.check(&format!("{name}: {damage}"));
        }
    }
}

#[test]
fn a_missing_cache_is_begun_anew() {
    let site = Site::new();
    fs::remove_dir_all(site.state()).unwrap();
    assert!(!site.check("no cache"));
    assert!(site.set_aside().is_empty());
}

#[test]
fn a_file_in_place_of_the_cache_is_set_aside() {
    let site = Site::new();
    fs::remove_dir_all(site.state()).unwrap();
    fs::write(site.state(), b"what is this").unwrap();
    assert!(!site.check("a file"));
    assert_eq!(site.set_aside().len(), 1);
}

#[test]
fn a_damaged_cache_is_set_aside_under_a_date_and_kept() {
    let site = Site::new();
    for (round, expected) in
        ["state.damaged-20260802T101112Z", "state.damaged-20260802T101112Z-2"].iter().enumerate()
    {
        let log = fs::read(site.state().join("db")).unwrap();
        fs::write(site.state().join("conf"), b"segment_size: 1\nuse_compression: false\nversion: 0.1\n1234")
            .unwrap();
        let loaded = site.boot();
        assert_eq!(loaded.facts, site.facts);
        let aside = site.settings.directory.join(expected);
        assert_eq!(fs::read(aside.join("db")).unwrap(), log, "it is kept as it was");
        assert_eq!(site.set_aside().len(), round + 1);
        assert!(loaded.notes[0].contains(expected), "{:?}", loaded.notes);
    }
}

#[test]
fn a_cache_older_than_the_facts_is_stale() {
    let mut site = Site::new();
    let backup = site.settings.directory.join("backup");
    copy(&site.state(), &backup);
    site.run(facts(3), 10..20);
    fs::remove_dir_all(site.state()).unwrap();
    fs::rename(&backup, site.state()).unwrap();
    let loaded = site.boot();
    assert_eq!((loaded.facts, loaded.inventory), (site.facts.clone(), None));
    assert!(loaded.notes[0].contains("put together anew from the cluster"), "{:?}", loaded.notes);
    assert!(site.set_aside().is_empty(), "a stale cache is rebuilt in place");
    assert!(!site.check("older"));
}

#[test]
fn a_cache_newer_than_the_facts_brings_its_facts() {
    let mut site = Site::new();
    let file = site.settings.directory.join("facts");
    let backup = fs::read(&file).unwrap();
    site.run(facts(3), 10..20);
    fs::write(&file, backup).unwrap();
    // Its copy is of a later save than the file: the floor does not go back, and the inventory is that of the copy.
    assert!(site.check("newer"));
}

#[test]
fn what_the_cache_missed_while_it_could_not_be_written_is_not_forgotten() {
    let mut site = Site::new();
    let state = site.state();
    let mut store = store::open(&site.settings, now()).unwrap();
    store.load().unwrap();
    // A lock held by another keeps the next opening from succeeding; a failed write makes the store open again.
    drop(store);
    let lock = File::open(state.join("db")).unwrap();
    lock.lock().unwrap();
    let mut store = store::open(&site.settings, now()).unwrap();
    let loaded = store.load().unwrap();
    assert_eq!((loaded.facts, loaded.inventory), (site.facts.clone(), None));
    assert!(loaded.notes[0].contains("going on without it"), "{:?}", loaded.notes);
    let notes = store.save(&mut site.facts, &Changes::default()).unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(site.set_aside().is_empty(), "a held lock never sets a cache aside");
    drop(lock);
    assert!(store.save(&mut site.facts, &Changes::default()).unwrap().is_empty(), "the cache is back");
}

#[test]
fn a_cache_that_kills_the_agent_while_it_opens_is_set_aside_at_the_third_try() {
    let site = Site::new();
    let marker = site.settings.directory.join("state.opening");
    assert!(!marker.exists(), "a finished opening leaves no marker");
    for aborted in ["1", "2"] {
        fs::write(&marker, aborted).unwrap();
        let loaded = site.boot();
        assert_eq!(loaded.facts, site.facts);
        assert_eq!(loaded.inventory.is_some(), aborted == "1");
        assert_eq!(site.set_aside().len(), usize::from(aborted == "2"));
        assert!(!marker.exists());
    }
}
