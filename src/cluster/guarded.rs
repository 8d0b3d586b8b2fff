//! A cluster that is written only by whom that is granted to at the moment.

use super::{Applied, ApplyMode, Cluster, Deleted, Each, Error, Kinds, Query, Watch};
use crate::model::{Gvk, Live, Object, ObjectKey, OwnerLabel};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// Says who writes instead, while this process may not.
pub type MayWrite = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The same cluster, whose writes are refused while they are not granted. Reads and dry-runs always are.
pub struct Guarded {
    inner: Arc<dyn Cluster>,
    may_write: MayWrite,
}

impl Guarded {
    /// Guards a cluster.
    pub fn new(inner: Arc<dyn Cluster>, may_write: MayWrite) -> Self {
        Self { inner, may_write }
    }

    fn check(&self, what: impl FnOnce() -> String) -> Result<(), Error> {
        (self.may_write)().map_err(|holder| Error::Standby { what: what(), holder })
    }
}

#[async_trait]
impl Cluster for Guarded {
    fn date(&self) -> Option<Timestamp> {
        self.inner.date()
    }

    async fn kinds(&self, fresh: bool) -> Result<Arc<Kinds>, Error> {
        self.inner.kinds(fresh).await
    }

    async fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Result<Option<Live>, Error> {
        self.inner.get(gvk, key).await
    }

    async fn list(&self, query: &Query, each: Each<'_>) -> Result<(), Error> {
        self.inner.list(query, each).await
    }

    async fn watch(&self, gvk: &Gvk, owner: &OwnerLabel) -> Result<Watch, Error> {
        self.inner.watch(gvk, owner).await
    }

    async fn apply(&self, object: &Object, mode: ApplyMode) -> Result<Applied, Error> {
        if !mode.dry_run {
            self.check(|| format!("apply {}", object.key()))?;
        }
        self.inner.apply(object, mode).await
    }

    async fn delete(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<Deleted, Error> {
        self.check(|| format!("delete {key}"))?;
        self.inner.delete(gvk, key, uid).await
    }
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}
