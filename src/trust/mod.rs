//! May this revision be run?
//!
//! # What
//! Proves a commit chain against the allowed signers and the floor ([`judge`]), proves again what was proven before ([`reaffirm`]),
//! and binds fetched content to the proven commit ([`bind`]), all of what was asked for ([`whole`]).
//!
//! # Invariants
//! Only this room makes a [`Verified`]. The floor lies on the tip's first-parent line and every commit above it is proven;
//! ids are hashed again from bytes, never believed. A commit has one id: bytes that no signature covers are refused, so nobody
//! but a signer can make a twin. The trusted clock never runs backwards.
//!
//! # Not here
//! Fetching (`source`), keeping the floor (`store`), reading the clock (`agent`). Kinds of signature other than SSH with ed25519
//! are refused by name. The ref under which a commit is offered is covered by no signature.
//!
//! # Dependencies
//! `ed25519-dalek` verifies; `ssh-key` parses keys and SSHSIG; `gix` hashes objects, with SHA-1 collision detection. No
//! `ssh-keygen` and no `git` is needed on a site.
//!
//! # Tests
//! `tests.rs` for rules; `tests/it/trust_*.rs` with real `git commit -S` and `ssh-keygen`; `fuzz/` for every parser.

pub mod allowed_signers;
mod bind;
mod chain;
mod clock;
mod commit;
mod error;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
mod floor;
mod keyring;
mod object;
mod rival;
mod sign;
mod ssh;
mod sshsig;
mod tree;
mod verdict;
mod whole;
#[cfg(test)]
mod tests;

use crate::model::{TreeId, Verification};
use jiff::Timestamp;

pub use bind::{Ground, bind, reaffirm};
pub use chain::{explain, first_parent, judge};
pub use clock::{MOST_BEYOND_SYSTEM, TrustedClock, Witness, built, trusted};
pub use commit::{Commit, CommitError, MAX_COMMIT, SignedPayload};
pub use error::Error;
pub use floor::pinned;
pub use keyring::{Keyring, Settings};
pub use object::Collision;
pub use rival::alarm;
pub use sign::{allowed_line, sign};
pub use ssh::{NAMESPACE, Ssh};
pub use verdict::{Accepted, Base, Checked, LineEnd, Refusal, Refused, Verdict};
pub use whole::whole;

/// A value that trust has proven. Only room `trust` can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    root: TreeId,
}

/// Checks one signature. What became of it is a value; there is nothing to fail.
pub trait Verifier: Send + Sync {
    /// Whether a key that may sign commits at this moment made this signature over exactly this payload.
    fn verify(&self, signed: &SignedPayload, at: Timestamp) -> Verification;
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
