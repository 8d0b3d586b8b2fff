//! What is known of the mirrors and the links to them: how they answer, what they cost, what they may cost.
//!
//! # What
//! [`Links`] says whom to ask and how much, and is told what came of it. The rules are pure, one file each; what must outlive the
//! process is in a small file beside the objects.
//!
//! # Invariants
//! A lost or damaged file costs a few bytes, never an error: counters begin anew, and every mirror is taken to be well.

mod budget;
mod file;
mod health;
mod order;
mod spent;

use super::settings::{MirrorSettings, Settings};
use crate::model::{MirrorReport, Purpose, Traffic};
use file::File;
use health::Health;
use order::Standing;
use spent::Spent;

pub(super) use budget::Allowance;
pub use budget::{Budget, BulkWindow};
pub(super) use order::Asked;

/// How often others are asked whether they say the same as the one that gives the news, in seconds.
const COMPARE: u64 = 3600;
/// A metered mirror is asked for news once in so many polls.
const METERED: u64 = 6;

/// All mirrors, in the order of preference.
pub(super) struct Links {
    known: Vec<Known>,
    budget: Budget,
    /// How often a metered mirror is asked, in seconds.
    metered: u64,
    file: File,
}

/// One of them.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    is_metered: bool,
    health: Health,
    /// When it was last asked whether it says the same as the others.
    compared: u64,
    spent: Spent,
}

impl Links {
    /// With what an earlier run knew.
    pub(super) fn open(settings: &Settings) -> Self {
        let file = File::below(&settings.objects);
        let kept = file.read();
        let known = |mirror: &MirrorSettings| {
            let name = mirror.to_string();
            let file::Kept { health, compared, spent } = kept.get(&name).copied().unwrap_or_default();
            Known { name, is_metered: mirror.is_metered(), health, compared, spent }
        };
        Self {
            known: settings.mirrors.iter().map(known).collect(),
            budget: settings.budget,
            metered: settings.poll.as_secs().saturating_mul(METERED),
            file,
        }
    }

    /// Whom to ask for news. With `all`, metered mirrors too, whenever they were asked.
    pub(super) fn for_news(&self, all: bool, now: u64) -> Asked {
        order::for_news(&self.standings(), if all { 0 } else { self.metered }, now)
    }

    /// When a metered mirror that was passed over is asked again.
    pub(super) fn due(&self) -> Option<u64> {
        let metered = self.known.iter().filter(|one| one.is_metered);
        metered.map(|one| one.health.asked.saturating_add(self.metered)).min()
    }

    /// Whom to ask for content, one after the other.
    pub(super) fn for_content(&self, answered: Option<usize>, now: u64) -> Vec<usize> {
        order::for_content(&self.standings(), answered, now)
    }

    /// Whom to ask whether they say the same.
    pub(super) fn to_compare(&self, now: u64) -> Vec<usize> {
        order::to_compare(&self.standings(), |at| self.known[at].compared, COMPARE, now)
    }

    /// This mirror was asked whether it says the same.
    pub(super) fn compared(&mut self, at: usize, now: u64) {
        self.known[at].compared = now;
    }

    /// Whether a mirror's bytes cost money.
    pub(super) fn is_metered(&self, at: usize) -> bool {
        self.known[at].is_metered
    }

    /// How much content may come from a mirror now.
    pub(super) fn allows(&self, at: usize, is_urgent: bool, now: u64) -> Allowance {
        let one = &self.known[at];
        if one.is_metered && !is_urgent { self.budget.allows(one.spent, now) } else { Allowance::All }
    }

    /// A mirror was of use.
    pub(super) fn answered(&mut self, at: usize, now: u64) {
        self.known[at].health.answer(now);
    }

    /// A mirror was of no use.
    pub(super) fn failed(&mut self, at: usize, now: u64) {
        self.known[at].health.fail(now);
    }

    /// Counts bytes.
    pub(super) fn spend(&mut self, at: usize, purpose: Purpose, traffic: Traffic, now: u64) {
        self.known[at].spent.add(purpose, traffic, now);
        self.file.note(traffic.total());
    }

    /// Writes down what must outlive the process, if it is time; in any case if it is the last chance.
    pub(super) fn keep(&mut self, is_last: bool, now: u64) {
        let kept = |one: &Known| {
            let Known { name, health, compared, spent, .. } = one.clone();
            (name, file::Kept { health, compared, spent })
        };
        let failing: u32 = self.known.iter().map(|one| one.health.failures.min(2)).sum();
        if self.file.is_due(is_last, failing, now) {
            self.file.write(&self.known.iter().map(kept).collect(), failing, now);
        }
    }

    /// What there is to tell of each.
    pub(super) fn report(&self, now: u64) -> Vec<MirrorReport> {
        let report = |at: usize| {
            let one = &self.known[at];
            let spent_until = match self.allows(at, false, now) {
                Allowance::NothingUntil(until) => Some(until),
                Allowance::All | Allowance::Bytes(_) => None,
            };
            MirrorReport {
                mirror: one.name.clone(),
                is_metered: one.is_metered,
                failures: one.health.failures,
                answered: one.health.answered,
                today: one.spent.today(now).collect(),
                ever: one.spent.ever().collect(),
                spent_until,
            }
        };
        (0..self.known.len()).map(report).collect()
    }

    fn standings(&self) -> Vec<Standing> {
        let standing = |one: &Known| Standing { is_metered: one.is_metered, health: one.health };
        self.known.iter().map(standing).collect()
    }
}
