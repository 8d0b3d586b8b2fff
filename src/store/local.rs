//! The store on this machine's disk: facts in their file, the cache beside them.
//!
//! # Which facts are the newest
//! Each save takes a generation that no save had before, failed ones included, and writes it first to the cache, then to the facts
//! file. So the newest whole record of three (two slots, one copy in the cache) holds at least everything that any `save` that
//! returned has promised; the cache's copy may be one that was never acknowledged, which does no harm, for facts are true when they
//! are handed to us. Where both slots are damaged the copy counts only if it is at least as new as both say they were.
//!
//! # When the inventory counts
//! If the cache is at the generation of the facts, or ahead of it: what was put in was put before it was applied, what was removed
//! had been seen to be gone. If it is behind, changes are missing from it, and it does not count.

use super::cache::Cache;
use super::durable::{self, Disk, RealDisk};
use super::facts::{FactsFile, Found};
use super::opening::{self, ASIDE, CACHE};
use super::record::{FactsRecord, RecordError};
use super::sled::Trouble;
use super::vault::{Vault, VaultError};
use super::{Changes, Error, Loaded, Pin, Settings, Snapshot, Store};
use crate::model::{
    DesiredApplication, Digest, Facts, Inventory, InventoryEntry, ObjectKey, Revision, explain,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How often a held lock is tried, and how long apart: half a second in all.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// The store on disk. While it is held no other process can open the same directory.
#[derive(Debug)]
struct LocalStore {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    opened: Timestamp,
    file: FactsFile,
    record: FactsRecord,
    /// The highest generation that any save has taken.
    generation: u64,
    cache: Option<Cache>,
    vault: Vault,
    /// Whether a person was told that something is not kept, for want of a key.
    is_told: bool,
    behind: Behind,
    /// The inventory as it was found at opening, until it is handed out.
    found: Option<Inventory>,
    notes: Vec<String>,
    /// Held for its lock. The last to go: who gets the lock next finds the cache closed.
    _lock: File,
}

/// What the cache has not taken yet, because it could not be written.
#[derive(Debug, Default)]
struct Behind {
    /// The generation of the cache that these changes build on; `None` if the inventory is not known.
    base: Option<u64>,
    changes: Changes,
}

/// Opens the store in its directory, which is made if need be. `now` dates what is set aside.
pub fn open(settings: &Settings, now: Timestamp) -> Result<Box<dyn Store>, Error> {
    open_on(Arc::new(RealDisk), settings, now)
}

/// The same on another disk: one that fails, in tests.
pub fn open_on(disk: Arc<dyn Disk>, settings: &Settings, now: Timestamp) -> Result<Box<dyn Store>, Error> {
    let directory = settings.directory.clone();
    let failed = |source| Error::Directory { path: directory.clone(), source };
    durable::ensure_dir(&*disk, &directory).map_err(failed)?;
    let lock = File::open(&directory).map_err(failed)?;
    match take_lock(&lock) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: directory }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let (mut file, found) = FactsFile::read(Arc::clone(&disk), directory.join(super::FACTS))?;
    if found == Found::Missing {
        begin(&mut file, &directory)?;
    }
    let mut notes = Vec::new();
    let cache = opening::open(&disk, &directory, now, &mut notes);
    let (cache, trouble) = match cache {
        Ok(cache) => (Some(cache), None),
        Err(trouble) => (None, Some(trouble)),
    };
    notes.extend(trouble.map(|trouble| without_cache(&directory, &trouble)));
    let record = newest(&mut file, found, cache.as_ref().and_then(Cache::facts), &mut notes)?;
    let generation = record.generation().max(cache.as_ref().map_or(0, Cache::generation));
    let mut store = LocalStore {
        disk,
        directory,
        opened: now,
        _lock: lock,
        file,
        record,
        generation,
        cache,
        vault: Vault::new(settings.encryption.clone()),
        is_told: false,
        behind: Behind::default(),
        found: None,
        notes,
    };
    store.find_inventory();
    Ok(Box::new(store))
}

/// Takes the directory's lock. One that is on its way to be given back is waited for: a process that this one has just started
/// holds all locks for the moment until it runs its own program.
fn take_lock(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            taken => return taken,
        }
    }
    lock.try_lock()
}

impl Store for LocalStore {
    fn load(&mut self) -> Result<Loaded, Error> {
        let inventory = self.found.take().or_else(|| self.read_inventory());
        let notes = std::mem::take(&mut self.notes);
        Ok(Loaded { facts: self.record.to_facts(), inventory, notes })
    }

