//! From facts to a machine.

use super::application::{Application, State as ApplicationState};
use super::site::{Site, State};
use crate::model::{Facts, Health};
use jiff::Timestamp;

/// The machine of a site that has just started: everything is to be looked at again, at once.
pub fn resume(facts: &Facts, now: Timestamp) -> Site {
    let application = |known: &crate::model::ApplicationFacts| Application {
        state: ApplicationState::Pending,
        target: known.attempted.clone(),
        last_good: known.last_good.clone(),
        health: Health::Unknown,
        ..Application::new()
    };
    Site {
        state: State::Idle { until: now },
        accepted: facts.floor.as_ref().map(|floor| floor.revision.clone()),
        last_good: facts.last_good.clone(),
        applied: None,
        applications: facts
            .applications
            .iter()
            .map(|(name, known)| (name.clone(), application(known)))
            .collect(),
        failures: 0,
        link: None,
        offer: None,
        trouble: None,
    }
}
