//! What one pass of the agent came to, and the claims that the story makes about it.

use super::Error;
use crate::agent::Ending;
use crate::model::{ApplicationPhase, Done, Health, Moment, Outcome, Revision, SiteStatus};
use std::time::Duration;

/// One pass.
#[derive(Debug)]
pub(super) struct Pass {
    /// How it ended.
    pub(super) ending: Ending,
    /// Where the site stood after it.
    pub(super) status: SiteStatus,
    /// What it cost.
    pub(super) cost: Cost,
    /// Whether the mirror answered.
    pub(super) is_fetched: bool,
    /// What was accepted.
    pub(super) accepted: Option<Accepted>,
    /// How many objects were rendered.
    pub(super) rendered: usize,
    /// What was written, deletions included.
    pub(super) done: Vec<Done>,
    /// How many objects were as they should be.
    pub(super) unchanged: usize,
    /// Why what was offered was refused, in words.
    pub(super) refused: Option<String>,
}

/// A revision that became the floor.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) revision: Revision,
    pub(super) signer: String,
    /// Whether this site's trust begins with it.
    pub(super) is_beginning: bool,
}

/// What a pass cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// How long it took.
    pub(super) took: Duration,
    /// By how much the packs of the site's object database grew.
    pub(super) bytes: u64,
}

/// Most troubles and writes that an error names.
const NAMED: usize = 6;

impl Pass {
    pub(super) fn new(ending: Ending, moments: Vec<Moment>, status: SiteStatus, cost: Cost) -> Self {
        let mut pass = Self {
            ending,
            status,
            cost,
            is_fetched: false,
            accepted: None,
            rendered: 0,
            done: Vec::new(),
            unchanged: 0,
            refused: None,
        };
        for moment in moments {
            pass.note(moment);
        }
        pass
    }

    fn note(&mut self, moment: Moment) {
        match moment {
            Moment::Fetched { .. } => self.is_fetched = true,
            Moment::Accepted { revision, signer, is_beginning } => {
                self.accepted = Some(Accepted { revision, signer, is_beginning });
            }
            Moment::Refused(why) => self.refused = Some(why.message),
            Moment::Rendered { objects, .. } => self.rendered = objects,
            Moment::Applied(set) => {
                self.unchanged += set.unchanged;
                self.done.extend(set.done);
            }
            Moment::Pruned(set) => self.done.extend(set.done),
            _ => {}
        }
    }

    /// The outcomes and objects of what was written.
    pub(super) fn written(&self) -> Vec<(Outcome, String)> {
        self.done.iter().map(|done| (done.outcome, done.key.to_string())).collect()
    }

    /// The constant that the pass failed with, if with exactly one.
    pub(super) fn reason(&self) -> Option<&'static str> {
        match &self.ending {
            Ending::Failed(troubles) => match troubles.as_slice() {
                [trouble] => Some(trouble.reason),
                _ => None,
            },
            Ending::Done => None,
        }
    }

    /// Whether what the mirror offers is proven and applied.
    pub(super) fn is_reached(&self) -> bool {
        self.ending == Ending::Done
    }

    /// Whether every application is healthy at its revision, whatever the link does.
    pub(super) fn are_applications_steady(&self) -> bool {
        let known = &self.status.applications;
        !known.is_empty()
            && known.iter().all(|one| one.phase == ApplicationPhase::Steady && one.health == Health::Current)
    }

    /// Fails the demo unless what is about to be told really happened.
    pub(super) fn holds(&self, claim: &'static str, does: bool) -> Result<(), Error> {
        if does { Ok(()) } else { Err(Error::NotAsTold { claim, happened: self.in_words() }) }
    }

    /// All of it in one line, for an error.
    fn in_words(&self) -> String {
        let mut words = match &self.ending {
            Ending::Done => vec!["the pass reached its goal".to_owned()],
            Ending::Failed(troubles) => {
                troubles.iter().take(NAMED).map(|one| format!("{}: {}", one.reason, one.message)).collect()
            }
        };
        let named = |(outcome, key): &(Outcome, String)| format!("{outcome} {key}");
        words.extend(self.written().iter().take(NAMED).map(named));
        let reasons = self.status.applications.iter().filter_map(|known| known.reason.as_ref());
        words.extend(reasons.take(NAMED).map(|reason| format!("{}: {}", reason.code, reason.message)));
        words.push(format!("{} objects written, {} left as they were", self.done.len(), self.unchanged));
        words.push(format!("the site is {:?}", self.status.phase));
        words.join("; ")
    }
}
