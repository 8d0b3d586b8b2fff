//! The lease by which one of several agents writes.

use super::Error;
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// A lease as it stands in the cluster (`coordination.k8s.io/v1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it; empty if nobody does.
    pub holder: String,
    /// How long it holds after it was renewed.
    pub duration: Duration,
    /// Since when its holder holds it, by that one's clock.
    pub acquired: Timestamp,
    /// When it was renewed, by its holder's clock.
    pub renewed: Timestamp,
    /// How often it went to somebody else.
    pub transitions: u64,
}

/// Whether agents take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// Where the cluster has several servers.
    Auto,
    /// Always.
    Always,
    /// Never: this is the only agent.
    Never,
}

/// A lease with the server's version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The lease.
    pub lease: Lease,
    /// The version in which it was read or written.
    pub version: String,
}

/// Leases of one namespace.
#[async_trait]
pub trait Leases: Send + Sync {
    /// The lease as it is now; `None` if there is none.
    async fn read_lease(&self, namespace: &str, name: &str) -> Result<Option<Held>, Error>;

    /// Writes it, if it still has this version, or is not there where none is given. `None` if somebody was faster. The namespace must be
    /// there: without it, `NoPlace` as an [`Error::Server`] with status 404.
    async fn write_lease(
        &self,
        namespace: &str,
        name: &str,
        lease: &Lease,
        version: Option<&str>,
    ) -> Result<Option<Held>, Error>;
}
