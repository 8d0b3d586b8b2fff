//! What went over the link, and whether anybody still waits for it.

use crate::model::Traffic;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts bytes since the start, and holds the current job's cancel flag. HTTP headers count as HTTP/1.1 would write them.
#[derive(Debug, Default)]
pub(in crate::source) struct Meter {
    up: AtomicU64,
    down: AtomicU64,
    cancel: Mutex<Arc<AtomicBool>>,
}

impl Meter {
    /// From here on, `cancel` speaks for the job in hand.
    pub(in crate::source) fn begin(&self, cancel: Arc<AtomicBool>) {
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = cancel;
    }

    /// The flag of the job in hand.
    pub(in crate::source) fn cancel(&self) -> Arc<AtomicBool> {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nobody waits for the job in hand any more.
    pub(in crate::source) fn is_cancelled(&self) -> bool {
        self.cancel().load(Ordering::Relaxed)
    }

    /// All bytes since the start.
    pub(in crate::source) fn total(&self) -> Traffic {
        Traffic { up: self.up.load(Ordering::Relaxed), down: self.down.load(Ordering::Relaxed) }
    }

    /// Counts bytes that were sent.
    pub(super) fn sent(&self, bytes: usize) {
        self.up.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes that were received.
    pub(super) fn received(&self, bytes: usize) {
        self.down.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
