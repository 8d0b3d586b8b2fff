//! All sinks of a running agent.

use super::audit::{self, Audit};
use super::events::Events;
use super::metrics::{Instruments, Metrics, Service};
use super::outbox::{self, Outbox, Pace};
use super::settings::Settings;
use super::status_file::StatusFile;
use super::status_map::StatusMap;
use super::systemd::Systemd;
use super::{All, Now, Sink};
use crate::cluster::Cluster;
use crate::store::durable::RealDisk;
use standfast_tls::Clock;
use std::path::PathBuf;
use std::sync::Arc;

/// What the sinks need of the world.
pub struct World {
    /// Whether the agent goes on for good; else it ends after one pass, and leaves nothing in the cluster but what is desired.
    pub stays: bool,
    /// The state directory, which this process holds.
    pub state: PathBuf,
    /// Where the status file lies.
    pub status_file: PathBuf,
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// The system's time.
    pub now: Now,
    /// The time that is trusted.
    pub clock: Clock,
    /// Luck.
    pub random: fn() -> u64,
}

/// Starts all that the settings ask for, and what every agent has, with one more who wants to know. Needs a tokio runtime.
pub fn open(settings: &Settings, world: World, teller: Box<dyn Sink>) -> All {
    let World { stays, state, status_file, cluster, now, clock, random } = world;
    let directory = state.join(audit::DIRECTORY);
    let audit = Audit::new(Arc::new(RealDisk), directory, audit::Limits::default(), Arc::clone(&now));
    let log = audit.newest();
    let outbox = settings.outbox.clone().map(|destination| {
        let (disk, path) = (Arc::new(RealDisk), state.join(outbox::FILE));
        let world = outbox::World {
            disk,
            path,
            now: Arc::clone(&now),
            clock: clock.clone(),
            random,
            log: log.clone(),
        };
        Outbox::start(destination, Pace::default(), world)
    });
    let metrics = settings.metrics.clone().filter(|_| stays).map(|listen| {
        let server = Arc::clone(&cluster);
        let instruments = Instruments {
            now: Arc::clone(&now),
            server: Arc::new(move || server.date()),
            clock,
            log,
            outbox: outbox.as_ref().map(Outbox::progress),
        };
        Service::start(Metrics::new(instruments), listen)
    });
    // What is about to be done is written down before anybody else hears of it.
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(audit), Box::new(StatusFile::new(status_file)), teller];
    if stays {
        sinks.push(Box::new(Systemd::from_environment()));
        sinks.push(Box::new(StatusMap::start(
            Arc::clone(&cluster),
            settings.namespace.clone(),
            Arc::clone(&now),
        )));
        sinks.push(Box::new(Events::start(cluster, settings.namespace.clone(), now)));
    }
    sinks.extend(metrics.map(|metrics| Box::new(metrics) as _));
    sinks.extend(outbox.map(|outbox| Box::new(outbox) as _));
    All(sinks)
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("state", &self.state).finish_non_exhaustive()
    }
}
