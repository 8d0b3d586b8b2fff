//! What is ours and what is seen of it, shared between the driver and the watches.

use super::Applier;
use crate::cluster::{UNREACHABLE, Watched};
use crate::health::RuleBook;
use crate::model::{Gvk, Inventory, InventoryEntry, Live, ObjectKey, Trouble};
use crate::plan::{Ledger, News};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Shared by the driver and the tasks that watch.
#[derive(Debug, Default)]
pub(super) struct Eyes {
    sight: Mutex<Sight>,
    bell: Notify,
}

/// What is known of the cluster.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// What is ours; `None` until it was read or put together from the cluster.
    pub(super) inventory: Option<Inventory>,
    /// What watches told of it.
    pub(super) ledger: Ledger,
    /// How the applications' objects are judged.
    pub(super) rules: RuleBook,
    /// What the driver does not know yet.
    news: News,
    /// Why a watch broke off, until it goes on.
    pub(super) broken: BTreeMap<Gvk, Trouble>,
}

impl Eyes {
    /// Eyes that know this inventory.
    pub(super) fn new(inventory: Option<Inventory>) -> Arc<Self> {
        Arc::new(Self { sight: Mutex::new(Sight { inventory, ..Sight::default() }), bell: Notify::new() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Sight> {
        self.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is new to the driver.
    pub(super) async fn noticed(&self) -> News {
        loop {
            let rung = self.bell.notified();
            let news = std::mem::take(&mut self.lock().news);
            if news != News::default() {
                return news;
            }
            rung.await;
        }
    }

    /// Takes note of what a watch tells.
    pub(super) fn take(&self, gvk: &Gvk, watched: Watched) {
        let mut sight = self.lock();
        let Sight { inventory: Some(inventory), ledger, rules, broken, news } = &mut *sight else { return };
        let new = match watched {
            Watched::Begun => {
                ledger.begin(gvk);
                News::default()
            }
            Watched::Seen(live) => {
                let entry = inventory.entries.get(&live.key());
                let application = entry.map_or("", |entry| entry.application.as_str());
                ledger.see(&live, entry, rules.judge(application, &live))
            }
            Watched::Gone(live) => {
                let key = live.key();
                ledger.lose(&key, inventory.entries.get(&key))
            }
            Watched::Complete => {
                broken.remove(gvk);
                ledger.complete(gvk, inventory)
            }
            Watched::Broken(error) => {
                ledger.broke(gvk);
                broken.insert(gvk.clone(), Trouble::from(error));
                News { drift: true, health: false }
            }
        };
        *news = News { drift: news.drift | new.drift, health: news.health | new.health };
        if new != News::default() {
            self.bell.notify_one();
        }
    }
}

impl Sight {
    /// Takes note of an object of an application as our own write, or a look at it, showed it.
    pub(super) fn note(&mut self, application: &str, live: &Live) {
        let health = self.rules.judge(application, live);
        self.ledger.note(live, health);
    }

    /// An entry of the inventory.
    pub(super) fn entry(&self, key: &ObjectKey) -> Option<&InventoryEntry> {
        self.inventory.as_ref()?.entries.get(key)
    }

    /// The kinds of the inventory, each in the versions in which its objects are applied.
    pub(super) fn gvks(&self) -> BTreeSet<Gvk> {
        let entries = self.inventory.iter().flat_map(|inventory| &inventory.entries);
        entries.map(|(key, entry)| entry.gvk(key)).collect()
    }

    /// Whether watches show everything that is ours.
    pub(super) fn is_complete(&self) -> bool {
        self.ledger.is_complete(&self.gvks())
    }

    /// Why nothing is seen at present, if the API server is not there.
    pub(super) fn blindness(&self) -> Option<Trouble> {
        self.broken.values().find(|trouble| trouble.reason == UNREACHABLE).cloned()
    }
}

impl Applier {
    /// Waits until something of ours may have drifted, or has another health.
    pub(crate) async fn noticed(&self) -> News {
        self.eyes.noticed().await
    }
}
