//! The status, delivered to the fleet's owners whenever the link is there.
//!
//! # What
//! [`Outbox`] posts the status as JSON of at most a kilobyte to one URL: when it says something new, and once a day. The header
//! `Standfast-Signature` signs the body's bytes with the site's identity, as `ssh-keygen -Y sign -n standfast-status` would; a
//! `sequence` that only grows tells an old report from a new one, and `audit` names the newest record of the audit log, so that one
//! who keeps the reports can tell whether that log was cut or rewritten since.
//!
//! # Invariants
//! - A site that is on its way somewhere is given some minutes to get there: a rollout that goes well is one report.
//! - The newest status is the one that is delivered; what it replaces is gone. So there is never more than one in memory, and on disk
//!   none: what was delivered last is known there, and the rest follows from the present.
//! - Nothing waits for it. It has a task of its own, and gives up at the end of the agent after some seconds.
//! - A server that is away, slow, broken or hostile costs one request at a time, with growing waits in between that luck spreads. No
//!   redirect is followed, and of the answer only the status counts.
//! - An unsigned report is never sent: who receives it would have to believe everybody.
//!
//! # Not here
//! What the server does with it.
//!
//! # Dependencies
//! `reqwest`, which `gix` brings, for one HTTP request; `standfast-tls` for whom to believe.
//!
//! # Tests
//! `pace.rs` for when; `tests/it/report_outbox.rs` against a real TLS server that is often away, with `ssh-keygen` for the signature.

mod kept;
mod pace;
mod post;

use super::audit::Newest;
use super::brief::Brief;
use super::settings::Destination;
use super::worker::{Bell, Worker};
use super::{Now, Sink};
use crate::model::{Moment, SitePhase, SiteStatus};
use crate::store::durable::Disk;
use async_trait::async_trait;
use jiff::Timestamp;
use kept::Kept;
use pace::Delivered;
use post::Failure;
use serde::Serialize;
use standfast_tls::Clock;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

pub use pace::Pace;
pub use post::{NAMESPACE, SIGNATURE};

/// The name of its file below the state directory.
pub const FILE: &str = "outbox";
/// Most bytes of a report.
const MOST: usize = 1024;
/// Of which so many are for what is not the status itself.
const BESIDE: usize = 260;

/// Delivers the status.
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
    worker: Worker,
}

/// What the outbox needs of the world.
#[derive(Clone)]
pub struct World {
    /// Where its file is written.
    pub disk: Arc<dyn Disk>,
    /// The file.
    pub path: PathBuf,
    /// The system's time.
    pub now: Now,
    /// The time that is trusted, by which certificates are judged and reports dated.
    pub clock: Clock,
    /// Luck.
    pub random: fn() -> u64,
    /// Where the audit log ends.
    pub log: Newest,
}

/// How far the outbox came, for the numbers. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<State>>);

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// Whether something waits to be delivered.
    pub is_pending: bool,
    /// When something was delivered last.
    pub delivered: Option<Timestamp>,
    /// How often in a row it failed.
    pub failures: u32,
}

struct Shared {
    destination: Destination,
    pace: Pace,
    world: World,
    bell: Bell,
    progress: Progress,
    newest: Mutex<Option<Letter>>,
    /// Since when the site is on its way somewhere, if it is.
    moving: Mutex<Option<Instant>>,
    /// Whether mirrors could not be reached, and then could.
    link: Link,
}

#[derive(Debug, Default)]
struct Link {
    was_down: AtomicBool,
    is_back: AtomicBool,
}

/// A status that is to be delivered.
#[derive(Debug, Clone)]
struct Letter {
    brief: Brief,
    contact: Option<String>,
    bytes_today: u64,
}

/// A report as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    brief: &'a Brief,
    time: String,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_contact: Option<&'a str>,
    bytes_today: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<Head>,
}

/// The newest record of the audit log.
#[derive(Serialize)]
struct Head {
    number: u64,
    hash: String,
}

impl Outbox {
    /// Starts to deliver. Needs a tokio runtime.
    pub fn start(destination: Destination, pace: Pace, world: World) -> Self {
        let bell = Bell::default();
        let shared = Arc::new(Shared {
            destination,
            pace,
            world,
            bell: bell.clone(),
            progress: Progress::default(),
            newest: Mutex::default(),
            moving: Mutex::default(),
            link: Link::default(),
        });
        Self { worker: Worker::start(bell, Arc::clone(&shared).deliver()), shared }
    }

    /// How far it came.
    pub fn progress(&self) -> Progress {
        self.shared.progress.clone()
    }
}

