//! How a mirror has answered lately. Pure; times are seconds since 1970.

use serde::{Deserialize, Serialize};

/// How long a mirror that failed twice in a row is passed over, doubled with each further failure. A single failure is a hiccup.
const FIRST: u64 = 60;
/// No longer than this: the preferred mirror is to be used again soon after it is back.
const LONGEST: u64 = 900;

/// How a mirror has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::source) struct Health {
    /// Failures in a row.
    pub failures: u32,
    /// Until when it is passed over while another answers.
    pub rests_until: u64,
    /// When it was asked last.
    pub asked: u64,
    /// When it last answered.
    pub answered: Option<u64>,
}

impl Health {
    /// It was of use.
    pub(super) fn answer(&mut self, now: u64) {
        *self = Self { failures: 0, rests_until: 0, asked: now, answered: Some(now) };
    }

    /// It was not.
    pub(super) fn fail(&mut self, now: u64) {
        self.asked = now;
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(2) {
            let rest = FIRST.saturating_mul(1 << doublings.min(16)).min(LONGEST);
            self.rests_until = now.saturating_add(rest);
        }
    }

    /// Whether it is passed over while another answers. A clock that was set back does not make it rest for years.
    pub(super) fn rests(&self, now: u64) -> bool {
        now < self.rests_until && self.rests_until - now <= LONGEST
    }

    /// Whether it was asked less than `interval` seconds ago.
    pub(super) fn was_asked_within(&self, interval: u64, now: u64) -> bool {
        now >= self.asked && now - self.asked < interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_longer_with_each_failure_and_is_well_at_once() {
        let mut health = Health::default();
        let rests: Vec<u64> = (0..9)
            .map(|_| {
                health.fail(1000);
                health.rests_until.saturating_sub(1000)
            })
            .collect();
        assert_eq!(rests, [0, 60, 120, 240, 480, 900, 900, 900, 900]);
        assert!(health.rests(1000) && health.rests(1899) && !health.rests(1900));
        assert!(!health.rests(0), "the clock was set back by more than it would rest");
        health.answer(2000);
        assert!(!health.rests(2000));
        assert_eq!((health.failures, health.answered), (0, Some(2000)));
        health.fail(2001);
        assert!(!health.rests(2001), "once is a hiccup");
        assert_eq!(health.answered, Some(2000));
    }

    #[test]
    fn when_it_was_asked() {
        let mut health = Health::default();
        assert!(!health.was_asked_within(100, 1_000_000));
        health.answer(5000);
        assert!(health.was_asked_within(100, 5000) && health.was_asked_within(100, 5099));
        assert!(!health.was_asked_within(100, 5100) && !health.was_asked_within(100, 4000));
    }
}
