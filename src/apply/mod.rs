//! A plan, carried out: looks at the cluster, writes stage by stage, follows what is ours, heals it, deletes what left.
//!
//! # What
//! [`Applier`] brings a desired set to the cluster and keeps it so. Watches tell it what others do; it keeps of each object what a
//! comparison needs. What is ours is written down through a [`Journal`] before it is ours and until it is surely gone.
//!
//! # Invariants
//! Nothing is decided here: `plan` says what is to be done, `health` how it is. Before the first write of an apply, the journal holds
//! all that may be ours. An entry goes only when its object is confirmed gone. At rest no object is held, only digests and verdicts.
//!
//! # Not here
//! When to do it (`reconcile`), what is desired (`agent` composes it), single requests (`cluster`).
//!
//! # Tests
//! `tests/it/whole_way` on a real API server, `tests/it/daemon` there as well, `tests/it/power_cut*.rs` in memory.

mod eyes;
mod fight;
mod heal;
mod health;
mod observe;
mod prune;
mod settling;
mod stage;
mod teller;
mod unwell;
mod watch;
mod write;

use crate::cluster::Cluster;
use crate::health::Restarts;
use crate::model::{Desired, Intent, Inventory, InventoryEntry, Moment, ObjectKey, OwnerLabel, Trouble};
use async_trait::async_trait;
use eyes::Eyes;
use fight::Fights;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use unwell::Unwell;
use watch::Watches;

pub(crate) use self::health::Looked;
pub(crate) use settling::{Closer, Finding};
pub(crate) use stage::{Prepared, Subject};
pub(crate) use write::Outcomes;

/// The record of what is ours.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes changes of the inventory; returns once they would survive a power cut.
    async fn write(&self, changes: Entries) -> Result<(), Trouble>;
}

/// Changes of the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries {
    /// Entries to put.
    pub put: BTreeMap<ObjectKey, InventoryEntry>,
    /// Entries to take out.
    pub remove: Vec<ObjectKey>,
    /// Put in place of the whole inventory, and whether that was put together from the cluster; `None` changes neither.
    pub rebuilt: Option<bool>,
}

/// Who is told what happens.
pub(crate) type Tell = Arc<dyn Fn(&Moment) + Send + Sync>;

/// Brings desired sets to a cluster and keeps them so.
pub struct Applier {
    pub(crate) cluster: Arc<dyn Cluster>,
    journal: Arc<dyn Journal>,
    tell: Tell,
    owner: OwnerLabel,
    /// Whether drift is undone, or only told.
    heals: bool,
    eyes: Arc<Eyes>,
    watches: Watches,
    fights: Fights,
    /// What was not healthy before the applications' newest content was written.
    unwell: Unwell,
    /// What its teller said is not well, when it was asked last.
    unwell_by_teller: BTreeSet<ObjectKey>,
    /// Applications that go back to last-good.
    back: BTreeSet<String>,
    /// How often pods had been restarted when an application began to settle.
    restarts: BTreeMap<String, Restarts>,
    /// The last look at the cluster; `None` at rest.
    seen: Option<observe::Seen>,
    /// The last look at the health of what is desired; `None` when something was written since.
    looked: Option<Vec<Looked>>,
    /// Whether the inventory was put together from the cluster and is not in the journal yet.
    is_rebuilt: bool,
}

impl Applier {
    /// One that knows this inventory; `None` where the record of it is lost.
    pub(crate) fn new(
        cluster: Arc<dyn Cluster>,
        journal: Arc<dyn Journal>,
        tell: Tell,
        inventory: Option<Inventory>,
        heals: bool,
    ) -> Self {
        Self {
            cluster,
            journal,
            tell,
            owner: OwnerLabel::default(),
            heals,
            eyes: Eyes::new(inventory),
            watches: Watches::default(),
            fights: Fights::default(),
            unwell: Unwell::default(),
            back: BTreeSet::new(),
            unwell_by_teller: BTreeSet::new(),
            restarts: BTreeMap::new(),
            seen: None,
            looked: None,
            is_rebuilt: false,
        }
    }

    /// Sets the owner label: it depends on the fleet's name, which a revision may change.
    pub(crate) fn set_owner(&mut self, owner: OwnerLabel) {
        if self.owner != owner {
            self.owner = owner;
            self.watches = Watches::default();
        }
    }

    /// Whether the record of what is ours is lost and must be put together from the cluster.
    pub(crate) fn is_lost(&self) -> bool {
        self.eyes.lock().inventory.is_none()
    }

    /// These applications go back to last-good from now on, and no others.
    pub(crate) fn go_back(&mut self, back: BTreeSet<String>) {
        self.back = back;
    }

    /// Another agent wrote in the meantime: the record of what is ours is of no use.
    pub(crate) fn lose(&mut self) {
        self.eyes.lock().inventory = None;
    }

    /// The desired set of the last look, dressed.
    pub(crate) fn dressed(&self) -> Option<&Desired> {
        self.seen.as_ref().map(|seen| &seen.observed.desired)
    }

    /// Everything that was desired is steady: an inventory that was put together may prune from now on.
    pub(crate) async fn trust_inventory(&mut self) -> Result<(), Trouble> {
        let rebuilt = self.eyes.lock().inventory.clone().filter(|inventory| inventory.is_rebuilt);
        let Some(inventory) = rebuilt else { return Ok(()) };
        let changes = Entries { put: inventory.entries, rebuilt: Some(false), ..Entries::default() };
        self.journal.write(changes).await?;
        self.eyes.lock().inventory.get_or_insert_default().is_rebuilt = false;
        Ok(())
    }

    /// At rest nothing heavy is held.
    pub(crate) fn rest(&mut self) {
        (self.seen, self.looked) = (None, None);
    }

    /// Writes entries, in the journal and in memory.
    async fn put(&self, put: BTreeMap<ObjectKey, InventoryEntry>) -> Result<(), Trouble> {
        if put.is_empty() {
            return Ok(());
        }
        self.journal.write(Entries { put: put.clone(), ..Entries::default() }).await?;
        self.eyes.lock().inventory.get_or_insert_default().entries.extend(put);
        Ok(())
    }

    /// Takes entries out: they are confirmed gone, or ours no longer.
    async fn forget(&self, keys: Vec<ObjectKey>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        self.journal.write(Entries { remove: keys.clone(), ..Entries::default() }).await?;
        let mut sight = self.eyes.lock();
        let entries = &mut sight.inventory.get_or_insert_default().entries;
        keys.iter().for_each(|key| drop(entries.remove(key)));
        Ok(())
    }

    fn tell(&self, moment: &Moment) {
        (self.tell)(moment);
    }

    /// Says what is about to be done.
    fn announce(&self, what: &'static str, desired: &Desired, objects: usize) {
        let applications = desired.applications.iter().map(|one| one.application.name.clone()).collect();
        self.tell(&Moment::Intending(Intent {
            what,
            revision: desired.revision.clone(),
            applications,
            objects,
        }));
    }
}

impl std::fmt::Debug for Applier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applier").field("owner", &self.owner).finish_non_exhaustive()
    }
}
