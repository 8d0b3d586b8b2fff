//! The store on a thread of its own, and the facts that a pass leaves.

use super::build::Agent;
use super::driver::Done;
use crate::apply::{Entries, Journal, Tell};
use crate::model::{Facts, Moment, Trouble};
use crate::reconcile::{self, Event};
use crate::store::{Changes, Store};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};

/// The store with the facts in it, off the async threads. Clones are the same store.
#[derive(Clone)]
pub(super) struct Keeper {
    kept: Arc<Mutex<(Box<dyn Store>, Facts)>>,
    tell: Tell,
}

impl Keeper {
    pub(super) fn new(store: Box<dyn Store>, facts: Facts, tell: Tell) -> Self {
        Self { kept: Arc::new(Mutex::new((store, facts))), tell }
    }

    /// Writes changes and facts (those that are known where none are given); answers with the facts under their new generation.
    async fn save(&self, facts: Option<Facts>, changes: Changes) -> Result<Facts, Trouble> {
        let kept = Arc::clone(&self.kept);
        let write = move || {
            let (store, known) = &mut *kept.lock().unwrap_or_else(PoisonError::into_inner);
            let mut facts = facts.unwrap_or_else(|| known.clone());
            let notes = store.save(&mut facts, &changes)?;
            known.clone_from(&facts);
            Ok::<_, Trouble>((facts, notes))
        };
        let (facts, notes) = off_the_loop(write).await?;
        notes.into_iter().for_each(|note| (self.tell)(&Moment::Note(note)));
        Ok(facts)
    }
}

#[async_trait]
impl Journal for Keeper {
    async fn write(&self, changes: Entries) -> Result<(), Trouble> {
        let Entries { put, remove, rebuilt } = changes;
        let changes = Changes { put: put.into_iter().collect(), remove, rebuilt, ..Changes::default() };
        self.save(None, changes).await.map(drop)
    }
}

/// Does work that blocks on a thread that may.
pub(super) async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}

impl Agent {
    /// Makes `facts` the facts, on disk first; nothing changes in memory unless they are written.
    pub(super) async fn save(&mut self, facts: Facts, changes: Changes) -> Result<(), Trouble> {
        if facts != self.facts || changes != Changes::default() {
            self.facts = self.keeper.save(Some(facts), changes).await?;
        }
        Ok(())
    }

    /// Every application is steady: what they run is last-good from now on, and an inventory that was put together may prune.
    pub(super) async fn keep(&mut self) -> Event {
        let Some(contents) = &self.contents else { return Event::Kept };
        let facts = reconcile::steady(&self.facts, &self.site, contents.revision(), self.settings.keep);
        let before = self.facts.last_good.clone();
        if let Err(trouble) = self.applier.trust_inventory().await {
            return Event::Failed(trouble);
        }
        if let Err(trouble) = self.save(facts, Changes::default()).await {
            return Event::Failed(trouble);
        }
        if let Some(last_good) = self.facts.last_good.clone().filter(|now| before.as_ref() != Some(now)) {
            self.tell(&Moment::LastGood(last_good));
        }
        let (source, revisions) = (Arc::clone(&self.source), self.facts.revisions());
        self.jobs.spawn(async move { Done::Retained(source.retain(&revisions).await) });
        Event::Kept
    }

    /// Writes down what the machines know. Where that fails, the next write says so, and the machines know it still.
    pub(super) async fn remember(&mut self) {
        let facts = reconcile::remember(&self.facts, &self.site);
        if let Err(trouble) = self.save(facts, Changes::default()).await {
            self.tell(&Moment::Failed(trouble));
        }
    }
}
