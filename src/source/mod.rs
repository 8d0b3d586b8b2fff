//! Where revisions come from: an ordered list of mirrors.
//!
//! # What
//! Asks mirrors for the commit chain above what is accepted, and, once `trust` has proven it, for the content of the paths that
//! the site needs. All objects live in one bare object database, whichever mirror they came from. A mirror is a git server over
//! HTTPS ([`MirrorSettings::Https`]) or a bare repository in a folder ([`MirrorSettings::Local`]); [`Git`] follows them.
//!
//! # Invariants
//! Nothing unproven is read: `complete` takes a `Verified<Revision>`. Every byte that a server sends is counted and limited.
//! Packs, their indices and the directory are fsynced before a call returns. No program is started, no work tree is kept.
//! gix and its HTTP client live on one thread, and nothing of theirs is made or dropped inside async. Credentials are read anew
//! for each connection and are in no error, log or `Debug` output.
//!
//! # On the wire
//! One connection is kept. `ls-refs` asks for one ref by its whole name. Where the server filters, a chain comes as commits alone
//! (`tree:0`, `have` the base, and no pack at all if the base is not in the tip's history). What changed since an older revision then
//! comes as the thin difference of its root tree; without one, trees come level by level by their ids, and a folder that is new here
//! whole in one request (`content/way.rs` holds the choice). Where the server does not filter, content comes along with the chain and
//! waits until it is proven; behind many commits, which come first, the answer is broken off.
//!
//! # A link that breaks
//! Every answer is written to disk as it arrives. Of one that ends too early, the objects that came whole become a small pack, and the
//! rest is asked for: in a chain from the commit where it ends, in content by what is missing, as much at once as the link carried, whole
//! folders a few at a time. A frame that is cut is lost, so the more often a link breaks the less may be on its way at once, where that is
//! ours to say (`mirror/breaks.rs`). A delta whose base is not here is left out. An object that never comes whole waits until all else is there, and is named.
//!
//! # Not here
//! Whether a commit may be run (`trust`), when to ask again (`reconcile`). SHA-256 repositories and bundles.
//!
//! # Dependencies
//! `gix` and `gix-pack`: protocol, packs, objects. `gix-validate`: names in trees. `reqwest`: HTTP under gix's transport, for its
//! own adapter tells neither a status nor a certificate apart. `standfast-tls`, over `rustls`: whom we believe, and by which clock.
//!
//! # Tests
//! `tests/it/source_*.rs` against `git http-backend` behind TLS; the contract test runs on the fake and on the real one.
//! `fuzz/` for what servers say, packs and trees.

mod advance;
mod chain;
mod commits;
mod content;
mod credential;
mod error;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
mod git;
mod ids;
mod line;
mod link;
mod lookup;
mod mirror;
mod mirror_error;
mod objects;
#[cfg(any(test, feature = "testing"))]
pub mod probe;
mod proxy;
mod settings;
mod ssh_url;
#[cfg(test)]
mod tests;
mod tree;
mod trouble;
mod url;
mod worker;

use crate::model::{Artifact, CommitChain, CommitId, MirrorReport, RawCommit, RefName, RepoPath, Revision};
use crate::trust::Verified;
use async_trait::async_trait;
use std::collections::BTreeSet;

pub use credential::Credential;
pub use error::{Error, MirrorFailure};
pub use git::Git;
pub use line::{ask, line, retain};
pub use link::{Budget, BulkWindow};
pub use mirror_error::MirrorError;
pub use proxy::ProxyUrl;
pub use settings::{Limits, MirrorSettings, Settings, Timeouts};
pub use ssh_url::SshUrl;
pub use url::{MirrorUrl, ParseUrlError};

/// What is asked of the mirrors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The ref to follow.
    pub ref_name: RefName,
    /// The commit down to which the first-parent chain is needed: the floor, or the pin of a new site.
    /// `None`: the tip alone.
    pub base: Option<CommitId>,
    /// Tips that trust has refused just now: a mirror that offered one of them is passed over.
    pub refused: BTreeSet<CommitId>,
    /// Whether a person waits for it: then metered mirrors are asked too, whenever they were asked last.
    pub is_ordered: bool,
}

/// The source of revisions.
#[async_trait]
pub trait Source: Send + Sync {
    /// Asks the mirrors in order for the tip and its chain down to the base. The first mirror whose chain meets the base wins; if
    /// none does, the first that answered is given, for `trust` to judge: the tip, and what is on disk below it. Mirrors that failed
    /// lately come last, as do metered ones, and these are asked only now and then.
    ///
    /// Now and then others are asked as well. One that is further on the same line wins; what goes another way is `beside` the
    /// chain, for `trust` to judge.
    ///
    /// What a mirror sends waits in packs of its own until `complete` is called for the tip, or until the tip is the base of a
    /// later call, which means that it was accepted. It goes when a later call finds that no mirror offers that tip any more.
    ///
    /// # Errors
    /// `Mirrors` if none was of use, each with its reason; `NotDue` if it was nobody's time.
    async fn advance(&self, want: &Want) -> Result<CommitChain, Error>;

    /// Brings the content of `paths` (folders with all below them, or single files; a path that the tree does not have is no
    /// error) and answers with it. What is on disk already costs no network; `Error::Missing` if something is not and no mirror answers.
    async fn complete(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error>;

    /// The same from disk alone, whatever the mirrors could give: `Error::Missing` if something is not there.
    async fn held(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error>;

    /// What is known of each mirror and the link to it, in the order of preference.
    fn link(&self) -> Vec<MirrorReport>;

    /// Keeps these revisions, with what is on disk of them and the commits below; what nobody needs any more goes when packs are put
    /// together next. What waits to be proven stays, and with no revision at all everything does.
    async fn retain(&self, revisions: &BTreeSet<CommitId>) -> Result<(), Error>;

    /// Reads a commit that an earlier call brought, from disk alone. `None` if it is not there.
    async fn recall(&self, commit: &CommitId) -> Result<Option<RawCommit>, Error>;
}
