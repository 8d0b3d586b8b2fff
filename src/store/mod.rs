//! What must survive a power cut.
//!
//! # What
//! Facts in two checksummed slots; beside them sled, a cache of last-good that can be lost: inventory with baselines, and snapshots
//! of rendered applications by digest.
//!
//! # Invariants
//! All our own writes and fsyncs go through `durable.rs`. sled is flushed before the facts that carry the same generation.
//! The floor is never silently fresh: facts that should be there and cannot be read are an error. A damaged cache is set aside,
//! never deleted; a full or read-only disk, a permission or a held lock never sets it aside.
//!
//! # Not here
//! Git objects (`source`), the audit log and reports (`report`).
//!
//! # Tests
//! Failures injected at every write of `durable.rs`; damaged, missing and older caches in `tests/it/store_*.rs`.

mod error;

use crate::model::{Digest, Facts, Inventory, InventoryEntry, ObjectKey};

pub use error::Error;

/// What was found when the store was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The facts; the default ones on a site that never had any.
    pub facts: Facts,
    /// The inventory of the same generation, or `None` if the cache was lost, is stale, or cannot be opened.
    pub inventory: Option<Inventory>,
    /// What a person should know: "the cache was damaged and set aside as …".
    pub notes: Vec<String>,
}

/// What one write changes in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Entries to put.
    pub put: Vec<(ObjectKey, InventoryEntry)>,
    /// Entries to remove.
    pub remove: Vec<ObjectKey>,
    /// Rendered applications to keep, by digest: their objects as JSON.
    pub keep: Vec<(Digest, Vec<u8>)>,
    /// Snapshots to drop.
    pub drop: Vec<Digest>,
    /// Replace the whole inventory by `put` and remember whether it was rebuilt from the cluster; `None` leaves both.
    pub rebuilt: Option<bool>,
}

/// The store. Calls block; the agent keeps them off its async threads.
pub trait Store: Send {
    /// Reads everything; the first call after opening.
    fn load(&mut self) -> Result<Loaded, Error>;

    /// Writes the changes, then the facts under a generation one higher, which is set in `facts`. Returns once both would survive
    /// a power cut. If the cache cannot be written, the facts still are, and the answer says so; it is an error only if the facts are not.
    fn save(&mut self, facts: &mut Facts, changes: &Changes) -> Result<Vec<String>, Error>;

    /// The kept objects of a rendered application. `None` if they are not kept, or the cache is lost.
    fn snapshot(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, Error>;
}
