//! Compares the desired set with the cluster and writes what differs, stage by stage.

use super::stage::{Prepared, Subject, Written};
use super::{Applier, Entries};
use crate::cluster::AT_ONCE;
use crate::health;
use crate::model::{
    ChangeSet, Desired, Done, Drift, DriftAnswer, Inventory, InventoryEntry, Moment, ObjectKey, Outcome,
    Refusal, Step, Trouble,
};
use crate::plan::{self, Decision, Held, Place, StagePlan};
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a person is told when the inventory was put together from the cluster.
const REBUILT: &str = "the record of what is ours was lost and put together from the cluster; nothing is pruned until a whole revision has been steady";

/// What came of an apply.
#[derive(Debug)]
pub(crate) struct Outcomes {
    /// The applications that were stopped, and why.
    pub(crate) held: Held,
    /// The applications of which something was written.
    pub(crate) written: BTreeSet<String>,
}

/// An apply under way.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) set: ChangeSet,
    held: Held,
    /// New baselines of the stage under way.
    baselines: BTreeMap<ObjectKey, InventoryEntry>,
    /// What others did to objects that are to be as they were applied last.
    drifts: Vec<Drift>,
    done: usize,
    of: usize,
}

/// One object that is to be written.
struct Due {
    place: Place,
    step: Step,
    force: bool,
    uid: String,
    drift: Option<Drift>,
}

impl Applier {
    /// Writes what differs. `fresh` are the applications whose content was not tried before; of those that are `held` already nothing
    /// is written.
    pub(crate) async fn apply(
        &mut self,
        desired: Desired,
        fresh: &BTreeSet<String>,
        held: Held,
        now: Timestamp,
    ) -> Result<Outcomes, Trouble> {
        let refused = self.see(desired).await?;
        self.hear_tellers_before(fresh).await?;
        if let Some(seen) = &self.seen {
            self.unwell.examine(fresh, &seen.observed.desired, &seen.health);
        }
        self.restarts.retain(|application, _| !fresh.contains(application));
        self.intend().await?;
        let mut progress = Progress { held, ..Progress::default() };
        refused.iter().for_each(|refusal| progress.hold(refusal));
        let items = self.seen.iter().flat_map(|seen| seen.observed.items.values());
        progress.of = items.filter(|item| item.decision != plan::Decision::Unchanged).count();
        if let Some(desired) = self.dressed().filter(|_| progress.of > 0) {
            self.announce("apply", desired, progress.of);
        }
        let mut ready = self.preflight(&mut progress).await?;
        for stage in self.stages() {
            self.apply_stage(&stage, &mut ready, &mut progress).await?;
        }
        std::mem::take(&mut progress.drifts).into_iter().for_each(|drift| self.note_drift(drift, now));
        self.unwell.note(&progress);
        self.note_health(&progress);
        let written = progress.set.done.iter().filter(|done| done.outcome != Outcome::Failed);
        let written = written.map(|done| done.application.clone()).collect();
        self.tell(&Moment::Applied(std::mem::take(&mut progress.set)));
        Ok(Outcomes { held: progress.held, written })
    }

    /// Asks the server about everything that is to be changed, before anything is: an application of which something is refused writes
    /// nothing at all. What is to be made is asked about as well where the application stands already; a new one has nothing to lose.
    async fn preflight(&self, progress: &mut Progress) -> Result<BTreeMap<Place, Prepared>, Trouble> {
        let stages = self.stages();
        let places = stages.iter().flat_map(|stage| &stage.places).copied();
        let standing = self.standing_applications();
        let is_asked = |place: &Place| {
            let Some(subject) = self.subject(*place) else { return false };
            let is_due = match subject.item.decision {
                Decision::Judge => true,
                Decision::Create => standing.contains(&subject.application.name),
                _ => false,
            };
            is_due && self.changing_definition(subject.object).is_none()
        };
        let ask = |place: Place| async move {
            let subject = self.subject(place)?;
            let answer = match subject.item.decision {
                Decision::Create => self.try_create(subject).await,
                _ => self.prepare(subject).await.map(Some),
            };
            Some((place, answer))
        };
        let asked: Vec<Place> = places.filter(is_asked).collect();
        let mut answers = stream::iter(asked).map(ask).buffered(AT_ONCE);
        let mut ready = BTreeMap::new();
        while let Some(answer) = answers.next().await {
            let Some((place, answer)) = answer else { continue };
            let Some(subject) = self.subject(place) else { continue };
            match answer {
                Ok(Some(Prepared::Refused(refusal))) if self.is_made_here(&refusal) => {}
                Ok(Some(Prepared::Refused(refusal))) => progress.hold(&refusal),
                Ok(Some(prepared @ (Prepared::Step { .. } | Prepared::Unchanged(_)))) => {
                    ready.insert(place, prepared);
                }
                Ok(_) => {}
                Err(trouble) => progress.stop(subject, trouble)?,
            }
        }
        Ok(ready)
    }

