//! What must survive a power cut.
//!
//! # What
//! Facts in two checksummed slots; beside them sled, a cache of last-good that can be lost: inventory with baselines, and snapshots
//! of rendered applications by digest, each read when it is asked for.
//!
//! # Invariants
//! All our own writes and fsyncs go through `durable.rs`. sled is flushed before the facts that carry the same generation.
//! The floor is never silently fresh: facts that should be there and cannot be read are an error. A damaged cache is set aside,
//! never deleted; a full or read-only disk, a permission or a held lock never sets it aside.
//!
//! What holds Secrets is kept encrypted or not at all; its key is on this machine and never in this directory. A snapshot is dropped
//! with the first save whose facts need it no more.
//!
//! A save of facts alone puts about 15 kB on the flash, metadata of the file system included: worth it for news, not for every poll.
//!
//! # Not here
//! Git objects (`source`), the audit log and reports (`report`).
//!
//! # Dependencies
//! `sled`, the cache, asked for by the owners of this project; unmaintained, so `sled.rs` says what is held against it, and nothing
//! that cannot be made anew is kept in it alone. `crc32fast` for the headers of the slots. `standfast-age` and `standfast-identity`, of
//! this house, encrypt; `zeroize` overwrites what was decrypted.
//!
//! # Tests
//! Failures injected at every write of `durable.rs`; damaged, missing and older caches in `tests/it/store_*.rs`.

mod cache;
pub mod durable;
mod error;
mod facts;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
#[cfg(any(test, feature = "testing"))]
pub mod faults;
mod kept;
mod local;
mod opening;
mod peek;
mod record;
mod sealed;
mod shelf;
mod sled;
mod snapshot;
#[cfg(test)]
mod tests;
mod vault;

use crate::model::{DesiredApplication, Digest, Facts, Inventory, InventoryEntry, ObjectKey, Revision};
use record::FactsRecord;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use error::Error;
pub use local::{open, open_on};
pub use peek::peek;
pub use snapshot::Snapshot;

/// The name of the facts file below the state directory.
const FACTS: &str = "facts";

/// Where the store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The state directory, `paths.state`: it holds `facts` and `state/`, beside the other rooms' `objects/` and `audit/`.
    pub directory: PathBuf,
    /// The key to which what holds Secrets is encrypted; without one it is not kept.
    pub encryption: Option<Encryption>,
}

/// Where a key lies that the disk of the store alone does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// A systemd credential with a key of age's.
    Credential(PathBuf),
    /// The site's identity.
    Identity(PathBuf),
}

/// What was found when the store was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The facts; the default ones on a site that never had any.
    pub facts: Facts,
    /// The inventory that goes with the facts: empty on a site that never saved any, `None` if the cache was lost, is stale, or
    /// cannot be opened. Then it must be put together from the cluster and saved with [`Changes::rebuilt`] before anything is pruned.
    pub inventory: Option<Inventory>,
    /// What a person should know: "the cache was damaged and set aside as …".
    pub notes: Vec<String>,
}

/// What one write changes in the cache. What is both in `put` and in `remove` is gone in the end.
///
/// While the inventory is not known (see [`Loaded::inventory`]), `put` and `remove` without `rebuilt` are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Entries to put.
    pub put: Vec<(ObjectKey, InventoryEntry)>,
    /// Entries to remove.
    pub remove: Vec<ObjectKey>,
    /// Rendered applications to keep. They survive this save; later ones keep what the facts need: the digests that applications were
    /// last steady with, and those of pinned revisions.
    pub keep: Vec<Snapshot>,
    /// What a revision that the facts pin, or call last-good, consists of.
    pub pin: Option<Pin>,
    /// Replace the whole inventory by `put` and remember whether it was rebuilt from the cluster; `None` leaves both.
    pub rebuilt: Option<bool>,
}

/// What a revision consists of here: the digest that each application rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The revision.
    pub revision: Revision,
    /// By application.
    pub applications: BTreeMap<String, Digest>,
}

/// Facts as other agents of the same cluster are told them.
pub fn share(facts: &Facts) -> String {
    let told = Facts { generation: 0, ..facts.clone() };
    String::from_utf8(FactsRecord::new(&told, 0, None).to_bytes())
        .expect("because a record is JSON, which is UTF-8")
}

/// Reads what another agent told; `None` if it is nothing that this one understands.
pub fn shared(text: &str) -> Option<Facts> {
    FactsRecord::from_bytes(text.as_bytes()).ok().map(|record| record.to_facts())
}

/// The store. Calls block; the agent keeps them off its async threads.
pub trait Store: Send {
    /// What was found; the first call after opening.
    fn load(&mut self) -> Result<Loaded, Error>;

    /// Writes the changes, then the facts under a new generation, which is set in `facts`: higher than any that was tried before.
    /// Returns once both would survive a power cut. If the cache cannot be written, the facts still are, and the answer says so; it is
    /// an error only if the facts are not. Then `facts` is as it was, but a later boot may find the new ones all the same.
    fn save(&mut self, facts: &mut Facts, changes: &Changes) -> Result<Vec<String>, Error>;

    /// A rendered application as it was kept. `None` if it was not, if the cache is lost, or if it is encrypted to a key that is not
    /// there; the notes of the next save say so.
    fn snapshot(&mut self, digest: &Digest) -> Result<Option<DesiredApplication>, Error>;

    /// What a revision that is pinned consists of, as far as that is known.
    fn pinned(&mut self, revision: &Revision) -> Option<Pin>;
}

/// The caches that were damaged and set aside, oldest first.
pub fn set_aside(settings: &Settings) -> Vec<PathBuf> {
    opening::aside(&settings.directory)
}

impl Settings {
    /// A store in this directory that keeps nothing which holds Secrets.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), encryption: None }
    }
}
