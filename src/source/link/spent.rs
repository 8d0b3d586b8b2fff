//! What a mirror's link has cost, by purpose. Pure.

use crate::model::{Purpose, Traffic};
use serde::{Deserialize, Serialize};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Bytes over one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::source) struct Spent {
    /// Since midnight UTC.
    today: Window,
    /// Since the hour began.
    hour: Window,
    /// By purpose, since midnight UTC.
    by_purpose: [Bytes; Purpose::ALL.len()],
    /// By purpose, ever.
    ever: [Bytes; Purpose::ALL.len()],
}

/// Both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Bytes {
    up: u64,
    down: u64,
}

/// Bytes since a stretch of time began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Window {
    /// Which one, counted since 1970.
    number: u64,
    bytes: u64,
}

impl Spent {
    /// Counts.
    pub(in crate::source) fn add(&mut self, purpose: Purpose, traffic: Traffic, now: u64) {
        self.turn(now);
        let bytes = traffic.up.saturating_add(traffic.down);
        for window in [&mut self.today, &mut self.hour] {
            window.bytes = window.bytes.saturating_add(bytes);
        }
        for counts in [&mut self.by_purpose, &mut self.ever] {
            let count = &mut counts[purpose.index()];
            count.up = count.up.saturating_add(traffic.up);
            count.down = count.down.saturating_add(traffic.down);
        }
    }

    /// Bytes since the day began, and since the hour did.
    pub(super) fn windows(mut self, now: u64) -> (u64, u64) {
        self.turn(now);
        (self.today.bytes, self.hour.bytes)
    }

    /// By purpose, since midnight UTC.
    pub(super) fn today(mut self, now: u64) -> impl Iterator<Item = (Purpose, Traffic)> {
        self.turn(now);
        named(self.by_purpose)
    }

    /// By purpose, ever.
    pub(super) fn ever(self) -> impl Iterator<Item = (Purpose, Traffic)> {
        named(self.ever)
    }

    /// Begins new windows when their time has come. A clock that was set back does not begin one: what is spent stays spent.
    fn turn(&mut self, now: u64) {
        if self.today.turn(now / DAY) {
            self.by_purpose = Default::default();
        }
        self.hour.turn(now / HOUR);
    }
}

impl Window {
    fn turn(&mut self, number: u64) -> bool {
        let is_new = number > self.number;
        if is_new {
            *self = Self { number, bytes: 0 };
        }
        is_new
    }
}

/// When the hour that `now` is in ends, and when the day does.
pub(super) fn ends(now: u64) -> (u64, u64) {
    ((now / HOUR + 1) * HOUR, (now / DAY + 1) * DAY)
}

fn named(counts: [Bytes; Purpose::ALL.len()]) -> impl Iterator<Item = (Purpose, Traffic)> {
    Purpose::ALL.into_iter().zip(counts).map(|(purpose, Bytes { up, down })| (purpose, Traffic { up, down }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(up: u64, down: u64) -> Traffic {
        Traffic { up, down }
    }

    #[test]
    fn hours_and_days_begin_anew() {
        let noon = 20_000 * DAY + 12 * HOUR;
        let mut spent = Spent::default();
        spent.add(Purpose::News, bytes(100, 200), noon);
        spent.add(Purpose::Content, bytes(1, 2), noon + HOUR);
        assert_eq!(spent.windows(noon + HOUR), (303, 3));
        assert_eq!(spent.windows(noon + 2 * HOUR), (303, 0));
        assert_eq!(spent.windows(noon), (303, 3), "a clock that was set back forgets nothing");
        let today: Vec<_> = spent.today(noon + HOUR).collect();
        assert_eq!(
            today,
            [
                (Purpose::News, bytes(100, 200)),
                (Purpose::Commits, bytes(0, 0)),
                (Purpose::Content, bytes(1, 2))
            ]
        );
        spent.add(Purpose::News, bytes(5, 5), noon + DAY);
        assert_eq!(spent.windows(noon + DAY), (10, 10));
        assert_eq!(spent.today(noon + DAY).next(), Some((Purpose::News, bytes(5, 5))));
        assert_eq!(spent.ever().next(), Some((Purpose::News, bytes(105, 205))));
    }

    #[test]
    fn the_ends_of_this_hour_and_day() {
        assert_eq!(ends(DAY + HOUR + 5), (DAY + 2 * HOUR, 2 * DAY));
        assert_eq!(ends(0), (HOUR, DAY));
    }

    #[test]
    fn nothing_overflows() {
        let mut spent = Spent::default();
        spent.add(Purpose::Content, bytes(u64::MAX, u64::MAX), u64::MAX);
        spent.add(Purpose::Content, bytes(u64::MAX, u64::MAX), 0);
        assert_eq!(spent.windows(u64::MAX), (u64::MAX, u64::MAX));
    }
}
