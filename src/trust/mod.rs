//! May this revision be run?
//!
//! # What
//! Proves a commit chain against the allowed signers and the floor, and binds fetched content to the proven commit.
//!
//! # Invariants
//! Only this room makes a [`Verified`]. The floor lies on the tip's first-parent chain and every commit above it is proven;
//! ids are hashed again from bytes, never believed.
//!
//! # Not here
//! Fetching (`source`), keeping the floor (`store`), reading the clock (`agent`).
//!
//! # Tests
//! `tests.rs` for rules; `tests/it/trust_*.rs` with real `git commit -S` and `ssh-keygen`.

mod error;
#[cfg(any(test, feature = "testing"))]
pub mod fake;

use crate::model::TreeId;

pub use error::Error;

/// A value that trust has proven. Only room `trust` can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    root: TreeId,
}

impl<T> Verified<T> {
    /// The proven value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The root tree that the proven commit names.
    pub fn root(&self) -> TreeId {
        self.root
    }

    /// Gives the value out; the proof is gone with it.
    pub fn into_inner(self) -> T {
        self.value
    }
}
