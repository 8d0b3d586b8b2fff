//! Where revisions come from: an ordered list of mirrors.
//!
//! # What
//! Asks mirrors for the commit chain above what is accepted, and, once `trust` has proven it, for the content of the paths that
//! the site needs. All objects live in one bare object database, whichever mirror they came from.
//!
//! # Invariants
//! Nothing unproven is read: `complete` takes a `Verified<Revision>`. Every byte that a server sends is counted and limited.
//! Packs, their indices and the directory are fsynced before a call returns. No program is started, no work tree is kept.
//!
//! # Not here
//! Whether a commit may be run (`trust`), when to ask again (`reconcile`).
//!
//! # Tests
//! `tests/it/source_*.rs` against `git http-backend` behind TLS; the contract test runs on the fake and on the real one.

mod chain;
mod complete;
mod credential;
mod error;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
mod git;
mod ids;
mod lookup;
mod mirror;
mod mirror_error;
mod objects;
mod settings;
#[cfg(test)]
mod tests;
mod tree;
mod trouble;
mod url;
mod walk;
mod worker;

use crate::model::{Artifact, CommitChain, CommitId, RawCommit, RefName, RepoPath, Revision};
use crate::trust::Verified;
use async_trait::async_trait;
use std::collections::BTreeSet;

pub use credential::Credential;
pub use error::{Error, MirrorFailure};
pub use git::Git;
pub use mirror_error::MirrorError;
pub use settings::{Limits, MirrorSettings, Settings, Timeouts};
pub use url::{MirrorUrl, ParseUrlError};

/// What is asked of the mirrors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The ref to follow.
    pub ref_name: RefName,
    /// The commit down to which the first-parent chain is needed: the floor, or the pin of a new site.
    /// `None`: the tip alone.
    pub base: Option<CommitId>,
}

/// The source of revisions.
#[async_trait]
pub trait Source: Send + Sync {
    /// Asks the mirrors in order for the tip and its chain down to the base. Brings commits; anything else that a server sends
    /// along waits in a pack of its own until `complete` is called for the proven revision, and goes if another `advance` comes first.
    async fn advance(&self, want: &Want) -> Result<CommitChain, Error>;

    /// Brings the content of `paths` (folders with all below them, or single files; a path that the tree does not have is no
    /// error) and answers with it. What is on disk already costs no network; `Error::Missing` if something is not and no mirror answers.
    async fn complete(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error>;

    /// Reads a commit that an earlier call brought, from disk alone. `None` if it is not there.
    async fn recall(&self, commit: &CommitId) -> Result<Option<RawCommit>, Error>;
}
