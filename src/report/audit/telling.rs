//! What of all that happens is worth a record: what changed, and not that nothing did.

use super::event::{Changed, Changes, Event, Instead, Refused};
use crate::model::status::{ApplicationStatus, Reason};
use crate::model::{
    ApplicationPhase, ChangeSet, Drift, Intent, Moment, ObjectKey, Refusal, SitePhase, SiteStatus,
    Verification,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Most objects that one record names.
const MOST_OBJECTS: usize = 50;
/// Most refusals, applications, managers, signers or fields.
const MOST_NAMES: usize = 20;
/// Longest text that comes from elsewhere, in bytes.
const MOST_WORDS: usize = 500;
/// Most objects whose drift is counted at a time.
const MOST_DRIFTS: usize = 256;
/// Drift of one object within this time is counted and not written down one by one: a fight must not push everything else out.
const QUIET: SignedDuration = SignedDuration::from_mins(10);
/// How long nothing may be written before the agent says that it still looks.
const STILL: SignedDuration = SignedDuration::from_hours(1);

/// What was told so far, as far as it matters for what comes.
#[derive(Debug, Default)]
pub(super) struct Telling {
    has_begun: bool,
    /// The revision that is being applied.
    revision: Option<String>,
    signers: BTreeSet<String>,
    commits: usize,
    /// The refusal of an offer that was written last: a mirror offers it at every poll.
    refused: Option<(&'static str, String)>,
    /// The refusals of objects that were written last.
    left: BTreeSet<(Option<String>, Option<ObjectKey>, &'static str)>,
    standing: Option<Standing>,
    /// What each application runs, and whether it went back to that.
    running: BTreeMap<String, Running>,
    drifts: BTreeMap<ObjectKey, Fight>,
    /// When something was written last.
    spoke: Option<Timestamp>,
}

/// What an application runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Running {
    revision: String,
    is_back: bool,
}

/// Whether all was as it should be, when that was last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Steady(Option<String>, Instead),
    Moving,
    Stopped(SitePhase, Option<String>),
}

/// Drift of one object.
#[derive(Debug)]
struct Fight {
    /// When it was written down.
    told: Timestamp,
    /// What was not since.
    held: Option<Event>,
}

impl Telling {
    /// What to write down about a moment.
    pub(super) fn moment(&mut self, moment: &Moment, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        match moment {
            Moment::Checked(_, verification) => self.check(verification),
            Moment::Accepted { revision, signer, is_beginning } => {
                self.refused = None;
                events.push(Event::Accepted {
                    revision: revision.to_string(),
                    signer: clip(signer),
                    signers: std::mem::take(&mut self.signers).into_iter().collect(),
                    commits: std::mem::take(&mut self.commits),
                    beginning: *is_beginning,
                });
            }
            Moment::Fetched { commits: 0, .. } => self.refused = None,
            Moment::Refused(trouble) => {
                (self.signers, self.commits) = (BTreeSet::new(), 0);
                let refused = (trouble.reason, clip(&trouble.message));
                if self.refused.as_ref() != Some(&refused) {
                    self.refused = Some(refused.clone());
                    events.push(Event::Refused { reason: refused.0, message: refused.1 });
                }
            }
            Moment::Rendered { revision, .. } => self.revision = Some(revision.to_string()),
            Moment::Intending(intent) => events.push(self.intend(intent)),
            Moment::Applied(set) => {
                let news = self.news(&set.refused);
                events.extend(self.changes(set, news).map(Event::Done));
            }
            Moment::Pruned(set) => {
                events.extend(self.changes(set, set.refused.iter().collect()).map(Event::Pruned));
            }
            Moment::Drifted(drift) => events.extend(self.drift(drift, now)),
            Moment::LastGood(revision) => events.push(Event::LastGood { revision: revision.to_string() }),
            Moment::Acted(act) => events.push(Event::Ordered { what: clip(&act.what), uid: act.uid }),
            Moment::Fetching
            | Moment::Fetched { .. }
            | Moment::Unreachable(_)
            | Moment::RenderFailed(..)
            | Moment::Progress { .. }
            | Moment::Judged(..)
            | Moment::Failed(_)
            | Moment::Note(_) => {}
        }
        self.spoken(events, now)
    }

    /// What to write down about where the site stands.
    pub(super) fn status(&mut self, status: &SiteStatus, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        if !self.has_begun {
            self.has_begun = true;
            events.push(Event::Began {
                version: env!("CARGO_PKG_VERSION"),
                accepted: status.revision.accepted.clone(),
                last_good: status.revision.last_good.clone(),
            });
        }
        events.extend(self.run(status));
        events.extend(self.stand(status));
        events.extend(self.drifts_that_ended(now));
        let silence = |spoke: Timestamp| now.duration_since(spoke).abs() >= STILL;
        if events.is_empty() && self.spoke.is_some_and(silence) {
            let steady = matches!(self.standing, Some(Standing::Steady(..)));
            events.push(Event::Still { steady, revision: status.revision.applied.clone() });
        }
        self.spoken(events, now)
    }

    /// What is left to write down at the end.
    pub(super) fn end(&mut self) -> Vec<Event> {
        let held = std::mem::take(&mut self.drifts).into_values().filter_map(|fight| fight.held);
        held.chain(std::mem::take(&mut self.has_begun).then_some(Event::Ended)).collect()
    }

    fn spoken(&mut self, events: Vec<Event>, now: Timestamp) -> Vec<Event> {
        if !events.is_empty() {
            self.spoke = Some(now);
        }
        events
    }

    fn check(&mut self, verification: &Verification) {
        self.commits += 1;
        if let Verification::Good { signer, fingerprint } = verification
            && self.signers.len() < MOST_NAMES
        {
            self.signers.insert(clip(&format!("{signer} {fingerprint}")));
        }
    }

    fn intend(&mut self, intent: &Intent) -> Event {
        let revision = intent.revision.to_string();
        self.revision = Some(revision.clone());
        Event::Intend {
            what: intent.what,
            revision,
            applications: intent.applications.iter().take(MOST_NAMES).map(|name| clip(name)).collect(),
            objects: intent.objects,
        }
    }

    /// The refusals that were not there the last time.
    fn news<'a>(&mut self, refused: &'a [Refusal]) -> Vec<&'a Refusal> {
        let known = |one: &Refusal| (one.application.clone(), one.key.clone(), one.reason.as_str());
        let news = refused.iter().filter(|one| !self.left.contains(&known(one))).collect();
        self.left = refused.iter().take(MOST_DRIFTS).map(known).collect();
        news
    }

    fn changes(&self, set: &ChangeSet, refused: Vec<&Refusal>) -> Option<Changes> {
        if set.done.is_empty() && refused.is_empty() {
            return None;
        }
        let changed = set.done.iter().take(MOST_OBJECTS).map(|done| Changed {
            object: clip(&done.key.to_string()),
            application: clip(&done.application),
            outcome: done.outcome.to_string(),
        });
        let refused = refused.into_iter().take(MOST_NAMES).map(|one| Refused {
            reason: one.reason.as_str(),
            object: one.key.as_ref().map(|key| clip(&key.to_string())),
            application: one.application.as_deref().map(clip),
            message: clip(&one.message),
        });
        let mut instead = self.instead();
        instead.retain(|name, _| set.done.iter().any(|done| done.application == *name));
        Some(Changes {
            revision: self.revision.clone(),
            instead,
            objects: changed.collect(),
            more: set.done.len().saturating_sub(MOST_OBJECTS),
            refused: refused.collect(),
        })
    }

    fn drift(&mut self, drift: &Drift, now: Timestamp) -> Option<Event> {
        let mut event = drifted(drift);
        let has_room = self.drifts.len() < MOST_DRIFTS;
        let Some(fight) = self.drifts.get_mut(&drift.key) else {
            if has_room {
                self.drifts.insert(drift.key.clone(), Fight { told: now, held: None });
            }
            return Some(event);
        };
        if let (Some(Event::Drifted { times: before, .. }), Event::Drifted { times, .. }) =
            (&fight.held, &mut event)
        {
            *times += before;
        }
        if now.duration_since(fight.told).abs() < QUIET {
            fight.held = Some(event);
            return None;
        }
        *fight = Fight { told: now, held: None };
        Some(event)
    }

    /// Drift that was counted and has its time over; what is quiet is forgotten.
    fn drifts_that_ended(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        self.drifts.retain(|_, fight| {
            let is_over = now.duration_since(fight.told).abs() >= QUIET;
            if is_over && let Some(held) = fight.held.take() {
                events.push(held);
                fight.told = now;
                return true;
            }
            !is_over
        });
        events
    }

    /// Takes note of what runs. An agent that has just started may find applications that went back before: that is no news.
    fn run(&mut self, status: &SiteStatus) -> Vec<Event> {
        let before = std::mem::take(&mut self.running);
        let mut events = Vec::new();
        for one in &status.applications {
            let Some(revision) = one.revision.clone() else { continue };
            let known = before.get(&one.name);
            let is_same = known.is_some_and(|known| known.revision == revision);
            let goes_back = matches!(one.phase, ApplicationPhase::RollingBack | ApplicationPhase::Held)
                && one.last_good.as_ref() == Some(&revision);
            let is_back = goes_back || known.is_some_and(|known| is_same && known.is_back);
            if let Some(known) = known.filter(|_| is_back && !is_same && events.len() < MOST_NAMES) {
                events.push(went_back(one, &known.revision, &revision));
            }
            self.running.insert(one.name.clone(), Running { revision, is_back });
        }
        events
    }

    fn instead(&self) -> Instead {
        let back = self.running.iter().filter(|(_, running)| running.is_back).take(MOST_NAMES);
        back.map(|(name, running)| (clip(name), running.revision.clone())).collect()
    }

    /// A poll is no departure from steady; a first look that has seen nothing yet is neither.
    fn stand(&mut self, status: &SiteStatus) -> Option<Event> {
        let not_steady = status.applications.iter().filter(|one| one.phase != ApplicationPhase::Steady);
        let held = not_steady.clone().find_map(|one| one.reason.as_ref());
        let why: Option<&Reason> = status.reason.as_ref().or(held);
        let standing = match status.phase {
            SitePhase::Pending | SitePhase::Fetching | SitePhase::Verifying | SitePhase::Gated => {
                return None;
            }
            SitePhase::Steady => Standing::Steady(status.revision.applied.clone(), self.instead()),
            SitePhase::Rendering | SitePhase::Applying | SitePhase::Settling => Standing::Moving,
            phase @ (SitePhase::RollingBack | SitePhase::Held) => {
                Standing::Stopped(phase, why.map(|why| why.code.clone()))
            }
        };
        if self.standing.as_ref() == Some(&standing) {
            return None;
        }
        self.standing = Some(standing.clone());
        if let Standing::Steady(revision, instead) = standing {
            return Some(Event::Steady { revision, instead });
        }
        Some(Event::Unsteady {
            phase: format!("{:?}", status.phase),
            reason: why.map(|why| why.code.clone()),
            message: why.map(|why| clip(&why.message)),
            applications: not_steady.take(MOST_NAMES).map(|one| clip(&one.name)).collect(),
        })
    }
}

fn went_back(one: &ApplicationStatus, from: &str, to: &str) -> Event {
    Event::Back {
        application: clip(&one.name),
        from: from.to_owned(),
        to: to.to_owned(),
        reason: one.reason.as_ref().map(|reason| reason.code.clone()),
        message: one.reason.as_ref().map(|reason| clip(&reason.message)),
    }
}

fn drifted(drift: &Drift) -> Event {
    Event::Drifted {
        object: clip(&drift.key.to_string()),
        application: clip(&drift.application),
        change: drift.kind.to_string(),
        by: drift.by.iter().take(MOST_NAMES).map(|name| clip(name)).collect(),
        fields: drift.changes.iter().take(MOST_NAMES).map(|change| clip(&change.path)).collect(),
        answer: drift.answer.to_string(),
        times: 1,
    }
}

/// On one line, bounded, and with nothing in it that a terminal would obey.
fn clip(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_WORDS);
    let mut kept = text[..end].replace(char::is_control, " ");
    if end < text.len() {
        kept.push('…');
    }
    kept
}