    /// Applications that something was written of before.
    fn standing_applications(&self) -> BTreeSet<String> {
        let sight = self.eyes.lock();
        let entries = sight.inventory.iter().flat_map(|inventory| inventory.entries.values());
        entries.filter(|entry| entry.baseline.is_some()).map(|entry| entry.application.clone()).collect()
    }

    /// Whether a refusal is about something that this very apply makes.
    fn is_made_here(&self, refusal: &Refusal) -> bool {
        let items = self.seen.iter().flat_map(|seen| seen.observed.items.values());
        let made = items.filter(|item| item.decision == Decision::Create).map(|item| &item.key);
        plan::missing_name(made, refusal).is_some()
    }

    /// Looks at the cluster and keeps what was seen for the effects to come; answers with what the plan refuses at once.
    pub(crate) async fn see(&mut self, desired: Desired) -> Result<Vec<Refusal>, Trouble> {
        let seen = self.observe(desired).await?;
        let refused = seen.observed.refused.clone();
        self.seen = Some(seen);
        Ok(refused)
    }

    /// The stages of what is desired, in order.
    pub(crate) fn stages(&self) -> Vec<StagePlan> {
        self.seen.iter().flat_map(|seen| plan::stages(&seen.observed.desired)).collect()
    }

    /// Stops what depends on a stopped application.
    pub(crate) fn stop_dependants(&self, held: &mut Held) {
        self.seen.iter().for_each(|seen| held.stop_dependants(&seen.observed.desired));
    }

