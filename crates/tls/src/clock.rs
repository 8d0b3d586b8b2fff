//! What time it is, as far as somebody knows.

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Tells the time, in seconds since 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Time + Send + Sync>);

/// A time, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// This is the time.
    Now(u64),
    /// It is this late at least; the machine's own clock is known to be behind.
    AtLeast(u64),
}

impl Clock {
    /// A clock that is asked at each handshake.
    pub fn new(now: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What time it is.
    pub fn read(&self) -> Time {
        (self.0)()
    }
}

impl Time {
    /// The seconds.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Now(seconds) | Self::AtLeast(seconds) => seconds,
        }
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.read().seconds())))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
