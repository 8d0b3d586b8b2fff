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
pub mod log;
pub mod metrics;

use crate::model::{Moment, SiteStatus};
use jiff::Timestamp;
use std::sync::Arc;

#[cfg(any(test, feature = "testing"))]
pub mod fake;

/// Where a sink gets the time from.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Somebody who wants to know.
pub trait Sink: Send + Sync {
    /// Something happened.
    fn moment(&self, moment: &Moment);
    /// The site's status is now this.
    fn status(&self, status: &SiteStatus);
}

/// Several sinks as one, told in order.
pub struct All(pub Vec<Box<dyn Sink>>);

impl Sink for All {
    fn moment(&self, moment: &Moment) {
        self.0.iter().for_each(|sink| sink.moment(moment));
    }

    fn status(&self, status: &SiteStatus) {
        self.0.iter().for_each(|sink| sink.status(status));
    }
}

impl std::fmt::Debug for All {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "All({} sinks)", self.0.len())
    }
}
