//! The one place that reads the clock and draws random numbers.

use jiff::Timestamp;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Where the agent gets the time and its luck from. Tests give their own.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self { now: Arc::new(system_now) }
    }

    /// A clock of the caller's.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now) }
    }

    /// The time, as far as the system knows. What is trusted of it is `trust`'s to say.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }
}

#[allow(clippy::disallowed_methods, reason = "this file is where the clock is read")]
fn system_now() -> Timestamp {
    Timestamp::now()
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
