//! How much a metered link may carry, and when. Pure.
//!
//! The budget holds what can wait: content. Questions for news, and commits, which are small and tell whether something is urgent, count
//! and are not refused; what is urgent may overdraw it.

use super::spent::{Spent, ends};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// What a metered link may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Most bytes from midnight to midnight, UTC.
    pub per_day: Option<u64>,
    /// Most bytes in an hour.
    pub per_hour: Option<u64>,
    /// Most bytes a second, but for what buffers hold: 16 KiB over HTTP/2; over HTTP/1.1 the kernel's, and over ssh the 2 MiB that the
    /// program lets come unread.
    pub rate: Option<u64>,
    /// When content is fetched at all.
    pub bulk_window: Option<BulkWindow>,
}

/// A time of the day, UTC, in which content is fetched over metered links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkWindow {
    /// When it begins, in minutes after midnight.
    pub begins: u16,
    /// When it ends. Before its beginning: on the next day.
    pub ends: u16,
}

/// What may be fetched now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Allowance {
    /// As much as is needed.
    All,
    /// So many bytes.
    Bytes(u64),
    /// Nothing before then.
    NothingUntil(u64),
}

impl Budget {
    /// How much content may come now.
    pub(super) fn allows(&self, spent: Spent, now: u64) -> Allowance {
        if let Some(opens) = self.bulk_window.and_then(|window| window.opens(now)) {
            return Allowance::NothingUntil(opens);
        }
        let (today, hour) = spent.windows(now);
        let (hour_ends, day_ends) = ends(now);
        let left = |most: Option<u64>, spent: u64| most.map(|most| most.saturating_sub(spent));
        match (left(self.per_day, today), left(self.per_hour, hour)) {
            (Some(0), _) => Allowance::NothingUntil(day_ends),
            (_, Some(0)) => Allowance::NothingUntil(hour_ends),
            (None, None) => Allowance::All,
            (day, hour) => Allowance::Bytes(day.unwrap_or(u64::MAX).min(hour.unwrap_or(u64::MAX))),
        }
    }
}

impl BulkWindow {
    /// When it opens next; `None` while it is open.
    fn opens(self, now: u64) -> Option<u64> {
        let midnight = now - now % DAY;
        let (begins, ends) = (u64::from(self.begins) * MINUTE, u64::from(self.ends) * MINUTE);
        let since = now - midnight;
        let is_open =
            if begins <= ends { (begins..ends).contains(&since) } else { since >= begins || since < ends };
        match is_open {
            true => None,
            false if since < begins => Some(midnight + begins),
            false => Some(midnight + DAY + begins),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Purpose, Traffic};

    /// A day's beginning.
    const MIDNIGHT: u64 = 20_000 * DAY;
    const HOUR: u64 = 60 * MINUTE;

    fn at(hour: u64, minute: u64) -> u64 {
        MIDNIGHT + hour * HOUR + minute * MINUTE
    }

    #[test]
    fn what_is_left() {
        use Allowance::{All, Bytes, NothingUntil};
        let mut spent = Spent::default();
        spent.add(Purpose::Content, Traffic { up: 100, down: 900 }, at(9, 0));
        spent.add(Purpose::News, Traffic { up: 0, down: 500 }, at(10, 10));
        for (name, per_day, per_hour, now, expected) in [
            ("no budget", None, None, at(10, 20), All),
            ("enough", Some(5000), Some(4000), at(10, 20), Bytes(3500)),
            ("the hour is tighter", Some(5000), Some(600), at(10, 20), Bytes(100)),
            ("the day is tighter", Some(1600), Some(4000), at(10, 20), Bytes(100)),
            ("the hour is spent", Some(5000), Some(500), at(10, 20), NothingUntil(at(11, 0))),
            ("the day is spent", Some(1500), Some(4000), at(10, 20), NothingUntil(at(24, 0))),
            ("both are spent", Some(1500), Some(500), at(10, 20), NothingUntil(at(24, 0))),
            ("the next hour", Some(5000), Some(500), at(11, 0), Bytes(500)),
            ("the next day", Some(1500), None, at(24, 0), Bytes(1500)),
        ] {
            let budget = Budget { per_day, per_hour, ..Budget::default() };
            assert_eq!(budget.allows(spent, now), expected, "{name}");
        }
    }

    #[test]
    fn when_the_window_is_open() {
        let night = BulkWindow { begins: 60, ends: 5 * 60 };
        let over_midnight = BulkWindow { begins: 22 * 60, ends: 4 * 60 };
        for (window, now, opens) in [
            (night, at(0, 59), Some(at(1, 0))),
            (night, at(1, 0), None),
            (night, at(4, 59), None),
            (night, at(5, 0), Some(at(25, 0))),
            (over_midnight, at(21, 59), Some(at(22, 0))),
            (over_midnight, at(22, 0), None),
            (over_midnight, at(3, 59), None),
            (over_midnight, at(4, 0), Some(at(22, 0))),
        ] {
            let budget = Budget { bulk_window: Some(window), ..Budget::default() };
            let expected = opens.map_or(Allowance::All, Allowance::NothingUntil);
            assert_eq!(budget.allows(Spent::default(), now), expected, "{window:?} at {}", now - MIDNIGHT);
        }
    }
}
