//! How long to wait after failures.

use std::time::Duration;

/// The first wait's upper bound: most faults of a link are over in seconds.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is longer: a site is never further than this from news once its link is back.
const LONGEST: Duration = Duration::from_secs(300);

/// No wait that is worth a timer is shorter.
pub const SECOND: Duration = Duration::from_secs(1);
/// The first wait for an API server, which is mostly on this very machine and just starting, and the longest one.
const NEAR: Duration = Duration::from_millis(250);
const NEAR_LONGEST: Duration = Duration::from_secs(1);
/// After so many failures it is not just starting: then waits grow as those of a link.
const NEAR_TRIES: u32 = 600;

/// The wait after `failures` failures of the API server in a row: short for the first ten minutes or so, for it costs nothing to look,
/// and a site that boots is to go on at once when the server is there.
pub fn near(failures: u32, random: u64) -> Duration {
    if failures > NEAR_TRIES {
        return wait(failures - NEAR_TRIES, random).min(Duration::from_secs(10));
    }
    jittered(NEAR.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(NEAR_LONGEST), random)
}

/// The wait after `failures` failures in a row (1 for the first): between half and the whole of a bound that doubles each time.
/// `random` is any number; sites draw different ones, so that a fleet does not come back at once.
pub fn wait(failures: u32, random: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let bound = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    jittered(bound, random)
}

/// Between half and the whole of a bound.
fn jittered(bound: Duration, random: u64) -> Duration {
    let half = bound / 2;
    let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_millis(random % spread)
}

/// Spreads the polls of a fleet: the interval, give or take a tenth.
pub fn spread(interval: Duration, random: u64) -> Duration {
    let tenth = interval / 10;
    let range = u64::try_from(tenth.as_millis()).unwrap_or(u64::MAX).saturating_mul(2).max(1);
    interval.saturating_sub(tenth) + Duration::from_millis(random % range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_stay_within_their_bounds(failures in 0u32.., random: u64) {
            let wait = wait(failures, random);
            prop_assert!(wait >= FIRST / 2 && wait <= LONGEST);
        }

        #[test]
        fn more_failures_never_wait_less_than_half_as_long(failures in 1u32..1000, a: u64, b: u64) {
            prop_assert!(wait(failures + 1, a) >= wait(failures, b) / 2);
        }

        #[test]
        fn polls_stay_near_their_interval(seconds in 1u64..86_400, random: u64) {
            let interval = Duration::from_secs(seconds);
            let spread = spread(interval, random);
            prop_assert!(spread >= interval * 9 / 10 && spread <= interval * 11 / 10);
        }
    }
}
