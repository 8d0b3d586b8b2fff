//! Undoes what others changed.

use super::Applier;
use super::stage::{CREATE, Subject};
use crate::cluster::{AT_ONCE, Applied, ApplyMode};
use crate::model::{
    Application, Baseline, Drift, DriftAnswer, DriftKind, Intent, InventoryEntry, Moment, Object, ObjectKey,
    Revision, Trouble,
};
use crate::plan::{self, Decision, Item};
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Gives the manifests of an object, each with its application.
pub(crate) type Manifests<'a> = &'a (dyn Fn(&ObjectKey) -> Vec<(Application, Object)> + Sync);

/// One object that may have drifted, with all that healing takes.
struct Suspect {
    application: Application,
    object: Object,
    item: Item,
    entry: InventoryEntry,
}

/// What came of looking at a suspect.
struct Looked {
    drift: Option<Drift>,
    baseline: Option<(ObjectKey, InventoryEntry)>,
}

impl Applier {
    /// Looks at all that may have drifted, after comparing everything that is followed if `everything` is set, and undoes it, or only
    /// tells it. `manifests` gives the manifests of an object that may be what was applied last. Answers with the time at which to come
    /// back, where somebody fights.
    pub(crate) async fn heal(
        &mut self,
        everything: bool,
        revision: &Revision,
        manifests: Manifests<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Trouble> {
        let suspects = {
            let sight = &mut *self.eyes.lock();
            if let Some(trouble) = sight.blindness() {
                return Err(trouble);
            }
            if let (true, Some(inventory)) = (everything, &sight.inventory) {
                sight.ledger.compare(inventory);
            }
            sight.ledger.take_suspects()
        };
        let (fought, open): (Vec<_>, Vec<_>) =
            suspects.into_iter().partition(|key| self.fights.wait(key, now).is_some());
        let again = fought.iter().filter_map(|key| self.fights.wait(key, now)).min();
        self.eyes.lock().ledger.suspect(fought);
        let suspects: Vec<Suspect> = open.iter().filter_map(|key| self.suspect(key, manifests)).collect();
        let applier: &Self = self;
        let look = |suspect: Suspect| async move {
            let key = suspect.item.key.clone();
            (key, applier.look_at(suspect, revision).await)
        };
        let looked: Vec<_> = stream::iter(suspects).map(look).buffer_unordered(AT_ONCE).collect().await;
        let (mut baselines, mut failed) = (BTreeMap::new(), None);
        for (key, looked) in looked {
            match looked {
                Ok(Looked { drift, baseline }) => {
                    baselines.extend(baseline);
                    drift.into_iter().for_each(|drift| self.note_drift(drift, now));
                }
                Err(trouble) => {
                    self.eyes.lock().ledger.suspect([key]);
                    failed.get_or_insert(trouble);
                }
            }
        }
        self.put(baselines).await?;
        failed.map_or(Ok(again), Err)
    }

    /// All that is known of an object: its manifest is the one that was applied last. Where that is not at hand, or the object left the
    /// fleet, it is not healed.
    fn suspect(&self, key: &ObjectKey, manifests: Manifests<'_>) -> Option<Suspect> {
        let entry = self.eyes.lock().entry(key)?.clone();
        let applied = entry.baseline.as_ref()?.desired;
        let known = manifests(key);
        let (application, object) = known.into_iter().find(|(_, object)| plan::digest(object) == applied)?;
        let item = Item { key: key.clone(), digest: applied, decision: Decision::Unchanged };
        Some(Suspect { application, object, item, entry })
    }

    /// Looks at one object as it is now, and undoes what was done to it.
    async fn look_at(&self, suspect: Suspect, revision: &Revision) -> Result<Looked, Trouble> {
        let Suspect { application, object, mut item, entry } = suspect;
        let live = self.get(object.gvk(), &item.key).await?;
        let name = &application.name;
        item.decision = plan::decide(&object, item.digest, live.as_ref(), Some(&entry), name, &self.owner);
        let subject = Subject { application: &application, object: &object, item: &item };
        let Some(mut drift) = subject.drift(Some(&entry)) else {
            if let Some(live) = &live {
                self.eyes.lock().note(name, live);
            }
            if let Decision::Refuse(refusal) = item.decision {
                self.tell(&Moment::Note(refusal.message));
            }
            return Ok(Looked { drift: None, baseline: None });
        };
        if !self.heals {
            return Ok(Looked { drift: Some(drift), baseline: None });
        }
        let (what, applications) = ("heal", vec![application.name.clone()]);
        self.tell(&Moment::Intending(Intent { what, revision: revision.clone(), applications, objects: 1 }));
        let mode = match drift.kind {
            DriftKind::Deleted => CREATE,
            DriftKind::Changed => ApplyMode { create_only: false, force: true, ..CREATE },
        };
        let baseline = self.rewrite(subject, mode).await?;
        let baseline = baseline.filter(|baseline| entry.baseline.as_ref() != Some(baseline));
        drift.answer = DriftAnswer::Healed;
        let baseline = baseline.map(|baseline| (item.key.clone(), subject.entry(baseline)));
        Ok(Looked { drift: Some(drift), baseline })
    }

    /// Writes an object as it was applied last. A place that is gone is made anew with what it belongs to.
    async fn rewrite(&self, subject: Subject<'_>, mode: ApplyMode) -> Result<Option<Baseline>, Trouble> {
        let applied = self.cluster.apply(subject.object, mode).await?;
        let key = &subject.item.key;
        match applied {
            Applied::Live(live) => {
                self.eyes.lock().note(&subject.application.name, &live);
                Ok(plan::take(&live, subject.object, subject.item.digest))
            }
            Applied::Exists | Applied::NoPlace(_) => {
                Err(Trouble::transient("ObjectBusy", format!("{key} changed while it was healed")))
            }
            Applied::Conflict(_) | Applied::Immutable(_) | Applied::Refused(_) => Err(Trouble::transient(
                "HealRefused",
                format!("the API server does not take {key} as it was applied before"),
            )),
        }
    }

    /// Tells about drift, and takes note of who fights.
    pub(super) fn note_drift(&mut self, mut drift: Drift, now: Timestamp) {
        if drift.answer == DriftAnswer::Healed && self.fights.healed(&drift.key, now) {
            drift.answer = DriftAnswer::Fought;
        }
        self.tell(&Moment::Drifted(drift));
    }
}

impl Subject<'_> {
    /// What somebody did to the object, if that is what the decision about it says.
    pub(super) fn drift(&self, entry: Option<&InventoryEntry>) -> Option<Drift> {
        let was_applied = entry.is_some_and(|entry| entry.baseline.is_some());
        let (kind, changes, by) = match &self.item.decision {
            Decision::Heal { changes, by } => (DriftKind::Changed, changes.clone(), by.clone()),
            Decision::Create if was_applied => (DriftKind::Deleted, Vec::new(), Vec::new()),
            _ => return None,
        };
        let (key, application) = (self.item.key.clone(), self.application.name.clone());
        Some(Drift { key, application, kind, by, changes, answer: DriftAnswer::Detected })
    }
}
