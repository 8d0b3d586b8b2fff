//! How long a server may take before its answer begins.
//!
//! A small server that packs much for the first time works for minutes, and where something in between holds back the few bytes by which
//! git says that it is alive, that looks like a link that fell silent. To give up and ask again makes it begin again. So each time in a row
//! the wait is twice as long, up to a bound, and is kept once it was long enough.

use std::cell::Cell;
use std::time::Duration;

/// How often the wait is doubled at most: from 30 seconds to 8 minutes.
const MOST: u32 = 4;

/// The patience with one server.
#[derive(Debug, Default)]
pub(super) struct Patience(Cell<u32>);

impl Patience {
    /// How long to wait, where `idle` is what a link may be silent.
    pub(super) fn wait(&self, idle: Duration) -> Duration {
        idle * 2_u32.pow(self.0.get())
    }

    /// Nothing came in that time.
    pub(super) fn was_too_short(&self) {
        self.0.set(if self.0.get() == MOST { 0 } else { self.0.get() + 1 });
    }

    /// It is the link that falls silent: an answer that had begun did not go on.
    pub(super) fn is_of_no_use(&self) {
        self.0.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_up_to_a_bound_and_begins_anew() {
        let (patience, idle) = (Patience::default(), Duration::from_secs(30));
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                let wait = patience.wait(idle).as_secs();
                patience.was_too_short();
                wait
            })
            .collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 30]);
        patience.is_of_no_use();
        assert_eq!(patience.wait(idle), idle);
    }
}
