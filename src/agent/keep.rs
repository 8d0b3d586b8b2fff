//! The store on a thread of its own, and the facts that a pass leaves.

use super::build::Agent;
use crate::model::{Facts, Inventory, InventoryEntry, Moment, ObjectKey, Trouble};
use crate::reconcile::{self, Event};
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
        let (facts, notes) = self.keeper.save(facts, changes).await?;
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

    /// Every application is steady: the revision is last-good from now on, and an inventory that was put together may prune.
    pub(super) async fn keep(&mut self) -> Event {
        let Some(seen) = &self.work.seen else { return Event::Kept };
        let revision = seen.desired.revision.clone();
        let facts = reconcile::steady(&self.facts, &self.site, &revision, self.settings.keep);
        let is_new = self.facts.last_good.as_ref() != Some(&revision);
        let mut changes = Changes::default();
        if let Some(inventory) = self.inventory.as_ref().filter(|inventory| inventory.is_rebuilt) {
            changes.put.extend(inventory.entries.clone());
            changes.rebuilt = Some(false);
        }
        if let Err(trouble) = self.save(facts, changes).await {
            return Event::Failed(trouble);
        }
        if let Some(inventory) = &mut self.inventory {
            inventory.is_rebuilt = false;
        }
        if is_new {
            self.sink.moment(&Moment::LastGood(revision));
        }
        Event::Kept
    }
}
