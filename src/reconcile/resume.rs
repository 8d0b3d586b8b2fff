//! From facts to a machine.

use super::application::Application;
use super::site::{News, Site, Turn, Work};
use crate::model::{ApplicationFacts, Facts};
use jiff::Timestamp;

/// The machine of a site that has just started: everything is to be looked at again, at once.
pub fn resume(facts: &Facts, now: Timestamp) -> Site {
    let application = |known: &ApplicationFacts| Application {
        running: known.attempted.clone(),
        last_good: known.last_good.clone(),
        quarantine: known.quarantine.clone(),
        spent: known.deadline_spent,
        ..Application::new()
    };
    Site {
        news: News::Resting { until: now },
        work: Work::Resting { until: None },
        accepted: facts.floor.as_ref().map(|floor| floor.revision.clone()),
        rendered: None,
        applied: None,
        last_good: facts.last_good.clone(),
        applications: facts
            .applications
            .iter()
            .map(|(name, known)| (name.clone(), application(known)))
            .collect(),
        suspended: facts.suspended.clone(),
        failures: 0,
        setbacks: 0,
        link: None,
        offer: None,
        trouble: None,
        setback: None,
        turn: Turn::Ours,
        was_asked: false,
        is_kept: false,
    }
}
