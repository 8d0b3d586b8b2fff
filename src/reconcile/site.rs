//! The site's machine: its states, and what they mean for the status.

use super::application::Application;
use crate::model::{ErrorClass, Facts, Revision, SitePhase, Suspension, Trouble};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the machine goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How often mirrors are asked for news.
    pub poll: Duration,
    /// Where in that interval this site has its time: `waits::slot` of its name.
    pub slot: u64,
    /// How often health is looked at while it is waited for.
    pub look: Duration,
    /// How long the machine goes on.
    pub stay: Stay,
}

/// How long the machine goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// One pass; health is judged once, and what is not healthy then is for a later one.
    Once,
    /// One pass; health is waited for until the deadline.
    UntilSettled,
    /// For good. What is applied is followed, and compared again only where there is a reason.
    Forever,
}

/// The site as the machine knows it. News are fetched while the cluster is worked on: a link that hangs keeps nothing from being healed.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The way of what is new.
    pub news: News,
    /// The work on the cluster.
    pub work: Work,
    /// The newest proven revision.
    pub accepted: Option<Revision>,
    /// The revision that the applications' targets come from.
    pub rendered: Option<Revision>,
    /// The revision that is applied, or being applied.
    pub applied: Option<Revision>,
    /// The newest revision of which every application was steady.
    pub last_good: Option<Revision>,
    /// Its applications.
    pub applications: BTreeMap<String, Application>,
    /// Why a person stopped new revisions, if one did.
    pub suspended: Option<Suspension>,
    /// Failed attempts to get news, in a row.
    pub failures: u32,
    /// Failed attempts on the cluster, in a row.
    pub setbacks: u32,
    /// What is wrong with the link, if something is.
    pub link: Option<Trouble>,
    /// Why what the mirrors offer is not accepted, if it is not.
    pub offer: Option<Trouble>,
    /// What stopped the accepted revision, if something did.
    pub trouble: Option<Trouble>,
    /// What is wrong with the cluster or the disk, if something is.
    pub setback: Option<Trouble>,
    /// Whose turn it is to write to the cluster.
    pub turn: Turn,
    /// Whether mirrors were asked since the start.
    pub was_asked: bool,
    /// Whether what is applied is also what was kept as last-good, and nothing is left to be deleted.
    pub is_kept: bool,
}

/// Whose turn it is to write to the cluster, where its servers have an agent each.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// This agent's.
    Ours,
    /// That of another, which this one keeps itself ready for.
    Theirs(String),
    /// It is not known; why, if the API server was asked in vain.
    Unknown(Option<Trouble>),
}

/// The way of what is new.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Nothing to ask until then.
    Resting {
        /// When mirrors are asked next.
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
}

/// The work on the cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Nothing to do until something happens, or until then.
    Resting {
        /// When to look again in any case.
        until: Option<Timestamp>,
    },
    /// Rendered objects are compared with the cluster and written.
    Applying,
    /// The health of what is written is judged.
    Judging,
    /// Health is waited for.
    Settling {
        /// When it is looked at next.
        look: Timestamp,
    },
    /// What others changed is undone.
    Healing,
    /// What left desired is deleted.
    Pruning,
    /// Last-good is made a fact.
    Keeping,
}

impl Site {
    /// The phase that the status shows: the site's own work, else its worst application's; what is wrong with a revision holds it.
    pub fn phase(&self) -> SitePhase {
        let lasts = |trouble: &Option<Trouble>| {
            trouble.as_ref().is_some_and(|trouble| trouble.class != ErrorClass::Transient)
        };
        let worst = || self.applications.values().map(|application| application.phase().into()).max();
        match self.news {
            News::Fetching if self.applications.is_empty() => return SitePhase::Fetching,
            News::Verifying(1..) | News::Accepting(_) => return SitePhase::Verifying,
            News::Rendering(_) if self.rendered.is_none() || self.rendered != self.accepted => {
                return SitePhase::Rendering;
            }
            _ => {}
        }
        if lasts(&self.trouble) || lasts(&self.offer) || lasts(&self.setback) {
            return SitePhase::Held;
        }
        worst().unwrap_or(if self.applied.is_some() { SitePhase::Steady } else { SitePhase::Pending })
    }

    /// What keeps the site from what the mirrors offer: the link, the offer, the accepted revision, the cluster, applications that are
    /// held or in quarantine.
    pub fn troubles(&self) -> Vec<Trouble> {
        let own = [&self.link, &self.offer, &self.trouble, &self.setback].into_iter().flatten().cloned();
        let held = self.applications.iter().filter_map(|(name, application)| {
            let trouble = application.held().cloned().or_else(|| application.quarantined())?;
            Some(Trouble { message: format!("application {name}: {}", trouble.message), ..trouble })
        });
        own.chain(held).collect()
    }

    /// Whether every application is healthy at what it runs.
    pub fn is_steady(&self) -> bool {
        self.applied.is_some() && self.applications.values().all(Application::is_steady)
    }

    /// Whether every application is healthy at what the accepted revision says.
    pub fn is_at_its_goal(&self) -> bool {
        let is_there = |application: &Application| application.is_steady() && !application.is_back();
        self.is_steady() && self.rendered == self.accepted && self.applications.values().all(is_there)
    }

    /// Whether nothing is under way.
    pub fn is_resting(&self) -> bool {
        matches!((&self.news, &self.work), (News::Resting { .. }, Work::Resting { .. }))
    }

    /// When the machine wants a [`Event::Tick`](super::Event::Tick) next; `None` while only events can take it further.
    pub fn due(&self) -> Option<Timestamp> {
        let news = match self.news {
            News::Resting { until } => Some(until),
            News::Fetching | News::Verifying(_) | News::Accepting(_) | News::Rendering(_) => None,
        };
        let work = match self.work {
            Work::Resting { until } => until,
            Work::Settling { look } => Some(look),
            Work::Applying | Work::Judging | Work::Healing | Work::Pruning | Work::Keeping => None,
        };
        news.into_iter().chain(work).min()
    }

    /// Takes over what another agent knew of the applications.
    pub fn learn(&mut self, facts: &Facts) {
        self.last_good.clone_from(&facts.last_good);
        for (name, known) in &facts.applications {
            let application = self.applications.entry(name.clone()).or_default();
            application.last_good.clone_from(&known.last_good);
            application.quarantine.clone_from(&known.quarantine);
            application.running.clone_from(&known.attempted);
            application.spent = known.deadline_spent;
        }
        if self.rendered.is_some() {
            self.applications.retain(|_, application| application.target.is_some());
        }
    }

    /// Whether new revisions are stopped now.
    pub fn is_suspended(&self, now: Timestamp) -> bool {
        self.suspended.as_ref().is_some_and(|suspension| suspension.until.is_none_or(|until| now < until))
    }
}
