//! The site in numbers, for Prometheus.
//!
//! # What
//! [`Metrics`] counts moments and remembers the status; [`Service`] answers `GET /metrics` in the OpenMetrics text format.
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
use super::outbox::Progress;
use super::settings::Listen;
use super::worker::{Bell, Worker};
use super::{Now, Sink};
use crate::model::{Moment, SiteStatus};
use async_trait::async_trait;
use jiff::Timestamp;
use known::Known;
use standfast_tls::{Clock, Time};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers with what the API server's clock last said.
pub type ServerClock = Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>;

/// What is read when the page is made.
#[derive(Clone)]
pub struct Instruments {
    /// The system's time.
    pub now: Now,
    /// The API server's.
    pub server: ServerClock,
    /// The time that is trusted.
    pub clock: Clock,
    /// The audit log.
    pub log: Newest,
    /// The outbox, where there is one.
    pub outbox: Option<Progress>,
}

/// The numbers. Clones count together.
#[derive(Clone)]
pub struct Metrics {
    known: Arc<Mutex<Known>>,
    began: Timestamp,
    instruments: Instruments,
}

/// The numbers, served until the agent ends.
#[derive(Debug)]
pub struct Service {
    metrics: Metrics,
    worker: Worker,
}

impl Metrics {
    /// Numbers of an agent that starts now.
    pub fn new(instruments: Instruments) -> Self {
        Self { known: Arc::default(), began: (instruments.now)(), instruments }
    }

    /// The page as it is now.
    pub fn page(&self) -> String {
        let Instruments { now, clock, log, outbox, .. } = &self.instruments;
        let behind = match clock.read() {
            Time::AtLeast(seconds) => i64::try_from(seconds).unwrap_or_default() - now().as_second(),
            Time::Now(_) => 0,
        };
        let beside = page::Beside {
            began: self.began,
            log: log.get(),
            outbox: outbox.as_ref().map(Progress::get),
            behind: behind.max(0),
        };
        page::page(&self.known(), &beside)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Starts to answer. Needs a tokio runtime.
    pub fn start(metrics: Metrics, listen: Listen) -> Self {
        let (bell, own) = (Bell::default(), metrics.clone());
        let ended = bell.clone();
        let serve = async move {
            tokio::select! {
                () = serve::serve(listen, Arc::new(move || own.page())) => {}
                () = ended.ended() => {}
            }
        };
        Self { metrics, worker: Worker::start(bell, serve) }
    }
}

impl Sink for Metrics {
    fn moment(&self, moment: &Moment) {
        let Instruments { now, server, .. } = &self.instruments;
        let now = now();
        let mut known = self.known();
        known.moment(moment, now);
        if matches!(moment, Moment::Applied(_) | Moment::Judged(..))
            && let Some(server) = server()
        {
            known.clock(server, now);
        }
    }

    fn status(&self, status: &SiteStatus) {
        self.known().status(status);
    }
}

#[async_trait]
impl Sink for Service {
    fn moment(&self, moment: &Moment) {
        self.metrics.moment(moment);
    }

    fn status(&self, status: &SiteStatus) {
        self.metrics.status(status);
    }

    async fn finish(&self) {
        self.worker.finish().await;
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Instruments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instruments").finish_non_exhaustive()
    }
}