    /// The object, application and decision at a place of the desired set.
    pub(crate) fn subject(&self, place: Place) -> Option<Subject<'_>> {
        let observed = &self.seen.as_ref()?.observed;
        let one = observed.desired.applications.get(place.application)?;
        let item = observed.items.get(&place)?;
        Some(Subject { application: &one.application, object: one.objects.get(place.object)?, item })
    }

    /// Writes down what may be ours from now on, before the first apply.
    async fn intend(&mut self) -> Result<(), Trouble> {
        let Some(seen) = &self.seen else { return Ok(()) };
        let objects = seen.observed.desired.applications.iter().flat_map(|one| &one.objects);
        let versions: BTreeMap<ObjectKey, &str> =
            objects.map(|object| (object.key(), object.gvk().version.as_str())).collect();
        let version = |key: &ObjectKey| versions.get(key).copied().unwrap_or_default().to_owned();
        let mut put = {
            let mut sight = self.eyes.lock();
            plan::additions(sight.inventory.get_or_insert_default(), &seen.observed.standing, &version)
        };
        if !self.is_rebuilt {
            return self.put(put).await;
        }
        let known = self.eyes.lock().inventory.clone().unwrap_or_default();
        put = known.entries.into_iter().chain(put).collect();
        let changes = Entries { put: put.clone(), rebuilt: Some(true), ..Entries::default() };
        self.journal.write(changes).await?;
        self.is_rebuilt = false;
        self.tell(&Moment::Note(REBUILT.to_owned()));
        self.eyes.lock().inventory = Some(Inventory { entries: put, is_rebuilt: true });
        Ok(())
    }

    async fn apply_stage(
        &mut self,
        stage: &StagePlan,
        ready: &mut BTreeMap<Place, Prepared>,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        self.stop_dependants(&mut progress.held);
        let open = |place: &&Place| {
            let subject = self.subject(**place);
            subject.is_some_and(|subject| !progress.held.holds(&subject.application.name))
        };
        let places: Vec<Place> = stage.places.iter().filter(open).copied().collect();
        let agent: &Self = self;
        let prepare = |(place, known): (Place, Option<Prepared>)| async move {
            let subject = agent.subject(place)?;
            let prepared = match known {
                Some(prepared) => Ok(prepared),
                None => agent.prepare(subject).await,
            };
            Some((place, prepared))
        };
        let places: Vec<_> = places.into_iter().map(|place| (place, ready.remove(&place))).collect();
        let prepared: Vec<_> = stream::iter(places)
            .map(prepare)
            .buffered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        let mut steps = Vec::new();
        for (place, prepared) in prepared {
            let Some(subject) = self.subject(place) else { continue };
            match prepared {
                Ok(Prepared::Unchanged(baseline)) => {
                    progress.set.unchanged += 1;
                    baseline.into_iter().for_each(|baseline| progress.keep(subject, baseline));
                }
                Ok(Prepared::Step { step, force, uid }) => {
                    let drift = self.drift_of(subject);
                    let is_only_told = !self.heals && drift.is_some();
                    progress.set.unchanged += usize::from(is_only_told);
                    progress.drifts.extend(drift.clone().filter(|_| is_only_told));
                    steps.extend((!is_only_told).then_some(Due { place, step, force, uid, drift }));
                }
                Ok(Prepared::NotYet(why)) => {
                    progress.held.stop(&subject.application.name, Trouble::transient("NoPlace", why))
                }
                Ok(Prepared::Terminating) => {
                    let why =
                        format!("{} is being deleted; it is made anew when it is gone", subject.item.key);
                    progress
                        .held
                        .stop(&subject.application.name, Trouble::transient("ObjectTerminating", why));
                }
                Ok(Prepared::Refused(refusal)) => progress.hold(&refusal),
                Err(trouble) => progress.stop(subject, trouble)?,
            }
        }
        self.write_steps(steps, progress).await?;
        self.put(std::mem::take(&mut progress.baselines)).await
    }

    /// What somebody did to an object that is to be as it was applied last.
    fn drift_of(&self, subject: Subject<'_>) -> Option<Drift> {
        let entry = self.eyes.lock().entry(&subject.item.key).cloned()?;
        let is_as_applied = entry.baseline.as_ref()?.desired == subject.item.digest;
        subject.drift(Some(&entry)).filter(|_| is_as_applied)
    }

    async fn write_steps(&self, steps: Vec<Due>, progress: &mut Progress) -> Result<(), Trouble> {
        let is_open = |due: &Due| !progress.held.holds(&due.step.application);
        let steps: Vec<_> = steps.into_iter().filter(is_open).collect();
        let write = |due: Due| async move {
            let subject = self.subject(due.place)?;
            Some((subject, self.write(subject, &due.step, due.force, &due.uid).await, due.drift))
        };
        let mut written = stream::iter(steps).map(write).buffer_unordered(AT_ONCE);
        while let Some(written) = written.next().await {
            let Some((subject, written, drift)) = written else { continue };
            progress.done += 1;
            self.tell(&Moment::Progress { done: progress.done, of: progress.of.max(progress.done) });
            let mut note = |outcome| {
                let (key, application) = (subject.item.key.clone(), subject.application.name.clone());
                progress.set.done.push(Done { key, application, outcome });
            };
            match written {
                Ok(Written::Done(outcome, baseline)) => {
                    note(outcome);
                    let healed = |drift| Drift { answer: DriftAnswer::Healed, ..drift };
                    progress.drifts.extend(drift.map(healed));
                    baseline.into_iter().for_each(|baseline| progress.keep(subject, baseline));
                }
                Ok(Written::Refused(refusal)) => {
                    note(Outcome::Failed);
                    progress.hold(&refusal);
                }
                Err(trouble) => {
                    note(Outcome::Failed);
                    progress.stop(subject, trouble)?;
                }
            }
        }
        Ok(())
    }

    /// Where nothing was written, what was just seen tells the health too, and nothing needs to be read again.
    fn note_health(&mut self, progress: &Progress) {
        let Some(seen) = &self.seen else { return };
        self.looked = progress.set.done.is_empty().then(|| {
            let look = |(key, application): (&ObjectKey, &str)| {
                (application.to_owned(), seen.health.get(key).cloned().unwrap_or_else(|| health::absent(key)))
            };
            seen.observed.standing.iter().map(look).collect()
        });
    }
}

impl Progress {
    /// Stops the application that a refusal is about.
    fn hold(&mut self, refusal: &Refusal) {
        self.held.refuse(refusal);
        self.set.refused.push(refusal.clone());
    }

    /// One object could not be asked about or written. Where the API server itself is away, so is everything else.
    fn stop(&mut self, subject: Subject<'_>, trouble: Trouble) -> Result<(), Trouble> {
        if trouble.reason == crate::cluster::UNREACHABLE {
            return Err(trouble);
        }
        self.held.stop(&subject.application.name, trouble);
        Ok(())
    }

    fn keep(&mut self, subject: Subject<'_>, baseline: crate::model::Baseline) {
        self.baselines.insert(subject.item.key.clone(), subject.entry(baseline));
    }
}
