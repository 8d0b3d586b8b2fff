//! The first-parent chain, read from disk.

use super::error::Error;
use super::ids::{KIND, commit, object};
use super::lookup::Lookup;
use super::settings::Limits;
use crate::model::{ChainEnd, CommitId, RawCommit};
use gix::ObjectId;
use gix::objs::{CommitRefIter, Kind};

/// What is on disk of a tip's chain.
pub(super) enum Chain {
    /// From the tip down to where it ends.
    Commits(Vec<RawCommit>, ChainEnd),
    /// The tip is not there.
    Absent,
    /// The tip is not a commit.
    Other(Kind),
}

/// Reads from `tip` down to and without `base`; with no base the tip alone.
pub(super) fn read(
    objects: &dyn Lookup,
    limits: &Limits,
    tip: ObjectId,
    base: Option<CommitId>,
) -> Result<Chain, Error> {
    let mut commits = Vec::new();
    let mut bytes = 0;
    let mut next = tip;
    let end = loop {
        if base == Some(commit(&next)) {
            break ChainEnd::Base(commit(&next));
        }
        let raw = match objects.find_anywhere(&next)? {
            Some((Kind::Commit, raw)) => raw,
            Some((kind, _)) if commits.is_empty() => return Ok(Chain::Other(kind)),
            None if commits.is_empty() => return Ok(Chain::Absent),
            _ => break ChainEnd::Cut,
        };
        bytes += raw.len();
        if bytes > limits.chain_bytes || commits.len() >= limits.chain_commits {
            break ChainEnd::Cut;
        }
        let parent = first_parent(&raw);
        commits.push(RawCommit { id: commit(&next), bytes: raw });
        match parent {
            None => break ChainEnd::Root,
            Some(_) if base.is_none() => break ChainEnd::Cut,
            Some(parent) => next = parent,
        }
    };
    Ok(Chain::Commits(commits, end))
}

/// Where the chain from `tip` down to `base` is broken off: the first commit that is not on disk. `None` if it is all there.
pub(super) fn gap(
    objects: &dyn Lookup,
    limits: &Limits,
    tip: ObjectId,
    base: ObjectId,
) -> Result<Option<ObjectId>, Error> {
    let mut next = tip;
    for _ in 0..limits.chain_commits {
        if next == base {
            return Ok(None);
        }
        let Some((_, raw)) = objects.find_anywhere(&next)? else { return Ok(Some(next)) };
        // Something else than a commit has no parent, nor has a history's first commit.
        let Some(parent) = first_parent(&raw) else { return Ok(None) };
        next = parent;
    }
    Ok(None)
}

/// How far below a commit another one is looked for, to tell a mirror that lags from one that goes another way.
const LAG: usize = 500;

/// Whether `commit` lies below `top` on its first-parent chain, as far as that is on disk.
pub(super) fn is_below(objects: &dyn Lookup, top: ObjectId, commit: ObjectId) -> Result<bool, Error> {
    let mut next = top;
    for _ in 0..LAG {
        let Some((Kind::Commit, raw)) = objects.find(&next)? else { return Ok(false) };
        match first_parent(&raw) {
            Some(parent) if parent == commit => return Ok(true),
            Some(parent) => next = parent,
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// The nearest commit below `tip` on its first-parent chain whose root tree is at hand, and how many commits lie above it.
pub(super) fn nearest_held(
    objects: &dyn Lookup,
    limits: &Limits,
    tip: &CommitId,
) -> Result<Option<(ObjectId, usize)>, Error> {
    let mut next = object(&tip.0);
    for above in 0..limits.chain_commits {
        let Some(id) = next else { return Ok(None) };
        let Some((Kind::Commit, raw)) = objects.find(&id)? else { return Ok(None) };
        let root = CommitRefIter::from_bytes(&raw, KIND).tree_id().ok();
        if above > 0 && root.is_some_and(|root| objects.contains(&root)) {
            return Ok(Some((id, above)));
        }
        next = first_parent(&raw);
    }
    Ok(None)
}

/// The root tree that a commit on disk names.
pub(super) fn root_of(objects: &dyn Lookup, id: &ObjectId) -> Result<Option<ObjectId>, Error> {
    let Some((Kind::Commit, raw)) = objects.find(id)? else { return Ok(None) };
    Ok(CommitRefIter::from_bytes(&raw, KIND).tree_id().ok())
}

/// The commit below one.
pub(super) fn first_parent(raw: &[u8]) -> Option<ObjectId> {
    CommitRefIter::from_bytes(raw, KIND).parent_ids().next()
}
