//! Undoes what others changed.

use super::Applier;
use super::stage::{CREATE, Subject};
use crate::cluster::{AT_ONCE, Applied, ApplyMode};
use crate::health;
use crate::model::{
    Application, Baseline, Drift, DriftAnswer, DriftKind, InventoryEntry, Moment, Object, ObjectKey, Trouble,
};
use crate::plan::{self, Decision, Item};
use futures::stream::{self, StreamExt, TryStreamExt};
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
    /// Looks at all that may have drifted, after comparing everything that is followed if `everything` is set, and undoes it; with
    /// `only_tell`, it is told and left. `manifests` gives the manifests of an object that may be what was applied last.
    pub(crate) async fn heal(
        &mut self,
        everything: bool,
        only_tell: bool,
        manifests: Manifests<'_>,
        now: Timestamp,
    ) -> Result<(), Trouble> {
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
        self.eyes.lock().ledger.suspect(fought);
        let suspects: Vec<Suspect> = open.iter().filter_map(|key| self.suspect(key, manifests)).collect();
        let applier: &Self = self;
        let look = |suspect: Suspect| async move { applier.look_at(suspect, only_tell).await };
        let looked: Result<Vec<Looked>, Trouble> =
            stream::iter(suspects).map(look).buffer_unordered(AT_ONCE).try_collect().await;
        let looked = looked.inspect_err(|_| self.eyes.lock().ledger.suspect(open))?;
        let mut baselines = BTreeMap::new();
        for Looked { drift, baseline } in looked {
            baselines.extend(baseline);
            if let Some(drift) = drift {
                self.note_drift(drift, now);
            }
        }
        self.put(baselines).await
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
    async fn look_at(&self, suspect: Suspect, only_tell: bool) -> Result<Looked, Trouble> {
        let Suspect { application, object, item, entry } = &suspect;
        let live = self.get(object.gvk(), &item.key).await?;
        let decision =
            plan::decide(object, item.digest, live.as_ref(), Some(entry), &application.name, &self.owner);
        let (kind, changes, mode) = match decision {
            Decision::Heal(changes) => {
                (DriftKind::Changed, changes, ApplyMode { create_only: false, force: true, ..CREATE })
            }
            Decision::Create => (DriftKind::Deleted, Vec::new(), CREATE),
            Decision::Refuse(refusal) => {
                self.tell(&Moment::Note(refusal.message));
                return Ok(Looked { drift: None, baseline: None });
            }
            Decision::Unchanged | Decision::Judge | Decision::Wait => {
                if let Some(live) = &live {
                    self.eyes.lock().ledger.note(item.key.clone(), health::judge(live));
                }
                return Ok(Looked { drift: None, baseline: None });
            }
        };
        let taken = live.iter().zip(&entry.baseline).flat_map(|(live, baseline)| plan::taken(live, baseline));
        let mut by: Vec<String> = taken.filter_map(|taken| taken.by).collect();
        by.sort_unstable();
        by.dedup();
        let mut drift = Drift {
            key: item.key.clone(),
            application: application.name.clone(),
            kind,
            by,
            changes,
            answer: DriftAnswer::Detected,
        };
        if only_tell {
            return Ok(Looked { drift: Some(drift), baseline: None });
        }
        let subject = Subject { application, object, item };
        let baseline = self.rewrite(subject, mode).await?;
        let baseline = baseline.filter(|baseline| entry.baseline.as_ref() != Some(baseline));
        drift.answer = DriftAnswer::Healed;
        Ok(Looked {
            drift: Some(drift),
            baseline: baseline.map(|baseline| (item.key.clone(), subject.entry(baseline))),
        })
    }

    /// Writes an object as it was applied last. A place that is gone is made anew with what it belongs to.
    async fn rewrite(&self, subject: Subject<'_>, mode: ApplyMode) -> Result<Option<Baseline>, Trouble> {
        let applied = self.cluster.apply(subject.object, mode).await?;
        let key = &subject.item.key;
        match applied {
            Applied::Live(live) => {
                self.eyes.lock().ledger.note(key.clone(), health::judge(&live));
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
    fn note_drift(&mut self, mut drift: Drift, now: Timestamp) {
        if drift.answer == DriftAnswer::Healed && self.fights.healed(&drift.key, now) {
            drift.answer = DriftAnswer::Fought;
        }
        self.tell(&Moment::Drifted(drift));
    }
}