    fn save(&mut self, facts: &mut Facts, changes: &Changes) -> Result<Vec<String>, Error> {
        self.found = None;
        let generation = self.generation.max(facts.generation) + 1;
        self.generation = generation;
        let record = FactsRecord::new(facts, generation, Some(&self.record));
        self.write_cache(&record, changes);
        self.file.write(generation, &record.to_bytes())?;
        facts.generation = generation;
        self.record = record;
        Ok(std::mem::take(&mut self.notes))
    }

    fn snapshot(&mut self, digest: &Digest) -> Result<Option<DesiredApplication>, Error> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let contents = match cache.snapshot(digest) {
            Ok(Some(contents)) => contents,
            Ok(None) => return Ok(None),
            Err(trouble) => {
                self.lose_cache(&trouble);
                return Ok(None);
            }
        };
        match self.read_snapshot(*digest, &contents) {
            Ok(desired) => Ok(Some(desired)),
            Err(why) => {
                self.notes.push(format!("the snapshot {digest} is not available: {why}"));
                Ok(None)
            }
        }
    }

    fn pinned(&mut self, revision: &Revision) -> Option<Pin> {
        self.cache.as_ref()?.pinned(revision).cloned()
    }
}

impl LocalStore {
    /// Decides whether the inventory that was found counts.
    fn find_inventory(&mut self) {
        let is_new_site = self.record.generation() == 0;
        if let Some(cache) = &mut self.cache {
            if is_new_site {
                cache.begin_inventory();
            } else if cache.generation() < self.record.generation() {
                self.notes.push(format!(
                    "the cache is at generation {}, the facts at {}: its inventory is put together anew from the cluster",
                    cache.generation(),
                    self.record.generation()
                ));
                cache.forget_inventory();
            }
        }
        let base = match &self.cache {
            Some(cache) => cache.knows_inventory().then(|| cache.generation()),
            None => is_new_site.then_some(0),
        };
        self.behind = Behind { base, changes: Changes::default() };
        self.found = self.read_inventory();
        if self.found.is_none() && self.notes.is_empty() {
            self.notes
                .push("the inventory is not known: it is put together anew from the cluster".to_owned());
        }
    }

    fn read_inventory(&mut self) -> Option<Inventory> {
        let Some(cache) = &self.cache else {
            return (self.record.generation() == 0).then(Inventory::default);
        };
        match cache.inventory() {
            Ok(inventory) => inventory,
            Err(trouble) => {
                self.lose_cache(&trouble);
                None
            }
        }
    }

    /// Writes the cache, or remembers what it should have taken.
    fn write_cache(&mut self, record: &FactsRecord, changes: &Changes) {
        if let Err(trouble) = self.try_cache(record, changes) {
            self.lose_cache(&trouble);
            self.behind.add(changes);
        }
    }

    fn try_cache(&mut self, record: &FactsRecord, changes: &Changes) -> Result<(), Trouble> {
        if self.cache.is_none() {
            self.cache = Some(self.open_cache()?);
        }
        let Some(cache) = &mut self.cache else { return Ok(()) };
        let refused = cache.write(record, &[&self.behind.changes, changes], &self.vault)?;
        let news = refused.iter().map(|(name, error)| not_kept(name, error)).filter(|_| !self.is_told);
        self.notes.extend(news);
        self.is_told |= !refused.is_empty();
        let base = cache.knows_inventory().then(|| cache.generation());
        self.behind = Behind { base, changes: Changes::default() };
        Ok(())
    }

    fn read_snapshot(&self, digest: Digest, contents: &[u8]) -> Result<DesiredApplication, String> {
        let unlocked = match Vault::is_locked(contents) {
            true => Some(self.vault.unlock(contents).map_err(|error| explain(&error))?),
            false => None,
        };
        let contents = unlocked.as_ref().map_or(contents, |unlocked| unlocked);
        Snapshot::read(digest, contents).map_err(|error| explain(&error))
    }

    /// Tries again to open a cache that could not be opened or written before.
    fn open_cache(&mut self) -> Result<Cache, Trouble> {
        let mut cache = opening::open(&self.disk, &self.directory, self.opened, &mut self.notes)?;
        // Nobody else writes it while we hold the lock: what is newer than our base is what we wrote and were told had failed.
        match self.behind.base {
            Some(0) if cache.generation() == 0 => cache.begin_inventory(),
            Some(base) if cache.generation() >= base => {}
            _ => {
                cache.forget_inventory();
                self.behind.base = None;
            }
        }
        Ok(cache)
    }

