//! A rendered application as it is kept: how it is to be treated and its objects, so that it can be applied again without network
//! and without rendering.
//!
//! On disk it is JSON with a format number, or the same encrypted (see `vault.rs`). Fields that this agent does not know are ignored:
//! a snapshot is written anew whenever its application gets steady.

use crate::model::{
    Adopt, AllowPrune, Application, Check, DesiredApplication, Digest, Object, OnRemoval, Rollback,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The number of this format.
const FORMAT: u32 = 1;

/// A rendered application, ready to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    name: String,
    digest: Digest,
    holds_secrets: bool,
    contents: Zeroizing<Vec<u8>>,
}

/// Why bytes are not a snapshot.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    /// A newer agent wrote it.
    #[error("it has format {0}, which is newer than this agent knows")]
    TooNew(u32),
    /// It is none. The reason is not shown, for it may quote what the bytes hold.
    #[error("it does not read as one")]
    Malformed,
}

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    format: u32,
    application: ApplicationRecord,
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

/// Without the values that its manifests referred to, for they have been put in.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApplicationRecord {
    name: String,
    path: String,
    depends_on: BTreeSet<String>,
    namespace: Option<String>,
    prune: bool,
    allow_prune: BTreeSet<AllowPrune>,
    on_removal: OnRemoval,
    adopt: Adopt,
    recreate: BTreeSet<String>,
    deadline: Duration,
    quiet: Duration,
    pull_deadline: Option<Duration>,
    waits_for_addresses: bool,
    checks: Vec<Check>,
    rollback: Rollback,
}

impl Snapshot {
    /// What is to be kept of a rendered application. One that has a Secret among its objects holds secrets.
    pub fn of(desired: &DesiredApplication) -> Self {
        let raw = |object: &Object| RawValue::from_string(object.text().into_owned());
        let raw: Vec<Box<RawValue>> =
            desired.objects.iter().map(raw).collect::<Result<_, _>>().expect("because an object is JSON");
        let record = Record {
            format: FORMAT,
            application: ApplicationRecord::new(&desired.application),
            objects: raw.iter().map(|raw| &**raw).collect(),
        };
        let length: usize = raw.iter().map(|raw| raw.get().len() + 1).sum();
        let mut contents = Zeroizing::new(Vec::with_capacity(length + 4096));
        serde_json::to_writer(&mut *contents, &record).expect("because a record has text keys alone");
        Self {
            name: desired.application.name.clone(),
            digest: desired.digest,
            holds_secrets: desired.objects.iter().any(|object| object.gvk().is("", "Secret")),
            contents,
        }
    }

    /// The same, known to hold secrets in other objects than Secrets: a decrypted value, a value of the cluster's.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { holds_secrets: true, ..self }
    }

    /// The digest of its objects.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether it may only be kept encrypted.
    pub fn holds_secrets(&self) -> bool {
        self.holds_secrets
    }

    /// The application's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What it looks like on disk before it is encrypted.
    pub(super) fn contents(&self) -> &Zeroizing<Vec<u8>> {
        &self.contents
    }

    /// Reads back what was kept under this digest.
    pub(super) fn read(digest: Digest, contents: &[u8]) -> Result<DesiredApplication, SnapshotError> {
        #[derive(Deserialize)]
        struct Envelope {
            format: u32,
        }
        let envelope: Envelope = serde_json::from_slice(contents).map_err(|_| SnapshotError::Malformed)?;
        if envelope.format > FORMAT {
            return Err(SnapshotError::TooNew(envelope.format));
        }
        let record: Record<'_> = serde_json::from_slice(contents).map_err(|_| SnapshotError::Malformed)?;
        let object = |raw: &&RawValue| Object::new(serde_json::from_str(raw.get()).ok()?).ok();
        let objects: Option<Vec<Object>> = record.objects.iter().map(object).collect();
        let application = record.application.into_application();
        let (Some(objects), Some(application)) = (objects, application) else {
            return Err(SnapshotError::Malformed);
        };
        Ok(DesiredApplication { application, objects, digest })
    }
}

impl ApplicationRecord {
    fn new(application: &Application) -> Self {
        let Application {
            name,
            path,
            depends_on,
            namespace,
            substitute: _,
            prune,
            allow_prune,
            on_removal,
            adopt,
            recreate,
            deadline,
            quiet,
            pull_deadline,
            waits_for_addresses,
            checks,
            rollback,
        } = application.clone();
        Self {
            name,
            path: path.to_string(),
            depends_on,
            namespace,
            prune,
            allow_prune,
            on_removal,
            adopt,
            recreate,
            deadline,
            quiet,
            pull_deadline,
            waits_for_addresses,
            checks,
            rollback,
        }
    }

    fn into_application(self) -> Option<Application> {
        Some(Application {
            name: self.name,
            path: self.path.parse().ok()?,
            depends_on: self.depends_on,
            namespace: self.namespace,
            substitute: None,
            prune: self.prune,
            allow_prune: self.allow_prune,
            on_removal: self.on_removal,
            adopt: self.adopt,
            recreate: self.recreate,
            deadline: self.deadline,
            quiet: self.quiet,
            pull_deadline: self.pull_deadline,
            waits_for_addresses: self.waits_for_addresses,
            checks: self.checks,
            rollback: self.rollback,
        })
    }
}

impl fmt::Debug for Snapshot {
    /// Not what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} {}, {} bytes)", self.name, self.digest, self.contents.len())
    }
}
