//! The site's machine: its states, what may happen to it, what it asks for.

use super::application::Application;
use crate::model::{ErrorClass, Health, Revision, SitePhase, Trouble};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the machine goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How often mirrors are asked for news.
    pub poll: Duration,
    /// Whether to wait for health before the pass ends; a single pass without it judges health once.
    pub wait: bool,
    /// How often health is looked at while it is waited for.
    pub look: Duration,
}

/// The site as the machine knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Where it is.
    pub state: State,
    /// The newest proven revision.
    pub accepted: Option<Revision>,
    /// The newest revision of which every application was steady.
    pub last_good: Option<Revision>,
    /// The revision that is applied, or being applied.
    pub applied: Option<Revision>,
    /// Its applications.
    pub applications: BTreeMap<String, Application>,
    /// Failed passes in a row.
    pub failures: u32,
    /// What is wrong with the link, if something is.
    pub link: Option<Trouble>,
    /// Why what the mirrors offer is not accepted, if it is not.
    pub offer: Option<Trouble>,
    /// What stopped the accepted revision, if something did.
    pub trouble: Option<Trouble>,
}

/// Where the site is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Nothing to do until then.
    Idle {
        /// When the next pass begins.
        until: Timestamp,
    },
    /// Mirrors are asked for news.
    Fetching,
    /// What they offered is being proven: so many commits, none if they have nothing new.
    Verifying(usize),
    /// A proven revision is made the floor, on disk.
    Accepting(Revision),
    /// A proven revision is read and rendered.
    Rendering(Revision),
    /// Rendered objects are compared with the cluster and written.
    Applying(Revision),
    /// Written objects' health is judged, and again until they settled.
    Settling(Revision),
    /// What left desired is deleted.
    Pruning(Revision),
    /// Last-good is made a fact.
    Keeping(Revision),
}

/// What the driver is asked to do. It answers each with one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the mirrors. → `Fetched`, `FetchFailed`
    Fetch,
    /// Prove what was fetched. → `Proven`, `Unchanged`, `Refused`
    Verify,
    /// Write the proven revision down as the floor. → `Accepted`, `Failed`
    Accept,
    /// Complete, bind and render a revision. → `Rendered`, `RenderFailed`
    Render(Revision),
    /// Compare with the cluster and write what differs. → `Applied`, `Failed`
    Apply,
    /// Judge the health of all applications. → `Judged`, `Failed`
    Judge,
    /// Delete what left desired. → `Pruned`, `Failed`
    Prune,
    /// Make last-good a fact. → `Kept`, `Failed`
    Keep,
    /// Come back with `Tick` then.
    WakeAt(Timestamp),
    /// An event did not fit the state; a fault of ours, worth a line in the log.
    Unexpected(&'static str),
}

/// One application's part of a rendered revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What it rendered to.
    pub digest: crate::model::Digest,
    /// How many objects that are.
    pub objects: usize,
    /// How long it may take to get healthy.
    pub deadline: Duration,
}

/// What came of writing one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// Why it was stopped, if it was.
    pub held: Option<Trouble>,
}

/// One application's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// The worst among its objects.
    pub health: Health,
    /// What keeps it from being Current.
    pub message: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The time has come, or somebody asked.
    Tick,
    /// A mirror answered with so many new commits; the chain is with the driver.
    Fetched(usize),
    /// No mirror answered.
    FetchFailed(Trouble),
    /// The chain is proven up to this revision, which is new.
    Proven(Revision),
    /// The mirror has nothing new.
    Unchanged,
    /// The chain must not be run.
    Refused(Trouble),
    /// The proven revision is the floor now.
    Accepted,
    /// The revision was rendered.
    Rendered(Vec<Target>),
    /// It could not be completed, read or rendered.
    RenderFailed(Trouble),
    /// Every application was written, or stopped.
    Applied(Vec<Applied>),
    /// Health was judged.
    Judged(Vec<Judged>),
    /// What left desired is gone, or on its way; why not, if something was refused.
    Pruned(Option<Trouble>),
    /// Last-good is on disk.
    Kept,
    /// The effect could not be carried out.
    Failed(Trouble),
}

impl Site {
    /// The phase that the status shows: the site's own work, else its worst application's; what is wrong with a revision holds it.
    pub fn phase(&self) -> SitePhase {
        let own = match self.state {
            State::Idle { .. }
            | State::Verifying(0)
            | State::Settling(_)
            | State::Pruning(_)
            | State::Keeping(_) => None,
            State::Fetching => self.applications.is_empty().then_some(SitePhase::Fetching),
            State::Verifying(_) | State::Accepting(_) => Some(SitePhase::Verifying),
            State::Rendering(_) => self.is_moving().then_some(SitePhase::Rendering),
            State::Applying(_) => self.is_moving().then_some(SitePhase::Applying),
        };
        let lasts = |trouble: &Option<Trouble>| {
            trouble.as_ref().is_some_and(|trouble| trouble.class != ErrorClass::Transient)
        };
        let held = lasts(&self.trouble) || lasts(&self.offer);
        let worst = || self.applications.values().map(|application| application.phase().into()).max();
        match own {
            Some(phase) => phase,
            None if held => SitePhase::Held,
            None => {
                worst().unwrap_or(if self.applied.is_some() { SitePhase::Steady } else { SitePhase::Pending })
            }
        }
    }

    /// What keeps the site from what the mirrors offer: the link, the offer, the accepted revision, held applications.
    pub fn troubles(&self) -> Vec<Trouble> {
        let own = [&self.link, &self.offer, &self.trouble].into_iter().flatten().cloned();
        let held = self.applications.iter().filter_map(|(name, application)| {
            let trouble = application.held()?.clone();
            Some(Trouble { message: format!("application {name}: {}", trouble.message), ..trouble })
        });
        own.chain(held).collect()
    }

    /// Whether it is on its way to something it is not at yet.
    fn is_moving(&self) -> bool {
        self.accepted != self.last_good
    }

    /// Whether every application is healthy at the accepted revision.
    pub fn is_steady(&self) -> bool {
        self.applied.is_some()
            && self.applied == self.accepted
            && self.applications.values().all(Application::is_steady)
    }
}
