//! Reading no faster than a link may be used.

use std::time::Duration;

/// Most bytes a second, if there is a limit. The time that reading itself takes is not deducted: a link that is slow anyway is used
/// a little less than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rate(pub Option<u64>);

/// No single pause is longer, so that calling a piece of work off does not take long.
const LONGEST: Duration = Duration::from_millis(500);

impl Rate {
    /// Waits as long as so many bytes should have taken.
    pub(super) fn hold(self, bytes: usize) {
        let pause = self.pause(bytes);
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }

    fn pause(self, bytes: usize) -> Duration {
        let Some(rate) = self.0.filter(|rate| *rate > 0) else { return Duration::ZERO };
        Duration::from_micros((bytes as u64).saturating_mul(1_000_000) / rate).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses() {
        let pause = |rate, bytes| Rate(rate).pause(bytes).as_millis();
        assert_eq!(pause(None, 1 << 30), 0);
        assert_eq!(pause(Some(64 << 10), 8 << 10), 125);
        assert_eq!(pause(Some(1 << 20), 8 << 10), 7);
        assert_eq!(pause(Some(1), 1 << 30), 500, "work can be called off");
        assert_eq!(pause(Some(0), 100), 0);
    }
}
