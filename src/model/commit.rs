//! Commits as they came from the source, before anybody proved anything about them.

use super::hash::CommitId;
use super::revision::Revision;

/// A commit object's bytes (without git's `commit <len>\0` header) under the id that the source gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCommit {
    /// The id it was stored under. `trust` hashes the bytes again before it believes it.
    pub id: CommitId,
    /// The object's content.
    pub bytes: Vec<u8>,
}

/// How far down a chain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainEnd {
    /// The last commit's first parent is the base that was asked for (or the tip itself is the base).
    Base(CommitId),
    /// The last commit has no parent: the history's beginning was reached without meeting the base.
    Root,
    /// The source did not go further down: no base was asked for, or a limit was reached.
    Cut,
}

/// Bytes that went over the link for one request, TLS and TCP overhead not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes sent.
    pub up: u64,
    /// Bytes received.
    pub down: u64,
}

/// The first-parent chain from the tip that a mirror offers down to, and without, the base that was asked for. Unproven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitChain {
    /// The ref and the commit it points to now.
    pub revision: Revision,
    /// From the tip downwards, each one the first parent of the one before; empty when the tip is the base.
    pub commits: Vec<RawCommit>,
    /// Where the chain ends.
    pub end: ChainEnd,
    /// The mirror that offered it, its URL without credentials.
    pub mirror: String,
    /// What it cost.
    pub traffic: Traffic,
    /// What other mirrors offer that is neither on this line nor below it.
    pub beside: Vec<CommitChain>,
}
