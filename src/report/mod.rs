//! Tell people: the status, and what happens as it happens.
//!
//! # What
//! The port [`Sink`], through which the agent says what it does and where it stands, and all who listen: the log, the audit log, the
//! status as a file and as a ConfigMap, numbers for Prometheus, events in the cluster, and the outbox, which delivers the status to
//! the fleet's owners. [`open`] starts what a site's configuration asks for.
//!
//! # Invariants
//! - A sink never fails the agent, and holds it up for nothing but the audit's own write: what cannot be told is dropped, and counted
//!   or said. What takes its time has a task of its own, one thing at a time and bounded.
//! - Nobody is told what a manifest holds: names, fields, managers and reasons, never values.
//! - Nothing is written, nowhere, because nothing happened; but once an hour, or a day, that nothing did.
//!
//! # Not here
//! How a status is printed (`cli`), how it is put together (`reconcile`).
//!
//! # Dependencies
//! `standfast-identity` signs what leaves the machine. What one sink alone needs stands on its own front page.
//!
//! # Tests
//! `tests/it/report_*.rs` and `tests/it/audit_*.rs`; `report_wired.rs` has all of them at once, on the real daemon. Through the
//! agent's tests, which read the sink of `fake.rs`.

pub mod audit;
pub mod brief;
pub mod events;
pub mod log;
pub mod metrics;
mod open;
pub mod outbox;
pub mod settings;
pub mod status_file;
pub mod status_map;
pub mod systemd;
mod worker;

use crate::model::{Moment, SiteStatus};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

#[cfg(any(test, feature = "testing"))]
pub mod fake;

pub use open::{World, open};

/// Where a sink gets the time from.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Somebody who wants to know.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Something happened.
    fn moment(&self, moment: &Moment);
    /// The site's status is now this.
    fn status(&self, status: &SiteStatus);
    /// The agent ends: tells what is still to be told, for as long as that takes some seconds.
    async fn finish(&self) {}
}

/// Several sinks as one, told in order.
pub struct All(pub Vec<Box<dyn Sink>>);

#[async_trait]
impl Sink for All {
    fn moment(&self, moment: &Moment) {
        self.0.iter().for_each(|sink| sink.moment(moment));
    }

    fn status(&self, status: &SiteStatus) {
        self.0.iter().for_each(|sink| sink.status(status));
    }

    async fn finish(&self) {
        futures::future::join_all(self.0.iter().map(|sink| sink.finish())).await;
    }
}

impl std::fmt::Debug for All {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "All({} sinks)", self.0.len())
    }
}
