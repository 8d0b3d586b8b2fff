//! Tell people: the status, and what happens as it happens.
//!
//! # What
//! The port through which the agent says what it does and where it stands. Delivery to a server, metrics and the audit log belong
//! here too and are not part of this version.
//!
//! # Invariants
//! A sink never holds up the agent and never fails it: what cannot be told is dropped, with a line in the log.
//!
//! # Not here
//! How a status is printed (`cli`), how it is put together (`agent`).
//!
//! # Tests
//! Through the agent's tests, which read the sink of `fake.rs`.

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
