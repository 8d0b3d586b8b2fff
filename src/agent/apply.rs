//! Compares the desired set with the cluster and writes what differs, stage by stage.

use super::build::Agent;
use super::observe::{AT_ONCE, Item};
use super::stage::{Prepared, Subject, Written};
use crate::health;
use crate::model::{
    ChangeSet, Desired, Done, Inventory, InventoryEntry, Moment, ObjectKey, Outcome, Refusal, Trouble,
};
use crate::plan::{self, Held, Place, StagePlan};
use crate::reconcile::{self, Applied, Event};
use crate::store::Changes;
use futures::stream::{self, StreamExt};
use std::collections::BTreeMap;

/// What a person is told when the inventory was put together from the cluster.
const REBUILT: &str = "the record of what is ours was lost and put together from the cluster; nothing is pruned until a whole revision has been steady";

/// An apply under way.
#[derive(Debug, Default)]
struct Progress {
    set: ChangeSet,
    held: Held,
    /// New baselines of the stage under way.
    baselines: BTreeMap<ObjectKey, InventoryEntry>,
    done: usize,
    of: usize,
}

impl Agent {
    pub(super) async fn apply(&mut self) -> Event {
        match self.apply_all().await {
            Ok(applied) => Event::Applied(applied),
            Err(trouble) => Event::Failed(trouble),
        }
    }

    async fn apply_all(&mut self) -> Result<Vec<Applied>, Trouble> {
        let Some(desired) = self.work.desired.take() else { return Ok(Vec::new()) };
        self.see(desired).await?;
        let Some(seen) = self.work.seen.take() else { return Ok(Vec::new()) };
        self.intend(&seen.desired, &seen.standing).await?;
        let mut progress = Progress::default();
        for refusal in &seen.refused {
            progress.hold(refusal);
        }
        progress.of = seen.items.values().filter(|item| item.decision != plan::Decision::Unchanged).count();
        let names: Vec<String> =
            seen.desired.applications.iter().map(|one| one.application.name.clone()).collect();
        self.work.seen = Some(seen);
        for stage in self.stages() {
            self.apply_stage(&stage, &mut progress).await?;
        }
        self.note_health(&progress);
        self.sink.moment(&Moment::Applied(std::mem::take(&mut progress.set)));
        let applied = |name: String| Applied { held: progress.held.why(&name).cloned(), name };
        Ok(names.into_iter().map(applied).collect())
    }

    /// Looks at the cluster and keeps what was seen for the effects to come; answers with what the plan refuses at once.
    pub(crate) async fn see(&mut self, desired: Desired) -> Result<Vec<Refusal>, Trouble> {
        let seen = self.observe(desired).await?;
        let refused = seen.refused.clone();
        self.work.seen = Some(seen);
        Ok(refused)
    }

    /// The stages of what is desired, in order.
    pub(crate) fn stages(&self) -> Vec<StagePlan> {
        self.work.seen.iter().flat_map(|seen| plan::stages(&seen.desired)).collect()
    }

    /// Stops what depends on a stopped application.
    pub(crate) fn stop_dependants(&self, held: &mut Held) {
        self.work.seen.iter().for_each(|seen| held.stop_dependants(&seen.desired));
    }

    /// The object, application and decision at a place of the desired set.
    pub(crate) fn subject(&self, place: Place) -> Option<Subject<'_>> {
        let seen = self.work.seen.as_ref()?;
        let one = seen.desired.applications.get(place.application)?;
        let item: &Item = seen.items.get(&place)?;
        Some(Subject { application: &one.application, object: one.objects.get(place.object)?, item })
    }

    /// Writes down what is about to be tried: the union of what is ours and what may be ours from now on, before the first apply.
    async fn intend(&mut self, desired: &Desired, standing: &plan::Standing) -> Result<(), Trouble> {
        let facts = reconcile::attempting(&self.facts, desired);
        let objects = desired.applications.iter().flat_map(|one| &one.objects);
        let versions: BTreeMap<ObjectKey, String> =
            objects.map(|object| (object.key(), object.gvk().version.clone())).collect();
        let before = self.inventory.clone().unwrap_or_default();
        let union = plan::union(&before, standing, &|key| versions.get(key).cloned().unwrap_or_default());
        let is_whole = std::mem::take(&mut self.work.is_rebuilt);
        let news =
            union.entries.iter().filter(|(key, entry)| is_whole || before.entries.get(*key) != Some(entry));
        let put = news.map(|(key, entry)| (key.clone(), entry.clone())).collect();
        let changes = Changes { put, rebuilt: is_whole.then_some(true), ..Changes::default() };
        if let Err(trouble) = self.save(facts, changes).await {
            self.work.is_rebuilt = is_whole;
            return Err(trouble);
        }
        if is_whole {
            self.tell(&Moment::Note(REBUILT.to_owned()));
        }
        self.inventory = Some(Inventory { is_rebuilt: before.is_rebuilt, ..union });
        Ok(())
    }

    async fn apply_stage(&mut self, stage: &StagePlan, progress: &mut Progress) -> Result<(), Trouble> {
        self.stop_dependants(&mut progress.held);
        let open = |place: &&Place| {
            let subject = self.subject(**place);
            subject.is_some_and(|subject| !progress.held.holds(&subject.application.name))
        };
        let places: Vec<Place> = stage.places.iter().filter(open).copied().collect();
        let agent: &Self = self;
        let prepare = |place: Place| async move {
            let subject = agent.subject(place)?;
            Some((place, agent.prepare(subject).await))
        };
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
                Ok(Prepared::Step { step, force, uid }) => steps.push((place, step, force, uid)),
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
        self.save_entries(std::mem::take(&mut progress.baselines)).await
    }

    async fn write_steps(
        &self,
        steps: Vec<(Place, crate::model::Step, bool, String)>,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        let is_open = |application: &str, progress: &Progress| !progress.held.holds(application);
        let steps: Vec<_> =
            steps.into_iter().filter(|(_, step, ..)| is_open(&step.application, progress)).collect();
        let write = |(place, step, force, uid): (Place, crate::model::Step, bool, String)| async move {
            let subject = self.subject(place)?;
            Some((subject, self.write(subject, &step, force, &uid).await))
        };
        let mut written = stream::iter(steps).map(write).buffer_unordered(AT_ONCE);
        while let Some(written) = written.next().await {
            let Some((subject, written)) = written else { continue };
            progress.done += 1;
            self.sink.moment(&Moment::Progress { done: progress.done, of: progress.of.max(progress.done) });
            let mut note = |outcome| {
                let (key, application) = (subject.item.key.clone(), subject.application.name.clone());
                progress.set.done.push(Done { key, application, outcome });
            };
            match written {
                Ok(Written::Done(outcome, baseline)) => {
                    note(outcome);
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
        let Some(seen) = &self.work.seen else { return };
        self.work.health = progress.set.done.is_empty().then(|| {
            let look = |(key, application): (&ObjectKey, &str)| {
                (application.to_owned(), seen.health.get(key).cloned().unwrap_or_else(|| health::absent(key)))
            };
            seen.standing.iter().map(look).collect()
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
        let entry = InventoryEntry {
            application: subject.application.name.clone(),
            version: subject.object.gvk().version.clone(),
            baseline: Some(baseline),
        };
        self.baselines.insert(subject.item.key.clone(), entry);
    }
}
