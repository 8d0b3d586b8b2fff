//! How much of an answer may be on its way over a link that breaks. Pure.
//!
//! Over HTTP/2 no frame is larger than what may be on its way unread, and of one that a break cuts nothing can be read. So on a link that
//! breaks it is a small part of what comes between two breaks. That much takes as many round trips; if a link breaks sooner than after
//! that many, it brings less for it, and it gets more room again.

/// The largest frame that servers send: more room does not make them larger.
const FRAME: u32 = 16 * 1024;
/// Least that may be on its way.
const LEAST: u32 = 4 * 1024;
/// What part of a link's bytes between two breaks may be on its way, at first.
const PART: u64 = 16;
/// How much more than lately a link carries without a break when it has got better.
const BETTER: u64 = 4;

/// What is known of one link's breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Breaks(Option<Broke>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Broke {
    /// Most bytes that came before a break lately.
    carries: u64,
    /// What part of that may be on its way.
    part: u64,
}

impl Breaks {
    /// A connection broke in the middle of an answer, after so many bytes.
    pub(super) fn after(&mut self, bytes: u64) {
        let is_narrow = self.most().is_some();
        self.0 = Some(match self.0 {
            Some(Broke { carries, part }) if is_narrow && bytes < carries / 4 * 3 => {
                Broke { carries, part: part / 2 }
            }
            Some(Broke { carries, part }) if is_narrow => {
                Broke { carries: carries.max(bytes), part: (part * 2).min(PART) }
            }
            _ => Broke { carries: bytes, part: PART },
        });
    }

    /// A connection has carried so many bytes. Answers whether that is so much that no more is known of breaks.
    pub(super) fn are_over(&mut self, bytes: u64) -> bool {
        let are_over = self.0.is_some_and(|broke| bytes / BETTER > broke.carries);
        if are_over {
            self.0 = None;
        }
        are_over
    }

    /// How much may be on its way, unless that is left to whoever asks.
    pub(super) fn most(&self) -> Option<u32> {
        let Broke { carries, part } = self.0?;
        let most = u32::try_from(carries.checked_div(part)?).unwrap_or(u32::MAX).max(LEAST);
        (most < FRAME).then_some(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIB: u64 = 1024;

    /// What came over the last of 20 connections each of which carries so much, of so many round trips, and how much was on its way.
    fn settled(carries: u64, round_trips: u64) -> (Vec<u64>, Breaks) {
        let mut breaks = Breaks::default();
        let came = (0..20).map(|_| {
            let room = breaks.most().map_or(u64::MAX, |most| u64::from(most) * round_trips);
            let came = carries.min(room);
            breaks.after(came);
            came
        });
        (came.collect::<Vec<_>>().split_off(10), breaks)
    }

    #[test]
    fn the_more_often_a_link_breaks_the_less_is_on_its_way() {
        for (carries, most) in [(0, Some(4)), (64, Some(4)), (160, Some(10)), (256, None), (1 << 20, None)] {
            let (came, breaks) = settled(carries * KIB, 100);
            assert_eq!(breaks.most(), most.map(|most: u32| most * 1024), "{carries} KiB");
            assert!(came.iter().all(|came| *came == carries * KIB));
        }
        assert_eq!(Breaks::default().most(), None);
    }

    #[test]
    fn a_link_that_breaks_after_few_round_trips_gets_room() {
        for carries in [64, 100, 200] {
            let (came, _) = settled(carries * KIB, 8);
            assert!(came.iter().sum::<u64>() >= carries * KIB * 10 * 7 / 10, "{carries} KiB: {came:?}");
        }
    }

    #[test]
    fn what_carries_much_without_a_break_has_got_better() {
        let mut breaks = Breaks::default();
        assert!(!breaks.are_over(u64::MAX), "it never broke");
        breaks.after(64 * KIB);
        assert!(!breaks.are_over(256 * KIB));
        assert!(breaks.are_over(300 * KIB));
        assert_eq!(breaks.most(), None);
    }

    proptest! {
        #[test]
        fn there_is_always_room(all in proptest::collection::vec(any::<u64>(), 0..20)) {
            let mut breaks = Breaks::default();
            for bytes in all {
                breaks.after(bytes);
                prop_assert!(breaks.most().is_none_or(|most| (LEAST..FRAME).contains(&most)));
            }
        }
    }
}
