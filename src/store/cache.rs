//! The cache of last-good: inventory, snapshots and pins, with the generation of the facts that they go with.
//!
//! The database was seen to open damaged logs without a word, with records missing or old. So each record is sealed, and the meta
//! record counts the inventory and holds the sum (XOR) of its seals: what is missing, old or too many shows when it is opened.

use super::durable::Disk;
use super::record::{EntryRecord, FactsRecord, decode_key, encode_key};
use super::sealed::{self, Edits, Kind, Sealed, Summary};
use super::shelf::{Refused, Shelf};
use super::sled::{Sled, Trouble};
use super::vault::Vault;
use super::{Changes, Pin};
use crate::model::{Digest, Inventory, InventoryEntry, ObjectKey, Revision};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The number of this format. A cache with another one is not read; it is built anew.
const FORMAT: u32 = 1;
/// The key of a record that is the only one of its kind.
const ONLY: &[u8] = b"";

/// An open cache, all of whose records have been checked.
#[derive(Debug)]
pub(super) struct Cache {
    disk: Arc<dyn Disk>,
    database: Sled,
    meta: Meta,
    facts: Option<FactsRecord>,
    shelf: Shelf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    format: u32,
    /// The generation of the facts that were written with it; 0 in a cache that was just made.
    generation: u64,
    /// What the inventory must add up to; `None` while it is not known.
    inventory: Option<InventorySummary>,
    /// What snapshots and pins must add up to.
    #[serde(default)]
    shelf: Summary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventorySummary {
    #[serde(flatten)]
    entries: Summary,
    is_rebuilt: bool,
}

impl Cache {
    /// Opens the cache in a folder that is there, reads it through, and writes to it: whatever is wrong shows now, under the
    /// opening marker, and not at a moment when it would stop the agent again and again.
    pub(super) fn open(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, Trouble> {
        let database = Sled::open(path)?;
        let (mut meta, mut facts, mut found) = (None, None, Summary::default());
        sealed::scan(&database, Kind::Meta, |record| {
            meta = Some(serde_json::from_slice(&record.contents).map_err(|_| inconsistent())?);
            Ok(())
        })?;
        sealed::scan(&database, Kind::Facts, |record| {
            facts = Some(FactsRecord::from_bytes(&record.contents).map_err(|_| inconsistent())?);
            Ok(())
        })?;
        sealed::scan(&database, Kind::Entry, |record| {
            found.add(record.seal);
            Ok(())
        })?;
        let shelf = Shelf::read(&database)?;
        let empty = Meta { format: FORMAT, generation: 0, inventory: None, shelf: Summary::default() };
        let records = [found, shelf.summary()];
        let is_empty = meta.is_none() && facts.is_none() && records == [Summary::default(); 2];
        let mut cache = Self { disk, database, meta: meta.unwrap_or(empty), facts, shelf };
        if !is_empty {
            cache.check(found)?;
        }
        cache.commit(Edits::default(), cache.meta.clone())?;
        Ok(cache)
    }

    /// The generation of the facts that it was last written with.
    pub(super) fn generation(&self) -> u64 {
        self.meta.generation
    }

    /// The copy of the facts of that generation.
    pub(super) fn facts(&self) -> Option<&FactsRecord> {
        self.facts.as_ref()
    }

    /// Declares that the inventory is empty and known to be.
    pub(super) fn begin_inventory(&mut self) {
        self.meta.inventory = Some(InventorySummary::default());
    }

    /// Declares the inventory lost: it is not written as known again until it is replaced.
    pub(super) fn forget_inventory(&mut self) {
        self.meta.inventory = None;
    }

    /// Whether the inventory is known.
    pub(super) fn knows_inventory(&self) -> bool {
        self.meta.inventory.is_some()
    }

    /// Reads the inventory; `None` if it is not known.
    pub(super) fn inventory(&self) -> Result<Option<Inventory>, Trouble> {
        let Some(summary) = self.meta.inventory else { return Ok(None) };
        let mut inventory = Inventory { is_rebuilt: summary.is_rebuilt, ..Inventory::default() };
        let mut found = Summary::default();
        sealed::scan(&self.database, Kind::Entry, |record| {
            let key = decode_key(&record.key).ok_or_else(inconsistent)?;
            let entry: EntryRecord = serde_json::from_slice(&record.contents).map_err(|_| inconsistent())?;
            found.add(record.seal);
            inventory.entries.insert(key, entry.into_entry());
            Ok(())
        })?;
        if found == summary.entries { Ok(Some(inventory)) } else { Err(inconsistent()) }
    }

    /// What a revision consists of, if it is pinned.
    pub(super) fn pinned(&self, revision: &Revision) -> Option<&Pin> {
        self.shelf.pinned(revision)
    }

    /// The contents of a snapshot, encrypted as they may be.
    pub(super) fn snapshot(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Trouble> {
        let record = sealed::read(&self.database, Kind::Snapshot, digest.as_bytes())?;
        Ok(record.map(|record| record.contents))
    }

    /// Writes changes, the later ones over the earlier, as one with the facts; returns once they would survive a power cut.
    /// While the inventory is not known, changes to single entries of it are left out. Answers with the snapshots that cannot be
    /// encrypted, and so are not kept.
    pub(super) fn write<'a>(
        &mut self,
        facts: &FactsRecord,
        changes: &[&'a Changes],
        vault: &Vault,
    ) -> Result<Refused<'a>, Trouble> {
        let mut edits = Edits::default();
        let inventory = self.edit_inventory(&mut edits, changes)?;
        let (shelf, refused) =
            self.shelf.edit(&self.database, &mut edits, changes, &facts.to_facts(), vault)?;
        self.put_over(&mut edits, Kind::Facts, &facts.to_bytes())?;
        let meta = Meta { format: FORMAT, generation: facts.generation(), inventory, shelf: shelf.summary() };
        self.commit(edits, meta)?;
        self.facts = Some(facts.clone());
        self.shelf = shelf;
        Ok(refused)
    }

    /// How many bytes it takes on disk.
    #[cfg(test)]
    pub(super) fn size_on_disk(&self) -> u64 {
        self.database.size_on_disk()
    }

    fn check(&self, found: Summary) -> Result<(), Trouble> {
        let copy = self.facts.as_ref().map_or(0, FactsRecord::generation);
        let adds_up = self.meta.inventory.is_none_or(|expected| expected.entries == found)
            && self.meta.shelf == self.shelf.summary();
        if self.meta.format == FORMAT && self.meta.generation == copy && adds_up {
            Ok(())
        } else {
            Err(inconsistent())
        }
    }

    fn edit_inventory(
        &self,
        edits: &mut Edits,
        changes: &[&Changes],
    ) -> Result<Option<InventorySummary>, Trouble> {
        let replaced = changes.iter().rposition(|change| change.rebuilt.is_some());
        let mut entries: BTreeMap<&ObjectKey, Option<&InventoryEntry>> = BTreeMap::new();
        for change in &changes[replaced.unwrap_or(0)..] {
            entries.extend(change.put.iter().map(|(key, entry)| (key, Some(entry))));
            entries.extend(change.remove.iter().map(|key| (key, None)));
        }
        let mut summary = match replaced.and_then(|at| changes[at].rebuilt) {
            Some(is_rebuilt) => {
                self.clear_entries(edits)?;
                InventorySummary { is_rebuilt, ..InventorySummary::default() }
            }
            None => match self.meta.inventory {
                Some(summary) => summary,
                None => return Ok(None),
            },
        };
        for (key, entry) in entries {
            let key = encode_key(key);
            let before = sealed::read(&self.database, Kind::Entry, &key)?;
            if let (Some(before), None) = (&before, replaced) {
                summary.entries.take(before.seal);
            }
            match (entry, &before) {
                (Some(entry), before) => {
                    let contents = entry_bytes(entry, before.as_ref());
                    summary.entries.add(edits.put(Kind::Entry, &key, &contents, before.as_ref()));
                }
                (None, Some(before)) => edits.remove(Kind::Entry, before),
                (None, None) => {}
            }
        }
        Ok(Some(summary))
    }

    fn clear_entries(&self, edits: &mut Edits) -> Result<(), Trouble> {
        sealed::scan(&self.database, Kind::Entry, |record| {
            edits.remove(Kind::Entry, &record);
            Ok(())
        })
    }

    fn put_over(&self, edits: &mut Edits, kind: Kind, contents: &[u8]) -> Result<(), Trouble> {
        let before = sealed::read(&self.database, kind, ONLY)?;
        edits.put(kind, ONLY, contents, before.as_ref());
        Ok(())
    }

    fn commit(&mut self, mut edits: Edits, meta: Meta) -> Result<(), Trouble> {
        let contents = serde_json::to_vec(&meta).expect("because numbers and texts are always JSON");
        self.put_over(&mut edits, Kind::Meta, &contents)?;
        self.gate()?;
        edits.apply(&self.database)?;
        self.gate()?;
        self.database.flush()?;
        self.meta = meta;
        Ok(())
    }

    fn gate(&self) -> Result<(), Trouble> {
        self.disk.cache_may_write().map_err(|error| Trouble::unavailable(&error))
    }
}

fn entry_bytes(entry: &InventoryEntry, before: Option<&Sealed>) -> Vec<u8> {
    let before = before.and_then(|record| serde_json::from_slice(&record.contents).ok());
    let record = EntryRecord::new(entry, before.as_ref());
    serde_json::to_vec(&record)
        .expect("because a record has text keys alone and nothing that JSON cannot say")
}

fn inconsistent() -> Trouble {
    Trouble::Damaged("records are missing or old".to_owned())
}
