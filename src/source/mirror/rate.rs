//! Using a link no faster than it may be used.

use super::meter::Meter;
use std::time::Duration;

/// Most bytes a second, if there is a limit. The time that reading itself takes is not deducted: a link that is slow anyway is used
/// a little less than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rate(pub Option<u64>);

/// How often it is looked whether anybody still waits.
const LOOK: Duration = Duration::from_millis(200);

impl Rate {
    /// Waits as long as so many bytes should have taken, or until nobody waits any more.
    pub(super) fn hold(self, bytes: usize, meter: &Meter) {
        let mut left = self.pause(bytes);
        while !left.is_zero() && !meter.is_cancelled() {
            let part = left.min(LOOK);
            std::thread::sleep(part);
            left -= part;
        }
    }

    fn pause(self, bytes: usize) -> Duration {
        let Some(rate) = self.0.filter(|rate| *rate > 0) else { return Duration::ZERO };
        Duration::from_micros((bytes as u64).saturating_mul(1_000_000).div_ceil(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn pauses() {
        let pause = |rate, bytes| Rate(rate).pause(bytes).as_millis();
        assert_eq!(pause(None, 1 << 30), 0);
        assert_eq!(pause(Some(64 << 10), 8 << 10), 125);
        assert_eq!(pause(Some(1 << 20), 8 << 10), 7);
        assert_eq!(pause(Some(1 << 10), 8 << 10), 8000, "however slow it is to be");
        assert_eq!(pause(Some(0), 100), 0);
    }

    #[test]
    fn work_that_was_called_off_holds_nobody() {
        let meter = Meter::default();
        meter.begin(Arc::new(AtomicBool::new(true)));
        Rate(Some(1)).hold(1 << 30, &meter);
    }
}
