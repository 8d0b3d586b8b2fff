//! Which snapshots are kept, and which of them are still needed.

use super::Pin;
use crate::model::{Digest, Facts, Revision};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All that is kept, by name: small, however large the snapshots are.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    pub(super) snapshots: BTreeSet<Digest>,
    pub(super) pins: BTreeMap<Revision, Pin>,
}

/// A pin as it lies in the cache.
#[derive(Debug, Serialize, Deserialize)]
struct PinRecord {
    revision: String,
    applications: BTreeMap<String, String>,
}

impl Kept {
    /// What is left of it when only what these facts need stays: the digests that applications were last steady with, and those of
    /// revisions that a person can go back to.
    pub(super) fn needed(&self, facts: &Facts) -> Self {
        let is_pinned = |pin: &&Pin| {
            facts.pinned.contains(&pin.revision) || facts.last_good.as_ref() == Some(&pin.revision)
        };
        let pins: BTreeMap<_, _> =
            self.pins.values().filter(is_pinned).map(|pin| (pin.revision.clone(), pin.clone())).collect();
        let last_good = facts.applications.values().filter_map(|application| application.last_good.as_ref());
        let needed: BTreeSet<Digest> = last_good
            .map(|(_, digest)| *digest)
            .chain(pins.values().flat_map(|pin| pin.applications.values().copied()))
            .collect();
        Self { snapshots: self.snapshots.intersection(&needed).copied().collect(), pins }
    }
}

impl Pin {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let text = |(name, digest): (&String, &Digest)| (name.clone(), digest.to_string());
        let record = PinRecord {
            revision: self.revision.to_string(),
            applications: self.applications.iter().map(text).collect(),
        };
        serde_json::to_vec(&record).expect("because texts are always JSON")
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: PinRecord = serde_json::from_slice(bytes).ok()?;
        let read = |(name, text): (String, String)| Some((name, text.parse().ok()?));
        Some(Self {
            revision: record.revision.parse().ok()?,
            applications: record.applications.into_iter().map(read).collect::<Option<_>>()?,
        })
    }
}