impl Shared {
    /// Delivers what is due, until the agent ends.
    async fn deliver(self: Arc<Self>) {
        let World { disk, path, .. } = self.world.clone();
        let mut kept = Kept::read(disk, path);
        self.progress.change(|state| state.delivered = kept.last.map(|last| last.at));
        let mut said = None;
        while let Some(letter) = self.next(&kept).await {
            let failed = self.send(&letter, &mut kept).await.err();
            let failures = failed.as_ref().map_or(0, |_| self.progress.get().failures.saturating_add(1));
            self.progress.change(|state| (state.is_pending, state.failures) = (failures > 0, failures));
            self.tell(failed.as_ref(), &mut said);
            if failed.is_some() && self.bell.is_ending() {
                return;
            }
            match &failed {
                None => self.bell.pause(self.pace.spacing).await,
                Some(failed) => self.back_off(failed).await,
            }
            self.bell.ring();
        }
    }

    /// Waits until something is due; `None` if the agent ends and nothing is.
    async fn next(&self, kept: &Kept) -> Option<Letter> {
        loop {
            self.bell.rung().await;
            if self.due(kept).is_some() {
                self.bell.pause(self.pace.settle((self.world.random)())).await;
            }
            let due = self.due(kept);
            if due.is_some() || self.bell.is_ending() {
                return due;
            }
        }
    }

    fn due(&self, kept: &Kept) -> Option<Letter> {
        let letter = self.newest().clone()?;
        let moving = *self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        if moving.is_some_and(|since| since.elapsed() < self.pace.moving) && !self.bell.is_ending() {
            return None;
        }
        let is_due = self.pace.is_due(letter.brief.essence(), kept.last.as_ref(), (self.world.now)());
        self.progress.change(|state| state.is_pending = is_due);
        is_due.then_some(letter)
    }

    async fn send(&self, letter: &Letter, kept: &mut Kept) -> Result<(), Failure> {
        let now = (self.world.now)();
        let trusted = i64::try_from(self.world.clock.read().seconds()).unwrap_or_default();
        let time = Timestamp::from_second(trusted.max(now.as_second())).unwrap_or(now);
        let end = self.world.log.get().end;
        let report = Report {
            brief: &letter.brief,
            time: time.to_string(),
            sequence: kept.next(time),
            last_contact: letter.contact.as_deref(),
            bytes_today: letter.bytes_today,
            audit: end.map(|end| Head { number: end.number, hash: end.hash.to_string() }),
        };
        let body = serde_json::to_string(&report).unwrap_or_default();
        post::post(&self.destination, self.world.clock.clone(), &self.pace, body).await?;
        self.progress.change(|state| state.delivered = Some(now));
        if let Err(error) = kept.keep(Delivered { essence: letter.brief.essence(), at: now }) {
            tracing::warn!(path = %self.world.path.display(), %error, "a delivered report cannot be noted down");
        }
        Ok(())
    }

    /// Waits after a failure, unless a link that was down comes back.
    async fn back_off(&self, failed: &Failure) {
        self.link.is_back.store(false, Ordering::SeqCst);
        let failures = self.progress.get().failures;
        let wait = self.pace.wait(failures, failed.asked, (self.world.random)());
        let is_back = || failed.is_link && self.link.is_back.load(Ordering::SeqCst);
        self.bell.pause_unless(wait, is_back).await;
    }

    /// One line in the log for each new failure, and one when it is over.
    fn tell(&self, failed: Option<&Failure>, said: &mut Option<String>) {
        let url = &self.destination.url;
        match (failed, &*said) {
            (Some(failed), known) if known.as_ref() != Some(&failed.why) => {
                tracing::warn!(%url, why = %failed.why, "the status cannot be delivered");
            }
            (None, Some(_)) => tracing::info!(%url, "the status is delivered again"),
            (None, None) => tracing::debug!(%url, "the status is delivered"),
            (Some(_), _) => {}
        }
        *said = failed.map(|failed| failed.why.clone());
    }

    fn newest(&self) -> MutexGuard<'_, Option<Letter>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sink for Outbox {
    fn moment(&self, moment: &Moment) {
        let link = &self.shared.link;
        match moment {
            Moment::Unreachable(_) => link.was_down.store(true, Ordering::SeqCst),
            Moment::Fetched { .. } if link.was_down.swap(false, Ordering::SeqCst) => {
                link.is_back.store(true, Ordering::SeqCst);
                self.shared.bell.ring();
            }
            _ => {}
        }
    }

    fn status(&self, status: &SiteStatus) {
        let is_moving = !matches!(status.phase, SitePhase::Steady | SitePhase::Held | SitePhase::Gated);
        let mut moving = self.shared.moving.lock().unwrap_or_else(PoisonError::into_inner);
        *moving = is_moving.then(|| moving.unwrap_or_else(Instant::now));
        drop(moving);
        *self.shared.newest() = Some(Letter {
            brief: Brief::of(status, MOST - BESIDE),
            contact: status.link.last_contact.clone(),
            bytes_today: status.link.bytes_today,
        });
        self.shared.bell.ring();
    }

    async fn finish(&self) {
        self.worker.finish().await;
    }
}

impl Progress {
    /// How far it came by now.
    pub fn get(&self) -> State {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("destination", &self.destination).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("path", &self.path).finish_non_exhaustive()
    }
}
