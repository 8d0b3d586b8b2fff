//! What is to be told, gathered and bounded: much of one application at a time is told in one piece, and the whole has a rate.

use super::notice::{About, Notice};
use std::collections::BTreeMap;

/// How many notices of one application stand for themselves; more are told as one.
const SINGLY: usize = 3;
/// Most applications with something to tell; a fleet that has more at a time is told about by its first ones.
const MOST_HEAPS: usize = 64;
/// Most events at a time.
const BURST: f64 = 10.0;
/// How many come back every second: thirty an hour, for each write wears flash.
const RATE: f64 = 30.0 / 3600.0;

/// What waits to be told.
#[derive(Debug)]
pub(super) struct Pile {
    heaps: BTreeMap<String, Heap>,
    tokens: f64,
}

/// What waits of one application.
#[derive(Debug, Default)]
struct Heap {
    /// As long as they are few.
    singly: Vec<Notice>,
    /// All of them by reason, each with whether it is a warning.
    counts: BTreeMap<(bool, &'static str), u64>,
}

impl Pile {
    /// An empty pile with a full measure of events.
    pub(super) fn new() -> Self {
        Self { heaps: BTreeMap::new(), tokens: BURST }
    }

    /// Puts one on it. Another one about the same thing for the same reason is counted with it; the one that knows more speaks.
    pub(super) fn add(&mut self, application: &str, notice: Notice) {
        if !self.heaps.contains_key(application) && self.heaps.len() >= MOST_HEAPS {
            return;
        }
        let heap = self.heaps.entry(application.to_owned()).or_default();
        let same =
            heap.singly.iter_mut().find(|one| one.about == notice.about && one.reason == notice.reason);
        match same {
            Some(_) if notice.is_plain => {}
            Some(known) if known.is_plain => *known = notice,
            Some(known) => {
                *heap.counts.entry((notice.is_warning, notice.reason)).or_default() += 1;
                *known = Notice { count: known.count + 1, ..notice };
            }
            None => {
                *heap.counts.entry((notice.is_warning, notice.reason)).or_default() += 1;
                if heap.singly.len() <= SINGLY {
                    heap.singly.push(notice);
                }
            }
        }
    }

    /// Time goes by.
    pub(super) fn wait(&mut self, seconds: f64) {
        self.tokens = (self.tokens + seconds * RATE).min(BURST);
    }

    /// After how many seconds something may be told again; `None` if there is nothing to tell.
    pub(super) fn due(&self) -> Option<f64> {
        (!self.heaps.is_empty()).then(|| ((1.0 - self.tokens) / RATE).max(0.0))
    }

    /// What may be told now.
    pub(super) fn take(&mut self) -> Vec<Notice> {
        let singly: usize = self.heaps.values().map(Heap::pieces).sum();
        #[allow(clippy::cast_precision_loss, reason = "a handful for each of a few applications")]
        let all_fit = singly as f64 <= self.tokens;
        let mut taken = Vec::new();
        while self.tokens >= 1.0
            && let Some((application, heap)) = self.heaps.pop_first()
        {
            let told = if all_fit { heap.tell(&application) } else { vec![heap.whole(&application)] };
            self.tokens -= told.iter().map(|_| 1.0).sum::<f64>();
            taken.extend(told);
        }
        taken
    }
}

impl Heap {
    fn pieces(&self) -> usize {
        if self.singly.len() > SINGLY { 1 } else { self.singly.len() }
    }

    fn tell(self, application: &str) -> Vec<Notice> {
        if self.singly.len() > SINGLY { vec![self.whole(application)] } else { self.singly }
    }

    /// All of it in one.
    fn whole(mut self, application: &str) -> Notice {
        if self.singly.len() == 1
            && let Some(one) = self.singly.pop()
        {
            return one;
        }
        let is_warning = self.counts.keys().any(|(is_warning, _)| *is_warning);
        let mut reasons = self.counts.keys().map(|(_, reason)| *reason);
        let reason = match (reasons.next(), reasons.next()) {
            (Some(only), None) => only,
            _ => "Changed",
        };
        let counts = self.counts.iter().map(|((_, reason), count)| format!("{count} {reason}"));
        let (counts, about) =
            (counts.collect::<Vec<_>>().join(", "), About::Application(application.to_owned()));
        let message = format!("application {application}: {counts}");
        Notice { about, reason, is_warning, message, is_plain: false, count: 1 }
    }
}
