//! The decision: is this chain proven, from its tip down to the base? Pure.

use super::commit::{Commit, CommitError};
use super::verdict::{Accepted, Base, Checked, LineEnd, Refusal, Refused, Verdict};
use super::{TrustedClock, Verified, Verifier};
use crate::model::{CommitChain, CommitId, RawCommit, Verification};
use jiff::Timestamp;

/// Judges what a mirror offers.
///
/// # Guarantees
/// Accepted means: every id was computed from bytes; each commit is the first parent of the one above it; the last one's first
/// parent is the base; each signature is good at its commit's date, and the tip's is good now as well. Commits that came in by
/// other parents of a merge are covered by the merge: its signature is over its tree. How the chain claims to end is not read.
///
/// A commit's date is its signer's word. It never counts as later than now, so a date in the future does not bring a key to life
/// before its time. A date in the past does let an expired key count, between base and tip alone: whoever signs the tip with a
/// key that is valid now has taken over what lies below it.
///
/// # Not covered
/// The ref's name: no commit's signature covers it. A mirror can offer another signed line of work that also descends from the base.
pub fn judge(chain: &CommitChain, base: Base, verifier: &dyn Verifier, clock: &TrustedClock) -> Verdict {
    if base.commit() == Some(chain.revision.commit) {
        return Verdict::Unchanged;
    }
    match descent(chain, base).and_then(|count| prove(chain, count, base, verifier, clock.now())) {
        Ok(accepted) => Verdict::Accepted(accepted),
        Err(refusal) => Verdict::Refused(*refusal),
    }
}

/// Checks every commit of a chain by itself, good or bad, newest first: for people who want to see them all. No decision.
pub fn explain(
    chain: &CommitChain,
    verifier: &dyn Verifier,
    clock: &TrustedClock,
) -> Vec<(CommitId, Result<Checked, CommitError>)> {
    let check_one = |(index, raw): (usize, &RawCommit)| {
        let checked = Commit::read(raw).map(|commit| check(&commit, index == 0, verifier, clock.now()));
        (raw.id, checked)
    };
    chain.commits.iter().enumerate().map(check_one).collect()
}

/// The first parent of a commit, by its bytes. For walking down from the floor on disk, to tell a mirror that lags from a
/// history that was rewritten ([`Refusal::knowing`]).
pub fn first_parent(raw: &RawCommit) -> Result<Option<CommitId>, CommitError> {
    Commit::read(raw).map(|commit| commit.first_parent())
}

impl Base {
    /// The commit of the base, down to which a chain is asked for.
    pub fn commit(&self) -> Option<CommitId> {
        match *self {
            Self::Floor(commit) | Self::Pin(commit) => Some(commit),
            Self::Nothing => None,
        }
    }
}

/// How many commits from the tip downwards lie above the base. Ids and links are proven here, signatures are not looked at: a line
/// that misses the base is told as such, whatever old commits it leads through.
fn descent(chain: &CommitChain, base: Base) -> Result<usize, Box<Refusal>> {
    let mut expected = chain.revision.commit;
    for (index, raw) in chain.commits.iter().enumerate() {
        if raw.id != expected {
            return Err(whole(Refused::Broken { expected, found: Some(raw.id) }));
        }
        let commit = Commit::read(raw).map_err(|error| of(raw.id, Refused::Commit(error)))?;
        match (base.commit(), commit.first_parent()) {
            (None, _) => return Ok(1),
            (Some(base), Some(parent)) if base == parent => return Ok(index + 1),
            (Some(_), Some(parent)) => expected = parent,
            (Some(_), None) => return Err(stray(chain, base, LineEnd::Root(index + 1))),
        }
    }
    match chain.commits.len() {
        0 => Err(whole(Refused::Broken { expected, found: None })),
        sent => Err(stray(chain, base, LineEnd::Cut(sent))),
    }
}

/// Checks the signatures of the first `count` commits.
fn prove(
    chain: &CommitChain,
    count: usize,
    base: Base,
    verifier: &dyn Verifier,
    now: Timestamp,
) -> Result<Accepted, Box<Refusal>> {
    let mut good: Vec<Checked> = Vec::new();
    let mut root = None;
    for raw in chain.commits.iter().take(count) {
        let commit = Commit::read(raw).map_err(|error| of(raw.id, Refused::Commit(error)))?;
        let checked = check(&commit, good.is_empty(), verifier, now);
        if !checked.verification.is_good() {
            let reason = Refused::Signature(checked.verification);
            return Err(Box::new(Refusal { commit: Some(raw.id), reason, good }));
        }
        root.get_or_insert(commit.tree);
        good.push(checked);
    }
    let mut checks = good.into_iter();
    let (Some(tip), Some(root)) = (checks.next(), root) else {
        return Err(whole(Refused::Broken { expected: chain.revision.commit, found: None }));
    };
    let revision = Verified { value: chain.revision.clone(), root };
    Ok(Accepted { revision, base, tip, between: checks.collect() })
}

/// Checks one signature at the commit's date, and the tip's now as well: what is accepted as a tip today still passes when it
/// lies between tomorrow, on a site that comes back late.
fn check(commit: &Commit, is_tip: bool, verifier: &dyn Verifier, now: Timestamp) -> Checked {
    let at_date = commit.committed.min(now);
    let checked = |at, verification: Verification| Checked {
        commit: commit.id,
        committed: commit.committed,
        at,
        verification,
    };
    let then = verifier.verify(&commit.signed, at_date);
    if is_tip && then.is_good() {
        return checked(now, verifier.verify(&commit.signed, now));
    }
    checked(at_date, then)
}

fn whole(reason: Refused) -> Box<Refusal> {
    Box::new(Refusal { commit: None, reason, good: Vec::new() })
}

fn of(commit: CommitId, reason: Refused) -> Box<Refusal> {
    Box::new(Refusal { commit: Some(commit), reason, good: Vec::new() })
}

fn stray(chain: &CommitChain, base: Base, end: LineEnd) -> Box<Refusal> {
    of(chain.revision.commit, Refused::NotADescendant { base, end })
}