    /// Goes on without the cache; a damaged one is set aside.
    fn lose_cache(&mut self, trouble: &Trouble) {
        self.cache = None;
        let aside = match trouble {
            Trouble::Damaged(why) => {
                self.behind.base = None;
                opening::set_aside(&*self.disk, &self.directory, self.opened, why)
            }
            Trouble::Unavailable(_) => Ok(without_cache(&self.directory, trouble)),
        };
        self.notes.push(aside.unwrap_or_else(|second| without_cache(&self.directory, &second)));
    }
}

impl Behind {
    /// Lays later changes over these.
    fn add(&mut self, later: &Changes) {
        let mine = std::mem::take(&mut self.changes);
        let mut entries: BTreeMap<ObjectKey, Option<InventoryEntry>> = BTreeMap::new();
        if later.rebuilt.is_none() {
            entries.extend(mine.put.into_iter().map(|(key, entry)| (key, Some(entry))));
            entries.extend(mine.remove.into_iter().map(|key| (key, None)));
        }
        entries.extend(later.put.iter().cloned().map(|(key, entry)| (key, Some(entry))));
        entries.extend(later.remove.iter().cloned().map(|key| (key, None)));
        self.changes.rebuilt = later.rebuilt.or(mine.rebuilt);
        for (key, entry) in entries {
            match entry {
                Some(entry) => self.changes.put.push((key, entry)),
                None => self.changes.remove.push(key),
            }
        }
        // Snapshots are not held in memory for later: they are rendered again from the objects.
        self.changes.pin = later.pin.clone().or(mine.pin);
    }
}

/// What a person is told where something that holds Secrets could not be encrypted.
fn not_kept(name: &str, error: &VaultError) -> String {
    format!(
        "application {name} holds Secrets and is not kept: {}; to go back to it, it is rendered again from the repository",
        explain(error)
    )
}

/// Writes the first facts of a new site, before anything else is made in its directory.
fn begin(file: &mut FactsFile, directory: &Path) -> Result<(), Error> {
    if let Some(evidence) = has_run_before(directory) {
        return Err(Error::FactsMissing { path: file.path().clone(), evidence });
    }
    file.create(0, &FactsRecord::new(&Facts::default(), 0, None).to_bytes())
}

/// What shows that an agent has worked here before. Facts are the first thing that is made, so any other trace tells.
fn has_run_before(directory: &Path) -> Option<&'static str> {
    let holds_any = |folder: PathBuf| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if holds_any(directory.join(CACHE)) {
        return Some("the folder `state` holds a cache");
    }
    // A bare repository with a folder of its own inside for what is not proven yet.
    if ["objects/objects/pack", "objects/incoming"].iter().any(|folder| holds_any(directory.join(folder))) {
        return Some("the folder `objects` holds packs");
    }
    if holds_any(directory.join("audit")) {
        return Some("the folder `audit` holds records");
    }
    let is_aside = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(ASIDE);
    fs::read_dir(directory)
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| is_aside(&entry.file_name()))))
        .then_some("a cache that was set aside is there")
}

/// The newest facts of the two slots and the cache's copy. A copy that is newer is written to the file as well, if that can be done.
fn newest(
    file: &mut FactsFile,
    found: Found,
    copy: Option<&FactsRecord>,
    notes: &mut Vec<String>,
) -> Result<FactsRecord, Error> {
    let path = file.path().clone();
    let damaged = || Error::FactsDamaged { path: path.clone() };
    let (record, least) = match found {
        Found::Missing => return Ok(FactsRecord::new(&Facts::default(), 0, None)),
        Found::Damaged(bound) => (None, bound.ok_or_else(damaged)?),
        Found::Record { payload, other_is_damaged } => {
            if other_is_damaged {
                notes.push(format!(
                    "one of the two copies of the facts in {} was damaged; the other one is used",
                    path.display()
                ));
            }
            let record = FactsRecord::from_bytes(&payload).map_err(|error| match error {
                RecordError::TooNew(format) => Error::FactsTooNew { path: path.clone(), format },
                RecordError::Malformed(_) => damaged(),
            })?;
            let least = record.generation() + 1;
            (Some(record), least)
        }
    };
    match (copy.filter(|copy| copy.generation() >= least), record) {
        (Some(copy), _) => {
            notes.push(format!(
                "the facts were taken from the cache, whose copy is newer than {}",
                path.display()
            ));
            // They are read from the cache again next time if this fails; the first save will say so if it still does.
            drop(file.write(copy.generation(), &copy.to_bytes()));
            Ok(copy.clone())
        }
        (None, Some(record)) => Ok(record),
        (None, None) => Err(damaged()),
    }
}

fn without_cache(directory: &Path, trouble: &Trouble) -> String {
    format!("the cache {} cannot be used, going on without it: {trouble}", directory.join(CACHE).display())
}
