//! The Kubernetes API.
//!
//! # What
//! Discovery, lists and watches of what is ours, server-side apply and delete, through `kube`; and the same in memory. Where a cluster has
//! several servers, [`take_turns`] lets one agent write by a lease, and refuses the writes of the others.
//!
//! # Invariants
//! Every write carries the field manager [`crate::model::FIELD_MANAGER`]. Lists come by pages and are handed on object by object;
//! nothing here keeps them. What the API server refuses is a value; an error is that it could not be asked.
//! What only a server can say (`uid`, `resourceVersion`, `managedFields`, …) is left out of what is applied, and a Secret's `stringData`
//! becomes `data`: the two adapters send the same.
//!
//! # Not here
//! What to write (`plan`), whether it is healthy (`health`), how many requests run at a time (`agent`).
//!
//! # Tests
//! The contract test (`tests/it/cluster_contract`) runs on the memory cluster and on a real API server.
//!
//! # Dependencies
//! `kube` for kubeconfigs, requests and watches; `hyper-util`, `hyper-rustls`, `hyper-timeout` and `tower`, of which it makes its own
//! client, for ours, with `standfast-tls`; `secrecy`, in which it hands out credentials; `http` for its requests and `http-body-util` to
//! read answers frame by frame under a limit (both are what `kube` speaks); `backoff` for waits inside a call (unmaintained, and so in
//! `retry.rs` alone); `base64` for Secrets and for what a kubeconfig holds.

mod council;
mod election;
mod error;
mod going;
mod guarded;
mod lease;
mod look;
mod manifest;
mod memory;
mod retry;
mod server;

use crate::model::{Gvk, Live, Object, ObjectKey, OwnerLabel};
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use council::{Council, Standing, name, take_turns};
pub use error::Error;
pub use going::delete;
pub use guarded::{Guarded, MayWrite};
pub use lease::{Held, Lease, Leases, Turns};
pub use look::{AT_ONCE, Found, Sought};
#[cfg(feature = "testing")]
pub use memory::Fault;
pub use memory::{MemoryCluster, Write};
pub use server::{Certificates, Kube, Right, Settings};

/// The reason of an error that means that the API server is not there at all.
pub const UNREACHABLE: &str = "ClusterUnreachable";

/// A kind that the server serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Its plural resource name, `deployments`.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub is_namespaced: bool,
    /// Whether it can be listed.
    pub is_listable: bool,
}

/// What the server serves, by group, version and kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kinds {
    /// All kinds, in all served versions.
    pub all: BTreeMap<Gvk, Kind>,
    /// The version that the server prefers, by group and kind.
    pub preferred: BTreeMap<(String, String), String>,
}

/// Which objects to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The kind.
    pub gvk: Gvk,
    /// Only this namespace.
    pub namespace: Option<String>,
    /// Only what carries this owner label.
    pub owner: Option<OwnerLabel>,
    /// Stop after so many objects.
    pub limit: Option<u32>,
}

/// How to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplyMode {
    /// Only judge, write nothing.
    pub dry_run: bool,
    /// Take over fields that another manager owns.
    pub force: bool,
    /// Refuse with [`Applied::Exists`] if the object is there already.
    pub create_only: bool,
}

/// The server's answer to an apply.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is so now (or would be); the object as the server holds it, managed fields included.
    Live(Live),
    /// Other managers own fields that differ; nothing was written.
    Conflict(Vec<FieldConflict>),
    /// It is there already, and the apply was to create it; nothing was written.
    Exists,
    /// A field that cannot be changed differs; nothing was written.
    Immutable(String),
    /// The namespace, or the kind, is not there (yet).
    NoPlace(String),
    /// The server, or a webhook or policy of it, refused the object; its words.
    Refused(String),
}

/// One field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// The manager's name.
    pub manager: String,
    /// The field as the server writes it: `.spec.replicas`.
    pub field: String,
}

/// The server's answer to a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone, or was already.
    Gone,
    /// It has been asked for and waits for finalizers, grace or its dependants.
    Terminating,
    /// An object with another uid stands there: not the one we meant; nothing was deleted.
    Another,
}

