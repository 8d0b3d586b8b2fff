//! Leases in memory.

use super::MemoryCluster;
use crate::cluster::{Error, Held, Lease, Leases};
use async_trait::async_trait;

#[async_trait]
impl Leases for MemoryCluster {
    async fn read_lease(&self, namespace: &str, name: &str) -> Result<Option<Held>, Error> {
        let what = format!("get the lease {namespace}/{name}");
        self.request(&what, None, |_| ())?;
        Ok(self.lock().leases.get(&(namespace.to_owned(), name.to_owned())).cloned())
    }

    async fn write_lease(
        &self,
        namespace: &str,
        name: &str,
        lease: &Lease,
        version: Option<&str>,
    ) -> Result<Option<Held>, Error> {
        let what = format!("write the lease {namespace}/{name}");
        self.request(&what, None, |_| ())?;
        let mut inner = self.lock();
        if !inner.store.has_namespace(namespace) {
            let message = format!("namespaces {namespace:?} not found");
            return Err(Error::Server { what, status: 404, message });
        }
        inner.store.revision += 1;
        let next = Held { lease: lease.clone(), version: inner.store.revision.to_string() };
        let place = (namespace.to_owned(), name.to_owned());
        if inner.leases.get(&place).map(|held| held.version.as_str()) != version {
            return Ok(None);
        }
        inner.leases.insert(place, next.clone());
        Ok(Some(next))
    }
}
