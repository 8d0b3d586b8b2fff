//! What is counted and remembered for the page. Labels are constants, names of the fleet, or mirrors of the configuration: what a
//! stranger can make up is none.

use crate::model::status::MirrorStatus;
use crate::model::{
    ApplicationPhase, DriftAnswer, DriftKind, Health, Moment, Outcome, SitePhase, SiteStatus, Trouble,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Upper ends of the classes of durations, in seconds: a pass without news takes a fraction of one, a rollout some minutes.
pub(super) const BUCKETS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];
/// The reasons of errors that mean that the API server could not be asked at all.
const UNREACHABLE: [&str; 4] =
    ["ClusterUnreachable", "ClusterCertificate", "KubeconfigMissing", "KubeconfigInvalid"];

/// Everything that the page is made of.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) site: Option<Standing>,
    pub(super) mirrors: Vec<MirrorStatus>,
    pub(super) contacts: BTreeMap<&'static str, u64>,
    pub(super) drift: BTreeMap<(DriftKind, DriftAnswer), u64>,
    pub(super) changed: BTreeMap<&'static str, u64>,
    pub(super) revisions_refused: BTreeMap<&'static str, u64>,
    pub(super) objects_refused: BTreeMap<&'static str, u64>,
    pub(super) errors: BTreeMap<&'static str, u64>,
    /// Objects that are not Current, when health was last judged.
    pub(super) unhealthy: Option<BTreeMap<Health, usize>>,
    pub(super) is_reachable: Option<bool>,
    /// By how many seconds the API server's clock was ahead of the system's, when something was last done there.
    pub(super) behind: Option<f64>,
    pub(super) passes: Durations,
    pass: Option<Pass>,
}

/// What the status says, as far as the page has it.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) site: String,
    pub(super) phase: SitePhase,
    pub(super) since: Option<Timestamp>,
    pub(super) accepted: Option<Timestamp>,
    pub(super) contact: Option<Timestamp>,
    pub(super) is_suspended: bool,
    pub(super) applications: Vec<Application>,
}

/// What it says of one application.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) phase: ApplicationPhase,
    pub(super) health: Health,
    pub(super) objects: usize,
    pub(super) is_quarantined: bool,
}

/// How long something took, by classes.
#[derive(Debug, Default)]
pub(super) struct Durations {
    pub(super) counts: [u64; BUCKETS.len()],
    pub(super) count: u64,
    pub(super) sum: f64,
}

/// A pass under way.
#[derive(Debug)]
struct Pass {
    began: Timestamp,
    last: Timestamp,
}

impl Known {
    /// Counts a moment.
    pub(super) fn moment(&mut self, moment: &Moment, now: Timestamp) {
        self.pass(moment, now);
        match moment {
            Moment::Fetched { .. } => count(&mut self.contacts, "answered"),
            Moment::Unreachable(trouble) => {
                count(&mut self.contacts, "failed");
                count(&mut self.errors, trouble.reason);
            }
            Moment::Refused(trouble) => count(&mut self.revisions_refused, trouble.reason),
            Moment::RenderFailed(_, trouble) | Moment::Failed(trouble) => self.fail(trouble),
            Moment::Applied(set) | Moment::Pruned(set) => {
                self.is_reachable = Some(true);
                set.done.iter().for_each(|done| count(&mut self.changed, outcome(done.outcome)));
                set.refused.iter().for_each(|one| count(&mut self.objects_refused, one.reason.as_str()));
            }
            Moment::Drifted(drift) => {
                self.is_reachable = Some(true);
                *self.drift.entry((drift.kind, drift.answer)).or_default() += 1;
            }
            Moment::Judged(_, looked) => {
                self.is_reachable = Some(true);
                let mut unhealthy = BTreeMap::new();
                looked.iter().for_each(|one| *unhealthy.entry(one.health).or_default() += 1);
                self.unhealthy = Some(unhealthy);
            }
            Moment::Fetching
            | Moment::Checked(..)
            | Moment::Accepted { .. }
            | Moment::Rendered { .. }
            | Moment::Intending(_)
            | Moment::Progress { .. }
            | Moment::LastGood(_)
            | Moment::Acted(_)
            | Moment::Note(_) => {}
        }
    }

    /// Takes up the status.
    pub(super) fn status(&mut self, status: &SiteStatus) {
        self.mirrors.clone_from(&status.link.mirrors);
        let time = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let application = |one: &crate::model::status::ApplicationStatus| Application {
            name: one.name.clone(),
            phase: one.phase,
            health: one.health,
            objects: one.objects,
            is_quarantined: one.quarantined.is_some(),
        };
        self.site = Some(Standing {
            site: status.site.clone(),
            phase: status.phase,
            since: time(Some(&status.since)),
            accepted: time(status.trust.as_ref().map(|trust| trust.accepted.as_str())),
            contact: time(status.link.last_contact.as_deref()),
            is_suspended: status.suspended.is_some(),
            applications: status.applications.iter().map(application).collect(),
        });
    }

    /// Remembers what the API server's clock says.
    pub(super) fn clock(&mut self, server: Timestamp, now: Timestamp) {
        self.behind = Some(server.duration_since(now).as_secs_f64().max(0.0));
    }

    fn fail(&mut self, trouble: &Trouble) {
        count(&mut self.errors, trouble.reason);
        if UNREACHABLE.contains(&trouble.reason) {
            self.is_reachable = Some(false);
        }
    }

    /// A pass goes from asking the mirrors to the last that comes of it, which is known when the next one begins.
    fn pass(&mut self, moment: &Moment, now: Timestamp) {
        match (moment, &mut self.pass) {
            (Moment::Fetching, pass) => {
                if let Some(Pass { began, last }) = pass.replace(Pass { began: now, last: now }) {
                    self.passes.add(last.duration_since(began).as_secs_f64().max(0.0));
                }
            }
            (
                Moment::Fetched { .. }
                | Moment::Unreachable(_)
                | Moment::Accepted { .. }
                | Moment::Refused(_)
                | Moment::Rendered { .. }
                | Moment::RenderFailed(..)
                | Moment::Applied(_)
                | Moment::Pruned(_)
                | Moment::LastGood(_),
                Some(pass),
            ) => pass.last = now,
            // What is healed or judged between passes is of none.
            _ => {}
        }
    }
}

impl Durations {
    fn add(&mut self, seconds: f64) {
        let counts = self.counts.iter_mut().zip(BUCKETS);
        counts.filter(|(_, end)| seconds <= *end).for_each(|(count, _)| *count += 1);
        self.count += 1;
        self.sum += seconds;
    }
}

fn count(counts: &mut BTreeMap<&'static str, u64>, name: &'static str) {
    *counts.entry(name).or_default() += 1;
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Configured => "configured",
        Outcome::Healed => "healed",
        Outcome::Recreated => "recreated",
        Outcome::Deleted => "deleted",
        Outcome::Terminating => "terminating",
        Outcome::Failed => "failed",
    }
}