/// What somebody who watches gets to know, in this order: `Begun`, all that is there, `Complete`, then what changes.
#[derive(Debug)]
pub enum Watched {
    /// The watch begins: what is not told until `Complete` is not there.
    Begun,
    /// An object as it is now.
    Seen(Live),
    /// An object as it was last: it is gone, or no longer carries the label.
    Gone(Live),
    /// All that was there at the beginning has been told.
    Complete,
    /// The watch is over, and is to be begun anew.
    Broken(Error),
}

/// A watch. It is over when it ends; one that ends without `Broken` was ended by the server, or has nothing to follow.
pub type Watch = BoxStream<'static, Watched>;

/// Receives listed objects one by one.
pub type Each<'a> = &'a mut (dyn FnMut(Live) + Send);

/// The cluster.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// What the server's clock said in its last answer, to the second; `None` before the first one, or if there is no such clock.
    /// It counts towards the trusted clock.
    fn date(&self) -> Option<Timestamp> {
        None
    }

    /// What the server serves; from memory unless `fresh`, or unless something was applied or answered since that changes it. A new
    /// definition's kind takes a real server some hundred milliseconds to serve: look until it is there.
    async fn kinds(&self, fresh: bool) -> Result<Arc<Kinds>, Error>;

    /// One object, or `None`. Where the server no longer serves the version, in the one that it prefers.
    async fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Result<Option<Live>, Error>;

    /// Objects of one kind, by pages. A kind that the server does not serve has none. An error may come after some objects were handed
    /// on, and a list that takes longer than the server remembers is not of one moment; no object is handed on twice.
    async fn list(&self, query: &Query, each: Each<'_>) -> Result<(), Error>;

    /// Follows what carries this owner label among one kind. A kind that the server does not serve has no objects.
    async fn watch(&self, gvk: &Gvk, owner: &OwnerLabel) -> Result<Watch, Error>;

    /// Server-side apply of an object, in the version that it names. An error leaves open whether it was carried out.
    async fn apply(&self, object: &Object, mode: ApplyMode) -> Result<Applied, Error>;

    /// Deletes, in the background manner (dependants follow), only the object with this uid.
    async fn delete(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<Deleted, Error>;
}

impl Kinds {
    /// The kind, if the server serves it.
    pub fn get(&self, gvk: &Gvk) -> Option<&Kind> {
        self.all.get(gvk)
    }

    /// The same kind in a version that is served: this one if it is, else the preferred one.
    pub fn served(&self, gvk: &Gvk) -> Option<Gvk> {
        if self.all.contains_key(gvk) {
            return Some(gvk.clone());
        }
        let version = self.preferred.get(&(gvk.group.clone(), gvk.kind.clone()))?;
        Some(Gvk { version: version.clone(), ..gvk.clone() })
    }

    /// Every kind that can be listed, once, in the version that the server prefers.
    pub fn listable(&self) -> impl Iterator<Item = Gvk> {
        let gvks = self.preferred.iter().map(|((group, kind), version)| Gvk {
            group: group.clone(),
            version: version.clone(),
            kind: kind.clone(),
        });
        gvks.filter(|gvk| self.get(gvk).is_some_and(|kind| kind.is_listable))
    }

    /// What to list to see all that a namespace holds, or all instances of a CustomResourceDefinition.
    pub fn inside(&self, container: &ObjectKey) -> Vec<Query> {
        let is_namespace = container.is("", "Namespace");
        let is_inside = |gvk: &Gvk, kind: &Kind| match is_namespace {
            true => kind.is_namespaced,
            false => container.name == format!("{}.{}", kind.plural, gvk.group),
        };
        let is_preferred =
            |gvk: &Gvk| self.preferred.get(&(gvk.group.clone(), gvk.kind.clone())) == Some(&gvk.version);
        let fits = |gvk: &Gvk, kind: &Kind| kind.is_listable && is_preferred(gvk) && is_inside(gvk, kind);
        let namespace = is_namespace.then(|| container.name.clone());
        let query =
            |gvk: &Gvk| Query { gvk: gvk.clone(), namespace: namespace.clone(), owner: None, limit: None };
        self.all.iter().filter(|(gvk, kind)| fits(gvk, kind)).map(|(gvk, _)| query(gvk)).collect()
    }
}
