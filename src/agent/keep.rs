//! The store on a thread of its own, and the facts that a pass leaves.

use super::build::Agent;
use crate::model::Trouble;
use crate::model::{Facts, Inventory, InventoryEntry, Moment, ObjectKey};
use crate::reconcile::Event;
use crate::store::{Changes, Error, Store};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The store, off the async threads.
pub(super) struct Keeper(Arc<Mutex<Box<dyn Store>>>);

impl Keeper {
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// Writes changes and facts; answers with the facts under their new generation, and with notes for a person.
    async fn save(&self, mut facts: Facts, changes: Changes) -> Result<(Facts, Vec<String>), Error> {
        let store = Arc::clone(&self.0);
        let write = move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            let notes = store.save(&mut facts, &changes)?;
            Ok((facts, notes))
        };
        tokio::task::spawn_blocking(write)
            .await
            .unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
    }
}

impl Agent {
    /// Makes `facts` the facts, on disk first; nothing changes in memory unless they are written.
    pub(super) async fn save(&mut self, facts: Facts, changes: Changes) -> Result<(), Trouble> {
        if facts == self.facts && changes == Changes::default() {
            return Ok(());
        }
        let (facts, notes) = self.keeper.save(facts, changes).await.map_err(|error| Trouble::from(&error))?;
        self.facts = facts;
        for note in notes {
            self.sink.moment(&Moment::Note(note));
        }
        Ok(())
    }

    /// Writes inventory entries, in the store and in memory.
    pub(super) async fn save_entries(
        &mut self,
        put: BTreeMap<ObjectKey, InventoryEntry>,
    ) -> Result<(), Trouble> {
        if put.is_empty() {
            return Ok(());
        }
        let changes = Changes { put: put.clone().into_iter().collect(), ..Changes::default() };
        self.save(self.facts.clone(), changes).await?;
        self.inventory.get_or_insert_with(Inventory::default).entries.extend(put);
        Ok(())
    }

    /// Every application is steady: the revision is last-good from now on.
    pub(super) async fn keep(&mut self) -> Event {
        let mut facts = self.facts.clone();
        let Some(revision) = self.work.seen.as_ref().map(|seen| seen.desired.revision.clone()) else {
            return Event::Kept;
        };
        facts.last_good = Some(revision.clone());
        if facts.pinned.first() != Some(&revision) {
            facts.pinned.retain(|pinned| *pinned != revision);
            facts.pinned.insert(0, revision.clone());
            facts.pinned.truncate(self.settings.keep);
        }
        facts.applications.retain(|name, _| self.site.applications.contains_key(name));
        for (name, application) in &self.site.applications {
            let known = facts.applications.entry(name.clone()).or_default();
            known.last_good.clone_from(&application.last_good);
        }
        let is_new = self.facts.last_good.as_ref() != Some(&revision);
        let is_rebuilt = self.inventory.as_ref().is_some_and(|inventory| inventory.is_rebuilt);
        let rebuilt = is_rebuilt.then_some(false);
        if let Err(trouble) = self.save(facts, self.steady_inventory(rebuilt)).await {
            return Event::Failed(trouble);
        }
        if is_rebuilt && let Some(inventory) = &mut self.inventory {
            inventory.is_rebuilt = false;
        }
        if is_new {
            self.sink.moment(&Moment::LastGood(revision));
        }
        Event::Kept
    }

    /// A rebuilt inventory may prune once a whole revision has been steady; said by writing it whole.
    fn steady_inventory(&self, rebuilt: Option<bool>) -> Changes {
        let Some(inventory) = self.inventory.as_ref().filter(|_| rebuilt.is_some()) else {
            return Changes::default();
        };
        let put = inventory.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())).collect();
        Changes { put, rebuilt, ..Changes::default() }
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keeper")
    }
}
