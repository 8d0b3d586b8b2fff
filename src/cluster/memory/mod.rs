//! A cluster in memory: for the demo, and for tests of everything that drives a cluster.
//!
//! # What
//! [`MemoryCluster`] does what an API server does with server-side apply: managed fields, conflicts, force, fields that go with their last
//! owner, lists that merge by key, dry-runs, immutable fields, namespaces, custom resource definitions, finalizers and uids. Its
//! controllers are those of a cluster in which all goes well at once; [`MemoryCluster::set_status`] says otherwise, and so does the annotation
//! `testcluster/pod` of a Deployment's template (`pods.rs`).
//!
//! # Invariants
//! What it claims about server-side apply is what the contract test sees on a real server too. No clock: all times are the same.
//!
//! # Not here
//! Defaults, normalisation and validation by schema, admission, garbage collection by owner references.
//!
//! # Tests
//! `tests/it/cluster_contract`; here the sets of fields, for their laws.

mod ending;
mod fields;
mod fixed;
mod healthy;
mod lease;
mod managers;
mod merge;
mod pods;
mod schema;
mod served;
mod store;
mod watch;

#[cfg(feature = "testing")]
mod fault;

use super::{Applied, ApplyMode, Cluster, Deleted, Each, Error, Held, Kinds, Query, Watch};
use crate::model::{FIELD_MANAGER, Gvk, Live, Object, ObjectKey, OwnerLabel};
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;

#[cfg(feature = "testing")]
pub use fault::Fault;

/// A cluster in memory. Clones are the same cluster.
#[derive(Clone)]
pub struct MemoryCluster {
    inner: Arc<Mutex<Inner>>,
}

/// A request that was to change something (no dry-run).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// An apply.
    Apply(ObjectKey),
    /// A delete.
    Delete(ObjectKey),
}

struct Inner {
    store: Store,
    requests: usize,
    writes: Vec<Write>,
    watchers: watch::Watchers,
    leases: BTreeMap<(String, String), Held>,
    #[cfg(feature = "testing")]
    pending: fault::Pending,
}

impl MemoryCluster {
    /// A new cluster, with the namespaces that every cluster has.
    pub fn new() -> Self {
        let inner = Inner {
            store: Store::new(),
            requests: 0,
            writes: Vec::new(),
            watchers: watch::Watchers::default(),
            leases: BTreeMap::new(),
            #[cfg(feature = "testing")]
            pending: fault::Pending::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// How many requests there were, reads and dry-runs included.
    pub fn requests(&self) -> usize {
        self.lock().requests
    }

    /// Every request so far that was to change something, in order, whether or not it did.
    pub fn writes(&self) -> Vec<Write> {
        self.lock().writes.clone()
    }

    /// Somebody else creates an object in the old way (`kubectl create`). `None` if it is there already or has no place.
    pub fn foreign_create(&self, manager: &str, manifest: &Value) -> Option<Live> {
        self.change(|store| store.create(manager, manifest))
    }

    /// Somebody else changes an object by a merge patch (`kubectl edit`, a controller). `None` if it is not there.
    pub fn foreign_edit(&self, manager: &str, gvk: &Gvk, key: &ObjectKey, patch: &Value) -> Option<Live> {
        self.change(|store| store.edit(manager, gvk, key, patch))
    }

    /// Somebody else applies an object (`kubectl apply --server-side`).
    pub fn foreign_apply(&self, manager: &str, object: &Object, force: bool) -> Applied {
        let mode = ApplyMode { dry_run: false, force, create_only: false };
        self.change(|store| store.apply(manager, object, mode))
    }

    /// Somebody else deletes an object.
    pub fn foreign_delete(&self, key: &ObjectKey) -> Deleted {
        self.change(|store| store.delete(key, None))
    }

    /// Gives an object this status from now on, whatever is applied, instead of a healthy one; with `None` a healthy one again.
    /// The object need not be there yet.
    pub fn set_status(&self, gvk: &Gvk, key: &ObjectKey, status: Option<Value>) {
        self.change(|store| {
            match status {
                Some(status) => store.statuses.insert(key.clone(), status),
                None => store.statuses.remove(key),
            };
            store.refresh_status(gvk, key);
        });
    }

    /// Refuses every apply of an object from now on with these words, as a policy would; with `None` no longer.
    pub fn refuse(&self, key: &ObjectKey, words: Option<&str>) {
        let refusals = &mut self.lock().store.refusals;
        match words {
            Some(words) => refusals.insert(key.clone(), words.to_owned()),
            None => refusals.remove(key),
        };
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.store.settle();
        inner
    }

    /// Changes something, and tells those who follow it.
    fn change<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        let mut inner = self.lock();
        let done = act(&mut inner.store);
        inner.tell();
        done
    }

    /// Carries out one request, unless a fault is set for it.
    fn request<T>(
        &self,
        what: &str,
        write: Option<Write>,
        act: impl FnOnce(&mut Store) -> T,
    ) -> Result<T, Error> {
        let mut inner = self.lock();
        inner.requests += 1;
        #[cfg(feature = "testing")]
        let is_answered = inner.pending.meet(what)?;
        #[cfg(not(feature = "testing"))]
        let _ = what;
        inner.writes.extend(write);
        let answer = act(&mut inner.store);
        inner.tell();
        #[cfg(feature = "testing")]
        is_answered?;
        Ok(answer)
    }
}

impl Inner {
    fn tell(&mut self) {
        self.watchers.look(&self.store);
    }
}

impl std::fmt::Debug for MemoryCluster {
    /// Counts alone: it may hold Secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inner = self.lock();
        write!(f, "MemoryCluster({} objects, {} requests)", inner.store.objects.len(), inner.requests)
    }
}

impl Default for MemoryCluster {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Cluster for MemoryCluster {
    async fn kinds(&self, fresh: bool) -> Result<Arc<Kinds>, Error> {
        if fresh {
            return self.request("list what it serves", None, |store| Arc::clone(&store.kinds));
        }
        Ok(Arc::clone(&self.lock().store.kinds))
    }

    async fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Result<Option<Live>, Error> {
        self.request(&format!("get {key}"), None, |store| store.get(gvk, key))
    }

    async fn list(&self, query: &Query, each: Each<'_>) -> Result<(), Error> {
        let what = format!("list every {}", query.gvk);
        let found = self.request(&what, None, |store| store.list(query))?;
        found.into_iter().for_each(each);
        Ok(())
    }

    async fn watch(&self, gvk: &Gvk, owner: &OwnerLabel) -> Result<Watch, Error> {
        self.request(&format!("watch every {gvk}"), None, |_| ())?;
        let mut inner = self.lock();
        let Inner { store, watchers, .. } = &mut *inner;
        Ok(watchers.begin(store, gvk, owner))
    }

    async fn apply(&self, object: &Object, mode: ApplyMode) -> Result<Applied, Error> {
        let write = (!mode.dry_run).then(|| Write::Apply(object.key()));
        self.request(&format!("apply {}", object.key()), write, |store| {
            store.apply(FIELD_MANAGER, object, mode)
        })
    }

    async fn delete(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<Deleted, Error> {
        let _ = gvk;
        let write = Some(Write::Delete(key.clone()));
        self.request(&format!("delete {key}"), write, |store| store.delete(key, Some(uid)))
    }
}
