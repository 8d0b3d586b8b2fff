//! Moments as log lines: one for each change, at INFO, or at WARN where a person should look. Single objects, and what was said
//! before and still holds, are at DEBUG: a site that is offline for a week has one line about it.

use super::Sink;
use crate::model::{
    ApplicationPhase, ChangeSet, Drift, Moment, ObjectKey, Outcome, Refusal, SitePhase, SiteStatus, Trouble,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use tracing::{debug, info, warn};

/// Writes to the log what the daemon does.
#[derive(Debug, Default)]
pub struct Log(Mutex<Said>);

/// What was said and still holds.
#[derive(Debug, Default)]
struct Said {
    phase: Option<(SitePhase, Option<String>)>,
    applications: BTreeMap<String, (ApplicationPhase, Option<String>)>,
    /// Troubles in words, by what they are about.
    troubles: BTreeMap<About, BTreeSet<String>>,
    /// What is left as it is, by who said so: it is said with every pass.
    refused: BTreeMap<&'static str, BTreeSet<(Option<String>, Option<ObjectKey>, &'static str)>>,
    notes: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Link,
    Offer,
    Render,
    Work,
}

/// How many objects a line names.
const NAMED: usize = 10;
/// Most troubles about one thing, and most refusals, that are remembered so as not to be said again.
const MOST: usize = 256;

impl Said {
    /// Says what is wrong, once for as long as it holds.
    fn trouble(&mut self, about: About, trouble: &Trouble, what: &str) {
        let Trouble { reason, message: why, .. } = trouble;
        let known = self.troubles.entry(about).or_default();
        if known.contains(why) {
            debug!(reason, %why, "{what}, still");
            return;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(why.clone());
        warn!(reason, %why, "{what}");
    }

    /// It is over; answers whether there was something.
    fn over(&mut self, about: About) -> bool {
        self.troubles.remove(&about).is_some()
    }

    /// Says what a person should know, once.
    fn note(&mut self, note: &str) {
        if self.notes.len() >= MOST {
            self.notes.clear();
        }
        if self.notes.insert(note.to_owned()) {
            warn!("{note}");
        } else {
            debug!("{note}");
        }
    }

    fn changes(set: &ChangeSet, what: &str) {
        for done in &set.done {
            debug!(object = %done.key, application = %done.application, "{}", done.outcome);
        }
        if !set.done.is_empty() {
            let count = |outcome| set.done.iter().filter(|done| done.outcome == outcome).count();
            let counts = [
                Outcome::Created,
                Outcome::Configured,
                Outcome::Healed,
                Outcome::Recreated,
                Outcome::Deleted,
                Outcome::Terminating,
                Outcome::Failed,
            ];
            let counts =
                counts.map(|outcome| (outcome, count(outcome))).into_iter().filter(|(_, count)| *count > 0);
            let counts: Vec<_> = counts.map(|(outcome, count)| format!("{count} {outcome}")).collect();
            let objects: Vec<_> = set.done.iter().take(NAMED).map(|done| done.key.to_string()).collect();
            let more = set.done.len().saturating_sub(NAMED);
            info!(objects = %objects.join(", "), more, "{what} {}", counts.join(", "));
        }
    }

    fn refusals(&mut self, what: &'static str, refused: &[Refusal]) {
        let now = self.refused.entry(what).or_default();
        let known = std::mem::take(now);
        for one in refused {
            let key = (one.application.clone(), one.key.clone(), one.reason.as_str());
            let (application, reason) = (one.application.as_deref(), one.reason.as_str());
            if known.contains(&key) {
                debug!(application, reason, "{}", one.message);
            } else {
                warn!(application, reason, "{}", one.message);
            }
            if now.len() < MOST {
                now.insert(key);
            }
        }
    }

    fn phases(&mut self, status: &SiteStatus) {
        let code =
            |reason: &Option<crate::model::status::Reason>| reason.as_ref().map(|reason| reason.code.clone());
        for one in &status.applications {
            let now = (one.phase, code(&one.reason));
            if self.applications.get(&one.name) == Some(&now) {
                continue;
            }
            let (application, phase, reason) = (one.name.as_str(), one.phase, now.1.as_deref());
            match phase {
                ApplicationPhase::Settling if reason == Some("PullDeadlineExceeded") => {
                    warn!(application, ?phase, reason, "application");
                }
                ApplicationPhase::Held | ApplicationPhase::RollingBack => {
                    warn!(application, ?phase, reason, "application");
                }
                ApplicationPhase::Steady => info!(application, ?phase, "application"),
                _ => debug!(application, ?phase, reason, "application"),
            }
            self.applications.insert(one.name.clone(), now);
        }
        self.applications.retain(|name, _| status.applications.iter().any(|one| one.name == *name));
        let now = (status.phase, code(&status.reason));
        if self.phase.as_ref() != Some(&now) {
            let (phase, reason) = (now.0, now.1.as_deref());
            info!(site = %status.site, ?phase, reason, "phase");
            self.phase = Some(now);
        }
        if status.phase == SitePhase::Steady && status.reason.is_none() {
            self.over(About::Work);
        }
    }
}

impl Sink for Log {
    fn moment(&self, moment: &Moment) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match moment {
            Moment::Fetching | Moment::Progress { .. } | Moment::Intending(_) => {}
            Moment::Fetched { mirror, commits, bytes } => {
                if said.over(About::Link) {
                    info!(%mirror, "a mirror answers again");
                }
                if *commits == 0 {
                    said.over(About::Offer);
                    debug!(%mirror, bytes, "nothing new");
                } else {
                    debug!(%mirror, commits, bytes, "new commits offered");
                }
            }
            Moment::Unreachable(trouble) => said.trouble(About::Link, trouble, "no mirror answers"),
            Moment::Checked(commit, verification) => debug!(%commit, %verification, "commit checked"),
            Moment::Accepted { revision, signer, is_beginning } => {
                said.over(About::Offer);
                info!(%revision, %signer, is_beginning, "revision accepted");
            }
            Moment::Refused(trouble) => said.trouble(About::Offer, trouble, "revision refused"),
            Moment::Rendered { revision, applications, objects, notes } => {
                debug!(%revision, applications, objects, ?notes, "rendered");
            }
            Moment::RenderFailed(revision, trouble) => {
                let message = format!("{revision}: {}", trouble.message);
                said.trouble(About::Render, &Trouble { message, ..trouble.clone() }, "cannot render");
            }
            Moment::Applied(set) => {
                Said::changes(set, "applied:");
                said.refusals("apply", &set.refused);
            }
            Moment::Pruned(set) => {
                Said::changes(set, "pruned:");
                said.refusals("prune", &set.refused);
            }
            Moment::Drifted(drift) => drifted(drift),
            Moment::Acted(act) => info!(uid = act.uid, "ordered: {}", act.what),
            Moment::Judged(worst, looked) => debug!(%worst, not_current = looked.len(), "health"),
            Moment::LastGood(revision) => info!(%revision, "last-good"),
            Moment::Failed(trouble) => said.trouble(About::Work, trouble, "failed"),
            Moment::Note(note) => said.note(note),
        }
    }

    fn status(&self, status: &SiteStatus) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).phases(status);
    }
}

fn drifted(drift: &Drift) {
    let (object, by) = (&drift.key, drift.by.join(", "));
    let fields: Vec<_> = drift.changes.iter().take(NAMED).map(|change| change.path.as_str()).collect();
    let application = &drift.application;
    warn!(%object, %application, %by, fields = %fields.join(", "), "{} and {}", drift.kind, drift.answer);
}
