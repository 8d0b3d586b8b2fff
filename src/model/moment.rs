//! What is happening, told as it happens: for logs, progress on a terminal, and the demo's story.

use super::CommitId;
use super::drift::Drift;
use super::health::{Health, HealthStatus};
use super::plan::ChangeSet;
use super::revision::Revision;
use super::trouble::Trouble;
use super::verdict::Verification;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Moment {
    /// A mirror is asked for news.
    Fetching,
    /// A mirror answered.
    Fetched {
        /// Its URL, without credentials.
        mirror: String,
        /// How many commits are new.
        commits: usize,
        /// Bytes over the link, both ways.
        bytes: u64,
    },
    /// No mirror answered; why.
    Unreachable(Trouble),
    /// One commit's signature was checked.
    Checked(CommitId, Verification),
    /// A revision is proven and is the floor from now on.
    Accepted {
        /// The revision.
        revision: Revision,
        /// Its signer.
        signer: String,
        /// Whether this site's trust begins with it, nothing below it being proven.
        is_beginning: bool,
    },
    /// What was offered must not be run; why.
    Refused(Trouble),
    /// A revision was rendered.
    Rendered {
        /// The revision.
        revision: Revision,
        /// How many applications target this site.
        applications: usize,
        /// How many objects they have.
        objects: usize,
        /// What a person should know about it.
        notes: Vec<String>,
    },
    /// A revision could not be rendered; why.
    RenderFailed(Revision, Trouble),
    /// Something is about to be written to the cluster.
    Intending(Intent),
    /// So many of so many objects are written.
    Progress {
        /// Written so far.
        done: usize,
        /// To be written in this pass, as far as it is known.
        of: usize,
    },
    /// Objects were compared and written.
    Applied(ChangeSet),
    /// Somebody changed what is ours, and what became of it.
    Drifted(Drift),
    /// The health of the applications; what is not Current, and the worst.
    Judged(Health, Vec<HealthStatus>),
    /// What left desired was deleted.
    Pruned(ChangeSet),
    /// The revision is last-good.
    LastGood(Revision),
    /// A person gave an order.
    Acted(Act),
    /// Something could not be done; why.
    Failed(Trouble),
    /// A person should know this.
    Note(String),
}

/// What is about to be done, said before it is: an audit can tell what a power cut broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// `apply`, `heal` or `prune`.
    pub what: &'static str,
    /// The revision that asks for it.
    pub revision: Revision,
    /// The applications that it is about.
    pub applications: Vec<String>,
    /// How many objects may be written.
    pub objects: usize,
}

/// An order that a person gave through the control socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The order, with what it was given: `suspend until 2026-12-01T00:00:00Z: stocktaking`.
    pub what: String,
    /// The user id of the process that gave it, as the kernel says.
    pub uid: u32,
}
