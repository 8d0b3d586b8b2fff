//! How facts and inventory entries look on disk: JSON with a format number, apart from the nouns themselves.
//!
//! A field that this agent does not know was written by a newer one. It is ignored and written back, as long as what it belongs to
//! is still the same: unknown fields of an application stay with the application, those of a floor go when the floor moves.

use crate::model::{
    ApplicationFacts, Baseline, CommitId, Digest, Facts, Floor, InventoryEntry, ObjectKey, Quarantine,
    Revision, Suspension,
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// The number of this format; a higher one on disk cannot be read. New fields that may be ignored do not change it.
const FORMAT: u32 = 1;

/// What this agent does not know, as it was read.
type Rest = Map<String, Value>;

/// The facts as they lie on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FactsRecord {
    format: u32,
    generation: u64,
    #[serde(default)]
    floor: Option<FloorRecord>,
    #[serde(default)]
    clock_floor: Option<Timestamp>,
    #[serde(default)]
    last_good: Option<Text<Revision>>,
    #[serde(default)]
    pinned: Vec<Text<Revision>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<SuspensionRecord>,
    #[serde(default)]
    applications: BTreeMap<String, ApplicationRecord>,
    #[serde(flatten)]
    rest: Rest,
}

/// An inventory entry as it lies in the cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryRecord {
    application: String,
    version: String,
    #[serde(default)]
    baseline: Option<BaselineRecord>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FloorRecord {
    revision: Text<Revision>,
    accepted: Timestamp,
    began: Text<CommitId>,
    signer: String,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SuspensionRecord {
    reason: String,
    since: Timestamp,
    #[serde(default)]
    until: Option<Timestamp>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApplicationRecord {
    #[serde(default)]
    attempted: Option<RenderedRecord>,
    #[serde(default)]
    last_good: Option<RenderedRecord>,
    #[serde(default)]
    quarantine: Option<QuarantineRecord>,
    #[serde(default)]
    deadline_spent: Duration,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RenderedRecord {
    revision: Text<Revision>,
    digest: Text<Digest>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct QuarantineRecord {
    digest: Text<Digest>,
    revision: Text<Revision>,
    reason: String,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct BaselineRecord {
    desired: Text<Digest>,
    fields: String,
    values: Text<Digest>,
    #[serde(flatten)]
    rest: Rest,
}

/// A value that is written as its own text.
#[derive(Debug, Clone, PartialEq)]
struct Text<T>(T);

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    /// A newer agent wrote it, in a format of this number.
    #[error("it has format {0}")]
    TooNew(u32),
    /// It is no such record.
    #[error("it is no record of ours")]
    Malformed(#[source] serde_json::Error),
}

impl FactsRecord {
    /// The record of these facts at a generation, keeping what `before` holds and this agent does not know.
    pub(super) fn new(facts: &Facts, generation: u64, before: Option<&Self>) -> Self {
        let mut record = Self {
            format: FORMAT,
            generation,
            floor: facts.floor.as_ref().map(FloorRecord::new),
            clock_floor: facts.clock_floor,
            last_good: facts.last_good.clone().map(Text),
            pinned: facts.pinned.iter().cloned().map(Text).collect(),
            suspended: facts.suspended.as_ref().map(SuspensionRecord::new),
            applications: facts
                .applications
                .iter()
                .map(|(name, application)| (name.clone(), ApplicationRecord::new(application)))
                .collect(),
            rest: Rest::new(),
        };
        if let Some(before) = before {
            record.keep_unknown(before);
        }
        record
    }

    /// Reads a record.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        /// Read first: a newer format may have any other fields.
        #[derive(Deserialize)]
        struct Envelope {
            format: u32,
        }
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(RecordError::Malformed)?;
        if envelope.format > FORMAT {
            return Err(RecordError::TooNew(envelope.format));
        }
        serde_json::from_slice(bytes).map_err(RecordError::Malformed)
    }

    /// The record as bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .expect("because a record has text keys alone and nothing that JSON cannot say")
    }

    /// The generation it was written with.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The facts in it.
    pub(super) fn to_facts(&self) -> Facts {
        Facts {
            generation: self.generation,
            floor: self.floor.as_ref().map(FloorRecord::to_floor),
            clock_floor: self.clock_floor,
            last_good: self.last_good.clone().map(|text| text.0),
            pinned: self.pinned.iter().map(|text| text.0.clone()).collect(),
            suspended: self.suspended.as_ref().map(SuspensionRecord::to_suspension),
            applications: self
                .applications
                .iter()
                .map(|(name, application)| (name.clone(), application.to_facts()))
                .collect(),
        }
    }

    fn keep_unknown(&mut self, before: &Self) {
        self.rest.clone_from(&before.rest);
        keep(&mut self.floor, before.floor.as_ref());
        keep(&mut self.suspended, before.suspended.as_ref());
        for (name, application) in &mut self.applications {
            if let Some(before) = before.applications.get(name) {
                application.rest.clone_from(&before.rest);
                keep(&mut application.attempted, before.attempted.as_ref());
                keep(&mut application.last_good, before.last_good.as_ref());
                keep(&mut application.quarantine, before.quarantine.as_ref());
            }
        }
    }
}

impl EntryRecord {
    /// The record of an entry, keeping what `before` holds and this agent does not know.
    pub(super) fn new(entry: &InventoryEntry, before: Option<&Self>) -> Self {
        let baseline = entry.baseline.as_ref().map(|baseline| BaselineRecord {
            desired: Text(baseline.desired),
            fields: baseline.fields.clone(),
            values: Text(baseline.values),
            rest: Rest::new(),
        });
        let mut record = Self {
            application: entry.application.clone(),
            version: entry.version.clone(),
            baseline,
            rest: Rest::new(),
        };
        if let Some(before) = before {
            record.rest.clone_from(&before.rest);
            keep(&mut record.baseline, before.baseline.as_ref());
        }
        record
    }

    /// The entry in it.
    pub(super) fn into_entry(self) -> InventoryEntry {
        let baseline = self.baseline.map(|baseline| Baseline {
            desired: baseline.desired.0,
            fields: baseline.fields,
            values: baseline.values.0,
        });
        InventoryEntry { application: self.application, version: self.version, baseline }
    }
}

/// An object's key as bytes: the same for the same key, and no two keys alike.
pub(super) fn encode_key(key: &ObjectKey) -> Vec<u8> {
    serde_json::to_vec(&(&key.group, &key.kind, &key.namespace, &key.name))
        .expect("because four texts are always JSON")
}

/// Reads what [`encode_key`] wrote.
pub(super) fn decode_key(bytes: &[u8]) -> Option<ObjectKey> {
    let (group, kind, namespace, name) = serde_json::from_slice(bytes).ok()?;
    Some(ObjectKey { group, kind, namespace, name })
}

/// A part of a record that is one value: what is unknown in it belongs to that value and to no other.
trait Part: PartialEq {
    fn rest(&mut self) -> &mut Rest;
}

macro_rules! part {
    ($($name:ty),*) => {$(
        impl Part for $name {
            fn rest(&mut self) -> &mut Rest {
                &mut self.rest
            }
        }
    )*};
}
part!(FloorRecord, SuspensionRecord, RenderedRecord, QuarantineRecord, BaselineRecord);

/// Takes over what is unknown in `before` if the two are the same otherwise.
fn keep<P: Part + Clone>(now: &mut Option<P>, before: Option<&P>) {
    if let (Some(now), Some(before)) = (now, before) {
        let mut known = before.clone();
        known.rest().clear();
        if *now == known {
            *now = before.clone();
        }
    }
}

impl FloorRecord {
    fn new(floor: &Floor) -> Self {
        Self {
            revision: Text(floor.revision.clone()),
            accepted: floor.accepted,
            began: Text(floor.began),
            signer: floor.signer.clone(),
            rest: Rest::new(),
        }
    }

    fn to_floor(&self) -> Floor {
        Floor {
            revision: self.revision.0.clone(),
            accepted: self.accepted,
            began: self.began.0,
            signer: self.signer.clone(),
        }
    }
}

impl SuspensionRecord {
    fn new(suspension: &Suspension) -> Self {
        let Suspension { reason, since, until } = suspension.clone();
        Self { reason, since, until, rest: Rest::new() }
    }

    fn to_suspension(&self) -> Suspension {
        Suspension { reason: self.reason.clone(), since: self.since, until: self.until }
    }
}

impl ApplicationRecord {
    fn new(facts: &ApplicationFacts) -> Self {
        Self {
            attempted: facts.attempted.as_ref().map(RenderedRecord::new),
            last_good: facts.last_good.as_ref().map(RenderedRecord::new),
            quarantine: facts.quarantine.as_ref().map(|quarantine| QuarantineRecord {
                digest: Text(quarantine.digest),
                revision: Text(quarantine.revision.clone()),
                reason: quarantine.reason.clone(),
                rest: Rest::new(),
            }),
            deadline_spent: facts.deadline_spent,
            rest: Rest::new(),
        }
    }

    fn to_facts(&self) -> ApplicationFacts {
        ApplicationFacts {
            attempted: self.attempted.as_ref().map(RenderedRecord::to_pair),
            last_good: self.last_good.as_ref().map(RenderedRecord::to_pair),
            quarantine: self.quarantine.as_ref().map(|quarantine| Quarantine {
                digest: quarantine.digest.0,
                revision: quarantine.revision.0.clone(),
                reason: quarantine.reason.clone(),
            }),
            deadline_spent: self.deadline_spent,
        }
    }
}

impl RenderedRecord {
    fn new((revision, digest): &(Revision, Digest)) -> Self {
        Self { revision: Text(revision.clone()), digest: Text(*digest), rest: Rest::new() }
    }

    fn to_pair(&self) -> (Revision, Digest) {
        (self.revision.0.clone(), self.digest.0)
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
