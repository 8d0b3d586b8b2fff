//! When to deliver. Pure: what time it is, and luck, are arguments.

use crate::model::Digest;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How often is delivered, and how long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long a status must stand before it is delivered, at least; up to six times as long by luck, for a fleet changes all at once.
    pub settle: Duration,
    /// How long a site that is on its way somewhere is given to get there, before that it is on its way is delivered.
    pub moving: Duration,
    /// The least time between two deliveries.
    pub spacing: Duration,
    /// After how long the same is delivered again.
    pub daily: Duration,
    /// The longest wait after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
    /// How long one delivery may take.
    pub patience: Duration,
}

/// What was delivered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivered {
    /// What it came to.
    pub(super) essence: Digest,
    /// When.
    pub(super) at: Timestamp,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(5),
            moving: Duration::from_mins(5),
            spacing: Duration::from_secs(60),
            daily: Duration::from_hours(24),
            first: Duration::from_secs(60),
            most: Duration::from_hours(1),
            patience: Duration::from_secs(30),
        }
    }
}

impl Pace {
    /// Whether a status is to be delivered: it says something else than the last one, or that is old. A clock that was set back counts
    /// as if the time had passed.
    pub(super) fn is_due(&self, essence: Digest, last: Option<&Delivered>, now: Timestamp) -> bool {
        let Some(last) = last else { return true };
        let daily = SignedDuration::try_from(self.daily).unwrap_or(SignedDuration::MAX);
        last.essence != essence || now.duration_since(last.at).abs() >= daily
    }

    /// How long to let a status stand, by a random number.
    pub(super) fn settle(&self, random: u64) -> Duration {
        self.settle + self.settle.mul_f64(5.0 * share(random))
    }

    /// How long to wait after so many failures in a row: anything up to twice as much as after one less, so that a fleet that lost its
    /// server does not come back all at once. What the server asks for is waited, up to the longest wait.
    pub(super) fn wait(&self, failures: u32, asked: Option<Duration>, random: u64) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.first.saturating_mul(doubled).min(self.most);
        longest.mul_f64(share(random)).max(asked.unwrap_or_default().min(self.most))
    }
}

/// A number from 0 to 1.
#[allow(clippy::cast_precision_loss, reason = "luck needs no last digits")]
fn share(random: u64) -> f64 {
    random as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_due() {
        let pace = Pace::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let last = Delivered { essence: one, at: at("2026-01-02T03:00:00Z") };
        for (essence, last, now, expect) in [
            (one, None, "2026-01-02T03:00:00Z", true),
            (one, Some(&last), "2026-01-02T03:00:00Z", false),
            (other, Some(&last), "2026-01-02T03:00:00Z", true),
            (one, Some(&last), "2026-01-03T02:59:59Z", false),
            (one, Some(&last), "2026-01-03T03:00:00Z", true),
            (one, Some(&last), "1970-01-01T00:00:00Z", true),
        ] {
            assert_eq!(pace.is_due(essence, last, at(now)), expect, "{now}");
        }
    }

    proptest! {
        #[test]
        fn waits_are_bounded_and_use_all_of_their_room(failures in 1u32..200, random: u64) {
            let pace = Pace::default();
            let wait = pace.wait(failures, None, random);
            prop_assert!(wait <= pace.most);
            prop_assert!(wait <= pace.first * 2u32.saturating_pow(failures - 1).min(60));
            prop_assert_eq!(pace.wait(failures, None, 0), Duration::ZERO);
            prop_assert!(pace.wait(failures, None, u64::MAX) >= pace.first);
            let asked = Some(Duration::from_secs(90));
            prop_assert!(pace.wait(failures, asked, random) >= Duration::from_secs(90));
            prop_assert!(pace.wait(failures, Some(Duration::from_hours(99)), random) <= pace.most);
            prop_assert!((pace.settle..=pace.settle * 6).contains(&pace.settle(random)));
        }
    }
}
