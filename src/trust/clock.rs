//! The trusted clock: what time it is at least, on a machine whose clock may be wrong.
//!
//! Edge boards come up in 1970 when their battery is flat, and an attacker may set a clock back to bring an expired key to life.
//! So time never runs backwards here: it is the later of the system's and of what this site once had good reason to believe.
//! The other danger is a clock that ran ahead once and then expires every key for good; hence a commit's date, which is a
//! signer's word, lifts the clock by a day at most, unless the system's own clock is plainly wrong.

use jiff::{SignedDuration, Timestamp};

/// The time by which keys are judged. Write [`TrustedClock::now`] to the facts as the clock floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedClock {
    now: Timestamp,
    system: Timestamp,
    build: Timestamp,
}

/// Something that shows it is at least so late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The committer's date of a proven commit.
    Commit(Timestamp),
    /// The `Date` of an answer of this site's own API server, over its authenticated connection.
    ApiServer(Timestamp),
}

/// How far beyond system time a proven commit's date may lift the clock: time zones and a signer's wrong clock, no more.
pub const MOST_BEYOND_SYSTEM: SignedDuration = SignedDuration::from_hours(24);

/// The trusted clock from system time, the stored clock floor (last run and all that lifted it) and the time of the build.
pub fn trusted(system: Timestamp, floor: Option<Timestamp>, build: Timestamp) -> TrustedClock {
    let now = floor.map_or(system, |floor| floor.max(system)).max(build);
    TrustedClock { now, system, build }
}

/// When this program was built, as its build script noted: no trusted time lies before it.
pub fn built() -> Timestamp {
    let seconds = env!("STANDFAST_BUILT").parse().unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl TrustedClock {
    /// The time by which keys are judged.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the system's clock is plainly wrong: before this program was built.
    pub fn is_system_wrong(&self) -> bool {
        self.system < self.build
    }

    /// The clock after a witness; never earlier than before.
    #[must_use]
    pub fn lift(self, witness: Witness) -> Self {
        let at_least = match witness {
            Witness::ApiServer(date) => date,
            Witness::Commit(date) if self.is_system_wrong() => date,
            Witness::Commit(date) => {
                date.min(self.system.saturating_add(MOST_BEYOND_SYSTEM).unwrap_or(self.system))
            }
        };
        Self { now: self.now.max(at_least), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap()
    }

    #[test]
    fn the_clock_is_the_latest_that_is_known() {
        const NEVER: i64 = -400_000;
        for (name, system, floor, expected) in [
            ("a good clock", 100, Some(90), 100),
            ("first run", 100, None, 100),
            ("set back", 50, Some(90), 90),
            ("flat battery, first run", NEVER, None, 0),
            ("flat battery", NEVER, Some(90), 90),
            ("a floor older than the build", NEVER, Some(-5), 0),
        ] {
            let clock = trusted(hours(system), floor.map(hours), hours(0));
            assert_eq!(clock.now(), hours(expected), "{name}");
        }
    }

    #[test]
    fn witnesses_lift_the_clock() {
        use Witness::{ApiServer, Commit};
        for (name, system, witness, expected) in [
            ("an older commit", 100, Commit(hours(90)), 100),
            ("a commit from a clock that runs ahead", 100, Commit(hours(103)), 103),
            ("a commit a day ahead", 100, Commit(hours(124)), 124),
            ("a commit from the far future", 100, Commit(hours(99_999)), 124),
            ("the API server", 100, ApiServer(hours(500)), 500),
            ("an API server that lags", 100, ApiServer(hours(1)), 100),
            ("a commit, where the system's clock is wrong", -7, Commit(hours(5000)), 5000),
            ("a commit older than the build, where the system's clock is wrong", -7, Commit(hours(-3)), 0),
        ] {
            let clock = trusted(hours(system), None, hours(0)).lift(witness);
            assert_eq!(clock.now(), hours(expected), "{name}");
        }
    }

    #[test]
    fn the_most_extreme_dates_do_no_harm() {
        let clock = trusted(Timestamp::MAX, Some(Timestamp::MIN), hours(0));
        assert_eq!(clock.lift(Witness::Commit(Timestamp::MAX)).now(), Timestamp::MAX);
        assert_eq!(clock.lift(Witness::Commit(Timestamp::MIN)).now(), Timestamp::MAX);
    }
}
