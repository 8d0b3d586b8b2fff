//! Who did what, when: an append-only log of records, each of which holds the hash of the one before it.
//!
//! # What
//! [`Audit`] writes below `audit/` of the state directory: files of lines, each a record, and a file `head` that names the newest. A
//! record is `{"format":1,"number":…,"time":…,"previous":…,"kind":…, …,"hash":…}`, and its hash is the SHA-256 of the line's own bytes
//! before `,"hash"`. [`verify`] follows the chain, [`records`] reads it.
//!
//! # Invariants
//! - What the agent is about to do, what it accepted and what a person ordered is on disk before the agent goes on. The rest follows
//!   with the next status, in one write.
//! - A cut at any byte leaves a log that can be read. A torn end is found, cut off and written down at the next start.
//! - Records that were changed, moved or taken away are found, at the end as well: a chain that goes on from the head never hides it.
//! - A disk that cannot be written stops nobody: what is lost is counted, and a `gap` says so once it works again.
//! - All of it is bounded: texts, lists, a fight over one object, the log as a whole.
//!
//! # Not here
//! Proof against root: who may write all of these files can write another chain. Its head is signed into every export and delivered
//! with the status, so that a copy elsewhere tells.
//!
//! # Tests
//! `tests.rs` beside this; `tests/it/audit_*.rs` with a failure, a cut and a torn write at every operation.

mod chain;
mod event;
mod export;
mod head;
mod journal;
mod seal;
mod segments;
mod telling;
mod verify;
#[cfg(test)]
mod tests;

use super::{Now, Sink};
use crate::model::{Moment, SiteStatus};
use crate::store::durable::Disk;
use async_trait::async_trait;
use event::Event;
use jiff::Timestamp;
use journal::Journal;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use telling::Telling;

pub use chain::{Link, Record};
pub use export::{End, NAMESPACE};
pub use journal::Limits;
pub use verify::{Broke, Report, records, verify, verify_export};

/// The log's folder below the state directory.
pub const DIRECTORY: &str = "audit";

/// How many records may wait for the next status.
const MOST_WAITING: usize = 16;

/// Writes the audit log.
pub struct Audit {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    limits: Limits,
    now: Now,
    newest: Newest,
    inner: Mutex<Inner>,
}

/// Where the log ends, for those who tell others. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Newest(Arc<Mutex<Known>>);

/// What is known of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// The newest record on disk.
    pub end: Option<Link>,
    /// How many records could not be written since it was last possible.
    pub lost: u64,
}

#[derive(Default)]
struct Inner {
    /// `None` until the log could be read.
    journal: Option<Journal>,
    telling: Telling,
    waiting: Vec<(Timestamp, Event)>,
    lost: Option<Lost>,
}

/// Records that could not be written.
#[derive(Debug, Clone)]
struct Lost {
    records: u64,
    since: Timestamp,
    why: String,
}

impl Audit {
    /// A log in this folder, which is made when the first record is written.
    pub fn new(disk: Arc<dyn Disk>, directory: PathBuf, limits: Limits, now: Now) -> Self {
        Self { disk, directory, limits, now, newest: Newest::default(), inner: Mutex::default() }
    }

    /// Where the log ends.
    pub fn newest(&self) -> Newest {
        self.newest.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that the agent ends, once.
    fn end(&self) {
        let now = (self.now)();
        let mut inner = self.inner();
        let events = inner.telling.end();
        self.take(&mut inner, events, now);
        self.write(&mut inner);
    }

    /// Puts events in line, and on disk if one of them must not wait.
    fn take(&self, inner: &mut Inner, events: Vec<Event>, now: Timestamp) {
        let is_urgent = events.iter().any(Event::is_urgent);
        inner.waiting.extend(events.into_iter().map(|event| (now, event)));
        if is_urgent || inner.waiting.len() >= MOST_WAITING {
            self.write(inner);
        }
    }

    /// Writes what waits. What cannot be written is lost, and counted.
    fn write(&self, inner: &mut Inner) {
        let mut waiting = std::mem::take(&mut inner.waiting);
        let Some((first, _)) = waiting.first() else { return };
        let (first, records) = (*first, waiting.len() as u64);
        if let Some(Lost { records, since, why }) = &inner.lost {
            let since = since.round(jiff::Unit::Second).unwrap_or(*since).to_string();
            waiting.insert(0, (first, Event::Gap { lost: *records, since, why: why.clone() }));
        }
        let written = self.journal(inner).and_then(|journal| {
            journal.append(&waiting)?;
            Ok(journal.end())
        });
        match written {
            Ok(end) => {
                if let Some(lost) = inner.lost.take() {
                    tracing::info!(lost = lost.records, "the audit log can be written again");
                }
                self.newest.set(Known { end: Some(end), lost: 0 });
            }
            Err(error) => self.lose(inner, records, first, &error),
        }
    }

    fn journal<'a>(&self, inner: &'a mut Inner) -> io::Result<&'a mut Journal> {
        match &mut inner.journal {
            Some(journal) => Ok(journal),
            none => {
                let opened = Journal::open(Arc::clone(&self.disk), self.directory.clone(), self.limits)?;
                Ok(none.insert(opened))
            }
        }
    }

    fn lose(&self, inner: &mut Inner, records: u64, since: Timestamp, error: &io::Error) {
        if inner.lost.is_none() {
            let path = self.directory.display();
            tracing::error!(%path, %error, "the audit log cannot be written; records are lost until it can");
        }
        let lost = inner.lost.get_or_insert_with(|| Lost { records: 0, since, why: error.to_string() });
        lost.records += records;
        self.newest.set(Known { lost: lost.records, ..self.newest.get() });
    }
}

impl Newest {
    /// What is known now.
    pub fn get(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, known: Known) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

#[async_trait]
impl Sink for Audit {
    fn moment(&self, moment: &Moment) {
        let now = (self.now)();
        let mut inner = self.inner();
        let events = inner.telling.moment(moment, now);
        self.take(&mut inner, events, now);
    }

    fn status(&self, status: &SiteStatus) {
        let now = (self.now)();
        let mut inner = self.inner();
        let events = inner.telling.status(status, now);
        self.take(&mut inner, events, now);
        self.write(&mut inner);
    }

    async fn finish(&self) {
        self.end();
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("directory", &self.directory).finish_non_exhaustive()
    }
}
