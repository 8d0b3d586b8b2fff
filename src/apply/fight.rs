//! Somebody who changes the same object again and again: it is undone less often, so that two programs do not wear out the flash.

use crate::model::ObjectKey;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often one object is healed at once before somebody is taken to fight.
const PATIENCE: u32 = 5;
/// Drift after this long is another matter.
const CALM: SignedDuration = SignedDuration::from_mins(10);
/// The first wait, and the longest.
const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_mins(10);

/// Objects that were healed lately. It holds those alone.
#[derive(Debug, Default)]
pub(super) struct Fights(BTreeMap<ObjectKey, Fight>);

#[derive(Debug)]
struct Fight {
    healed: u32,
    last: Timestamp,
}

impl Fights {
    /// When an object may be healed next; `None` if it may now.
    pub(super) fn wait(&self, key: &ObjectKey, now: Timestamp) -> Option<Timestamp> {
        let fight = self.0.get(key)?;
        let wait = SignedDuration::try_from(fight.wait()).unwrap_or_default();
        let until = fight.last.saturating_add(wait).unwrap_or(now);
        // A clock that was set back must not stop healing.
        (now < until && now >= fight.last).then_some(until)
    }

    /// Takes note that it was healed. Answers whether that is a fight from now on.
    pub(super) fn healed(&mut self, key: &ObjectKey, now: Timestamp) -> bool {
        self.0.retain(|_, fight| now.duration_since(fight.last) < CALM.max(fight.calm()));
        let fight = self.0.entry(key.clone()).or_insert(Fight { healed: 0, last: now });
        fight.healed = fight.healed.saturating_add(1);
        fight.last = now;
        fight.healed == PATIENCE
    }
}

impl Fight {
    fn wait(&self) -> Duration {
        if self.healed < PATIENCE {
            return Duration::ZERO;
        }
        let doublings = (self.healed - PATIENCE).min(16);
        FIRST.saturating_mul(1 << doublings).min(LONGEST)
    }

    /// Twice the wait: who comes back right after it fights on.
    fn calm(&self) -> SignedDuration {
        SignedDuration::try_from(self.wait() * 2).unwrap_or(CALM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { group: String::new(), kind: "Pod".to_owned(), namespace: None, name: name.to_owned() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn who_fights_waits_longer_and_longer() {
        let mut fights = Fights::default();
        for second in 0..4 {
            assert!(!fights.healed(&key("a"), at(second)));
            assert_eq!(fights.wait(&key("a"), at(second)), None);
        }
        assert!(fights.healed(&key("a"), at(4)));
        assert_eq!(fights.wait(&key("a"), at(5)), Some(at(14)));
        assert_eq!(fights.wait(&key("b"), at(5)), None, "others are healed at once");
        assert_eq!(fights.wait(&key("a"), at(14)), None);
        assert!(!fights.healed(&key("a"), at(14)), "it is told once");
        assert_eq!(fights.wait(&key("a"), at(15)), Some(at(34)));
        let mut now = 34;
        for _ in 0..20 {
            fights.healed(&key("a"), at(now));
            let until = fights.wait(&key("a"), at(now)).unwrap();
            assert!(until <= at(now + 600));
            now = until.as_second() - 1_800_000_000;
        }
    }

    #[test]
    fn a_fight_is_forgotten() {
        let mut fights = Fights::default();
        for second in 0..6 {
            fights.healed(&key("a"), at(second));
        }
        fights.healed(&key("b"), at(2000));
        assert_eq!(fights.0.len(), 1);
        assert_eq!(fights.wait(&key("a"), at(2000)), None);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut fights = Fights::default();
        for second in 0..6 {
            fights.healed(&key("a"), at(second));
        }
        assert_eq!(fights.wait(&key("a"), at(-1000)), None);
    }
}
