//! What a site must still know after a power cut.

use super::hash::{CommitId, Digest};
use super::revision::Revision;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The facts. States are rebuilt from them; they are never stored themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Grows by one with every write; the cache carries the same number, so that an older one is known to be stale.
    pub generation: u64,
    /// The last accepted revision: only its descendants may come after it. `None` only on a site that never accepted any.
    pub floor: Option<Floor>,
    /// The latest time this site has good reason to believe in; the trusted clock never reads less.
    pub clock_floor: Option<Timestamp>,
    /// The newest revision of which every application was steady.
    pub last_good: Option<Revision>,
    /// Revisions kept so that a person can go back to them, newest first.
    pub pinned: Vec<Revision>,
    /// Why a person stopped new revisions, if one did.
    pub suspended: Option<Suspension>,
    /// By application.
    pub applications: BTreeMap<String, ApplicationFacts>,
}

impl Facts {
    /// Whether they say the same, whichever write they come from.
    pub fn is_like(&self, other: &Self) -> bool {
        Self { generation: other.generation, ..self.clone() } == *other
    }

    /// All revisions that they name, by their commits.
    pub fn revisions(&self) -> BTreeSet<CommitId> {
        let floor = self.floor.iter().map(|floor| &floor.revision);
        let applications = self.applications.values().flat_map(|known| {
            let runs = known.attempted.iter().chain(&known.last_good).map(|(revision, _)| revision);
            runs.chain(known.quarantine.iter().map(|quarantine| &quarantine.revision))
        });
        let all = floor.chain(&self.last_good).chain(&self.pinned).chain(applications);
        all.map(|revision| revision.commit).collect()
    }
}

/// The lowest revision that may still be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// The revision.
    pub revision: Revision,
    /// When this site accepted it, by the trusted clock.
    pub accepted: Timestamp,
    /// The commit at which this site's trust began, and whether it was proven alone (no pin).
    pub began: CommitId,
    /// Who signed it: the principal and the key's fingerprint.
    pub signer: String,
}

/// A person stopped new revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Why, in that person's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; without it, until a person takes new revisions again.
    pub until: Option<Timestamp>,
}

/// One application's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationFacts {
    /// What was last tried: the revision and the digest it rendered.
    pub attempted: Option<(Revision, Digest)>,
    /// What was last steady.
    pub last_good: Option<(Revision, Digest)>,
    /// A rendered digest that failed here and is not tried again.
    pub quarantine: Option<Quarantine>,
    /// How much of its deadline the attempt has used.
    pub deadline_spent: std::time::Duration,
}

/// A rendered digest that failed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The digest.
    pub digest: Digest,
    /// The revision it came with.
    pub revision: Revision,
    /// Why it failed.
    pub reason: String,
}
