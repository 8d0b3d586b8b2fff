//! The store on a thread of its own, and the facts that a pass leaves.

use super::build::Agent;
use super::driver::Done;
use crate::apply::{Entries, Journal, Tell};
use crate::model::{DesiredApplication, Digest, Facts, Moment, Revision, Trouble};
use crate::reconcile::{self, Event};
use crate::source;
use crate::store::{Changes, Pin, Snapshot, Store};
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

impl Keeper {
    /// An application's content as it was kept when it got steady, if it was.
    pub(super) async fn kept(&self, digest: Digest) -> Option<DesiredApplication> {
        let kept = Arc::clone(&self.kept);
        let read = move || kept.lock().unwrap_or_else(PoisonError::into_inner).0.snapshot(&digest);
        off_the_loop(read).await.ok().flatten()
    }

    /// What a pinned revision consists of, if all of it was kept.
    pub(super) async fn pinned(&self, revision: &Revision) -> Option<Vec<DesiredApplication>> {
        let (kept, revision) = (Arc::clone(&self.kept), revision.clone());
        let read = move || kept.lock().unwrap_or_else(PoisonError::into_inner).0.pinned(&revision);
        let mut applications = Vec::new();
        for digest in off_the_loop(read).await?.applications.into_values() {
            applications.push(self.kept(digest).await?);
        }
        Some(applications)
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
        let changes = self.worth_keeping(&facts);
        if let Err(trouble) = self.save(facts, changes).await {
            return Event::Failed(trouble);
        }
        if let Some(last_good) = self.facts.last_good.clone().filter(|now| before.as_ref() != Some(now)) {
            self.tell(&Moment::LastGood(last_good));
        }
        let (source, revisions) = (Arc::clone(&self.source), self.facts.revisions());
        self.jobs.spawn(async move {
            source::retain(source.as_ref(), &revisions).await;
            Done::Retained
        });
        Event::Kept
    }

    /// What `facts` call last-good and was not before, as it is applied.
    fn worth_keeping(&self, facts: &Facts) -> Changes {
        let Some(contents) = &self.contents else { return Changes::default() };
        let is_known = |name: &String, content: &reconcile::Content| {
            let before = self.facts.applications.get(name).and_then(|before| before.last_good.as_ref());
            before.is_some_and(|before| before.1 == content.1)
        };
        let good = facts.applications.iter().filter_map(|(name, now)| Some((name, now.last_good.as_ref()?)));
        let news = good.clone().filter(|(name, content)| !is_known(name, content));
        let keep = news.filter_map(|(name, content)| contents.get(name, content)).map(Snapshot::of).collect();
        let last_good = facts.last_good.as_ref().filter(|now| self.facts.last_good.as_ref() != Some(now));
        let pin = last_good.map(|revision| Pin {
            revision: revision.clone(),
            applications: good.map(|(name, content)| (name.clone(), content.1)).collect(),
        });
        Changes { keep, pin, ..Changes::default() }
    }

    /// Writes down what the machines know. Where that fails, the next write says so, and the machines know it still.
    pub(super) async fn remember(&mut self) {
        let facts = reconcile::remember(&self.facts, &self.site);
        if let Err(trouble) = self.save(facts, Changes::default()).await {
            self.tell(&Moment::Failed(trouble));
        }
    }
}
