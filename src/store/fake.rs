//! For tests: a store in memory that outlives the agent, so that a power cut is dropping one and opening it again.

use super::kept::Kept;
use super::record::FactsRecord;
use super::{Changes, Error, Loaded, Pin, Snapshot, Store};
use crate::model::{DesiredApplication, Digest, Facts, Inventory, Revision};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What survives. Clones share it; [`Memory::open`] is a boot.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Durable>>);

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    memory: Memory,
    generation: u64,
    /// Whether the inventory is known, counting what is `behind`.
    is_known: bool,
    /// What the cache could not take.
    behind: Vec<Changes>,
}

#[derive(Debug, Default)]
struct Durable {
    facts: Option<Vec<u8>>,
    cache: Cache,
    effects: u64,
    fail_at: Option<u64>,
    cut_at: Option<u64>,
    is_cut: bool,
}

#[derive(Debug, Clone, Default)]
struct Cache {
    generation: u64,
    inventory: Option<Inventory>,
    snapshots: BTreeMap<Digest, Snapshot>,
    pins: BTreeMap<Revision, Pin>,
}

impl Memory {
    /// Boots: the power is on again, and no fault is pending.
    pub fn open(&self) -> MemoryStore {
        let mut durable = self.durable();
        (durable.is_cut, durable.cut_at, durable.fail_at) = (false, None, None);
        let facts = durable.record().map_or(0, |record| record.generation());
        let cache = &durable.cache;
        let is_known = facts == 0 || (cache.generation >= facts && cache.inventory.is_some());
        let generation = facts.max(cache.generation);
        drop(durable);
        MemoryStore { memory: self.clone(), generation, is_known, behind: Vec::new() }
    }

    /// How many durable effects there were so far: each save has two, the cache's and the facts'.
    pub fn effects(&self) -> u64 {
        self.durable().effects
    }

    /// Cuts the power before the effect of this number, counted from 0: it and all later ones do nothing, until the next boot.
    pub fn cut_before(&self, effect: u64) {
        self.durable().cut_at = Some(effect);
    }

    /// Lets the effect of this number fail, as on a full disk; later ones work.
    pub fn fail_at(&self, effect: u64) {
        self.durable().fail_at = Some(effect);
    }

    /// Loses the cache, as when it was damaged and set aside.
    pub fn lose_cache(&self) {
        self.durable().cache = Cache::default();
    }

    fn durable(&self) -> MutexGuard<'_, Durable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable {
    fn record(&self) -> Option<FactsRecord> {
        self.facts.as_deref().map(|bytes| FactsRecord::from_bytes(bytes).expect("because we wrote it"))
    }

    fn step(&mut self) -> io::Result<()> {
        let number = self.effects;
        self.effects += 1;
        self.is_cut |= self.cut_at == Some(number);
        if self.is_cut {
            Err(io::Error::other("the power is off"))
        } else if self.fail_at == Some(number) {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Loaded, Error> {
        let durable = self.memory.durable();
        let facts = durable.record().map_or_else(Facts::default, |record| record.to_facts());
        let inventory = match facts.generation {
            0 => Some(Inventory::default()),
            generation if durable.cache.generation >= generation => durable.cache.inventory.clone(),
            _ => None,
        };
        Ok(Loaded { facts, inventory, notes: Vec::new() })
    }

    fn save(&mut self, facts: &mut Facts, changes: &Changes) -> Result<Vec<String>, Error> {
        let mut durable = self.memory.durable();
        let generation = self.generation.max(facts.generation) + 1;
        self.generation = generation;
        let before = durable.record();
        let mut notes = Vec::new();
        self.behind.push(changes.clone());
        match durable.step() {
            Ok(()) => {
                let behind = std::mem::take(&mut self.behind);
                durable.cache.take(generation, self.is_known, &behind, facts);
                self.is_known = durable.cache.inventory.is_some();
            }
            Err(error) => notes.push(format!("the cache cannot be used, going on without it: {error}")),
        }
        let unwritable = |source| Error::Unwritable { path: PathBuf::from("memory"), source };
        durable.step().map_err(unwritable)?;
        durable.facts = Some(FactsRecord::new(facts, generation, before.as_ref()).to_bytes());
        facts.generation = generation;
        Ok(notes)
    }

    fn snapshot(&mut self, digest: &Digest) -> Result<Option<DesiredApplication>, Error> {
        let durable = self.memory.durable();
        let kept = durable.cache.snapshots.get(digest);
        Ok(kept.map(|kept| Snapshot::read(*digest, kept.contents()).expect("because we wrote it")))
    }

    fn pinned(&mut self, revision: &Revision) -> Option<Pin> {
        self.memory.durable().cache.pins.get(revision).cloned()
    }
}

impl Cache {
    /// Takes all changes since it was last written.
    fn take(&mut self, generation: u64, is_known: bool, changes: &[Changes], facts: &Facts) {
        self.inventory = is_known.then(|| self.inventory.take().unwrap_or_default());
        for change in changes {
            if let Some(is_rebuilt) = change.rebuilt {
                self.inventory = Some(Inventory { is_rebuilt, ..Inventory::default() });
            }
            if let Some(inventory) = &mut self.inventory {
                inventory.entries.extend(change.put.iter().cloned());
                change.remove.iter().for_each(|key| drop(inventory.entries.remove(key)));
            }
            self.pins.extend(change.pin.iter().map(|pin| (pin.revision.clone(), pin.clone())));
        }
        let all = Kept { snapshots: self.snapshots.keys().copied().collect(), pins: self.pins.clone() };
        let needed = all.needed(facts);
        self.pins = needed.pins;
        self.snapshots.retain(|digest, _| needed.snapshots.contains(digest));
        let kept = changes.iter().flat_map(|change| &change.keep);
        self.snapshots.extend(kept.map(|snapshot| (snapshot.digest(), snapshot.clone())));
        self.generation = generation;
    }
}
