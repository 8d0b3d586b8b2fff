//! The one place that reads the clock and draws random numbers.
#![allow(clippy::disallowed_methods, reason = "this file is where the clock is read")]

use crate::trust;
use jiff::Timestamp;
use standfast_tls::Time;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// Where the agent gets the time and its luck from. Tests give their own.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// When this clock was made, by one that cannot be set.
    began: Instant,
    /// What time it was then at least, in seconds since 1970, as far as is known.
    floor: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// A clock of the caller's.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), began: Instant::now(), floor: Arc::new(AtomicI64::new(0)) }
    }

    /// The time, as far as the system knows. What is trusted of it is `trust`'s to say.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// From here on it is known to be no earlier than this, whatever the system says.
    pub fn raise(&self, at_least: Timestamp) {
        self.floor.fetch_max(at_least.as_second().saturating_sub(self.elapsed()), Ordering::Relaxed);
    }

    /// Seconds since this clock was made.
    fn elapsed(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    /// The clock by which servers' certificates are judged, on whichever thread: a box that woke up in 1970 must still connect. Where the
    /// system's clock is behind what is known, this one goes on from there.
    pub fn for_tls(&self) -> standfast_tls::Clock {
        let clock = self.clone();
        standfast_tls::Clock::new(move || {
            let floor = clock.floor.load(Ordering::Relaxed).saturating_add(clock.elapsed());
            let floor = Timestamp::from_second(floor).ok();
            let (system, known) = (clock.now(), trust::trusted(clock.now(), floor, trust::built()).now());
            let seconds = u64::try_from(known.as_second()).unwrap_or_default();
            if known > system { Time::AtLeast(seconds) } else { Time::Now(seconds) }
        })
    }
}

/// A number that differs from process to process and call to call; good for spreading waits, not for secrets.
pub fn random() -> u64 {
    RandomState::new().hash_one(0u8)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
