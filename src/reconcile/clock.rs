//! The clock of settling: it stands still while waiting is nobody's fault.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The longest time between two looks that counts: what is longer was a suspended machine, or a clock that was set.
const LONGEST: Duration = Duration::from_secs(30);

/// An application whose health is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// When it was last looked at.
    looked: Timestamp,
    /// Since when it is healthy, if it is.
    healthy: Option<Timestamp>,
    /// Why the clock stands still, if it does.
    waits: Option<String>,
}

impl Settle {
    /// Begins now.
    pub fn begin(now: Timestamp) -> Self {
        Self { looked: now, healthy: None, waits: None }
    }

    /// Why the clock stands still, if it does.
    pub fn waits(&self) -> Option<&str> {
        self.waits.as_deref()
    }

    /// Whether it was healthy at the last look.
    pub fn is_healthy(&self) -> bool {
        self.healthy.is_some()
    }

    /// Takes note of a look. Answers with the time that counts towards the deadline: none while something is waited for that may come
    /// by itself (an image over a slow link, a node, the API server), none while all is healthy.
    pub fn look(&mut self, now: Timestamp, is_current: bool, waits: Option<&str>) -> Duration {
        let passed = now.duration_since(self.looked).max(SignedDuration::ZERO);
        let passed = Duration::try_from(passed).unwrap_or_default().min(LONGEST);
        let counts = self.waits.is_none() && self.healthy.is_none();
        self.looked = now;
        self.waits = waits.filter(|_| !is_current).map(str::to_owned);
        self.healthy = is_current.then(|| self.healthy.unwrap_or(now));
        if counts { passed } else { Duration::ZERO }
    }

    /// Whether it has been healthy for its quiet time.
    pub fn is_over(&self, now: Timestamp, quiet: Duration) -> bool {
        let Some(since) = self.healthy else { return false };
        Duration::try_from(now.duration_since(since)).unwrap_or_default() >= quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn look(settle: &mut Settle, second: i64, is_current: bool, waits: Option<&str>) -> u64 {
        settle.look(at(second), is_current, waits).as_secs()
    }

    #[test]
    fn time_counts_from_look_to_look() {
        let mut settle = Settle::begin(at(0));
        assert_eq!(look(&mut settle, 2, false, None), 2);
        assert_eq!(
            look(&mut settle, 5, false, Some("an image")),
            3,
            "until then nothing was known to be waited for"
        );
        assert_eq!(look(&mut settle, 25, false, Some("an image")), 0);
        assert_eq!(look(&mut settle, 30, false, None), 0);
        assert_eq!(look(&mut settle, 32, false, None), 2);
    }

    #[test]
    fn a_machine_that_slept_and_a_clock_that_was_set_do_not_use_up_the_deadline() {
        let mut settle = Settle::begin(at(0));
        assert_eq!(look(&mut settle, 86_400, false, None), LONGEST.as_secs());
        assert_eq!(look(&mut settle, 10, false, None), 0);
        assert_eq!(look(&mut settle, 12, false, None), 2);
    }

    #[test]
    fn quiet_begins_anew_after_each_fall() {
        let mut settle = Settle::begin(at(0));
        let quiet = Duration::from_secs(10);
        look(&mut settle, 1, true, None);
        assert!(!settle.is_over(at(1), quiet) && settle.is_over(at(1), Duration::ZERO));
        look(&mut settle, 5, false, None);
        assert!(!settle.is_over(at(11), quiet));
        look(&mut settle, 6, true, None);
        assert!(!settle.is_over(at(15), quiet) && settle.is_over(at(16), quiet));
    }
}
