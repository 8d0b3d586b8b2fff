//! The site in numbers, for Prometheus.
//!
//! # What
//! [`Metrics`] counts moments and remembers the status; [`Metrics::serve`] answers `GET /metrics` in the OpenMetrics text format.
//!
//! # Invariants
//! No globals: all that is counted is in one struct. Labels are constants, or names that the fleet or the site's configuration gives;
//! applications that leave take their lines with them. Only this machine can ask: a unix socket for owner and group, or a loopback
//! address. Requests are bounded in bytes and time, connections in number.
//!
//! # Not here
//! Alerts, and numbers of the cluster: it has its own.
//!
//! # Decisions
//! The text is written by hand. What is served is the state at the time of asking, not a registry of metrics that must be kept like
//! it, and the format is 100 lines; a strict parser in the tests holds it.
//!
//! # Dependencies
//! `hyper` and `hyper-util`, which `kube` brings, serve HTTP/1.1; `bytes` and `http-body-util` are their words.
//!
//! # Tests
//! `tests/it/report_metrics.rs`, over real sockets.

mod known;
mod page;
mod serve;
mod text;

use super::audit::Newest;
use super::{Now, Sink};
use crate::model::{Moment, SiteStatus};
use jiff::Timestamp;
use known::Known;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use serve::Listen;

/// Answers with what the API server's clock last said.
pub type ServerClock = Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>;

/// The numbers. Clones count together.
#[derive(Clone)]
pub struct Metrics {
    known: Arc<Mutex<Known>>,
    began: Timestamp,
    log: Newest,
    now: Now,
    server: ServerClock,
}

impl Metrics {
    /// Numbers of an agent that starts now.
    pub fn new(now: Now, server: ServerClock, log: Newest) -> Self {
        Self { known: Arc::default(), began: now(), log, now, server }
    }

    /// The page as it is now.
    pub fn page(&self) -> String {
        page::page(&self.known(), self.began, &self.log.get())
    }

    /// Answers requests for as long as it is polled.
    pub async fn serve(self, listen: Listen) {
        serve::serve(listen, Arc::new(move || self.page())).await;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Metrics {
    fn moment(&self, moment: &Moment) {
        let now = (self.now)();
        let mut known = self.known();
        known.moment(moment, now);
        if matches!(moment, Moment::Applied(_) | Moment::Judged(..))
            && let Some(server) = (self.server)()
        {
            known.clock(server, now);
        }
    }

    fn status(&self, status: &SiteStatus) {
        self.known().status(status);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
