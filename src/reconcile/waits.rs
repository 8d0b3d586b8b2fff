//! How long to wait after failures, and until the next poll.

use jiff::Timestamp;
use std::time::Duration;

/// The first wait's upper bound: most faults of a link are over in seconds.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is longer: a site is never further than this from news once its link is back.
const LONGEST: Duration = Duration::from_secs(300);
/// No wait is shorter, whatever the dice say.
const SHORTEST: Duration = Duration::from_millis(250);

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

/// The wait after `failures` failures in a row (1 for the first): anything up to a bound that doubles each time. `random` is any number;
/// sites draw different ones, so that a fleet whose mirror was away does not come back at once.
pub fn wait(failures: u32, random: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let bound = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    Duration::from_millis(random % (millis(bound) + 1)).max(SHORTEST)
}

/// Between half and the whole of a bound.
fn jittered(bound: Duration, random: u64) -> Duration {
    let half = bound / 2;
    half + Duration::from_millis(random % millis(half).max(1))
}

/// The interval, give or take a tenth.
pub fn spread(interval: Duration, random: u64) -> Duration {
    let tenth = interval / 10;
    let range = millis(tenth).saturating_mul(2).max(1);
    interval.saturating_sub(tenth) + Duration::from_millis(random % range)
}

/// Where in every interval a site has its time: any number, the same at each start, by the site's name.
pub fn slot(site: &str) -> u64 {
    // FNV-1a.
    site.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The wait until a site's own time comes, from half an interval on: a fleet whose power came back all at once asks evenly spread after
/// that.
pub fn until_slot(interval: Duration, slot: u64, now: Timestamp) -> Duration {
    let interval = millis(interval).max(1);
    let past = now.as_millisecond().rem_euclid(i64::try_from(interval).unwrap_or(i64::MAX));
    let past = u64::try_from(past).unwrap_or_default();
    let ahead = (slot % interval + interval - past) % interval;
    Duration::from_millis(if ahead < interval / 2 { ahead + interval } else { ahead })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_stay_within_their_bounds(failures in 0u32.., random: u64) {
            let wait = wait(failures, random);
            prop_assert!(wait >= SHORTEST && wait <= LONGEST);
        }

        #[test]
        fn anything_up_to_the_bound_may_come(failures in 1u32..8, share in 0.0..1.0) {
            let bound = FIRST * (1 << (failures - 1));
            let drawn = bound.mul_f64(share);
            let drawn = Duration::from_millis(millis(drawn));
            prop_assert_eq!(wait(failures, millis(drawn)), drawn.max(SHORTEST));
            prop_assert!(wait(failures, millis(bound) + 1) == SHORTEST, "no more than the bound");
        }

        #[test]
        fn a_sites_time_comes_once_in_each_interval(seconds in 1u64..86_400, slot: u64, now in -1_000_000_000_000_i64..4_000_000_000_000) {
            let interval = Duration::from_secs(seconds);
            let at = |now| Timestamp::from_millisecond(now).unwrap();
            let first = until_slot(interval, slot, at(now));
            prop_assert!(first >= interval / 2 && first <= interval * 3 / 2);
            let then = now + i64::try_from(millis(first)).unwrap();
            prop_assert_eq!(until_slot(interval, slot, at(then)), interval, "and then at its own time for good");
        }

        #[test]
        fn polls_stay_near_their_interval(seconds in 1u64..86_400, random: u64) {
            let interval = Duration::from_secs(seconds);
            let spread = spread(interval, random);
            prop_assert!(spread >= interval * 9 / 10 && spread <= interval * 11 / 10);
        }
    }

    #[test]
    fn sites_are_spread_over_the_interval() {
        const SITES: usize = 2000;
        let interval = Duration::from_secs(300);
        let mut tenths = [0; 10];
        for site in 0..SITES {
            let wait = until_slot(interval, slot(&format!("emea/de/store-{site:04}")), Timestamp::UNIX_EPOCH);
            tenths[usize::try_from(wait.as_secs() % 300 / 30).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|sites| (SITES / 15..SITES / 7).contains(sites)), "{tenths:?}");
    }
}
