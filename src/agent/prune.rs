//! Deletes what left the desired set, after all that stands in it is healthy.

use super::build::Agent;
use crate::cluster::{Deleted, Kinds};
use crate::model::{
    Action, ChangeSet, Done, ErrorClass, Inventory, Live, Moment, ObjectKey, Outcome, Step, Trouble,
};
use crate::plan::{self, Fate, Pruning};
use crate::reconcile::Event;
use crate::store::Changes;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long one stage of deletions is waited for; what is not gone then is looked at again in the next pass.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between the first two looks; each next one takes twice as long, up to the longest, for each is a request for every object.
const LOOK: Duration = Duration::from_millis(200);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

impl Agent {
    pub(super) async fn prune(&mut self) -> Event {
        match self.prune_all().await {
            Ok(refused) => Event::Pruned(refused),
            Err(trouble) => Event::Failed(trouble),
        }
    }

    async fn prune_all(&mut self) -> Result<Option<Trouble>, Trouble> {
        let pruning = self.pruning().await?;
        if let Some(why) = &pruning.postponed {
            self.sink.moment(&Moment::Note(why.clone()));
        }
        let known: Vec<ObjectKey> = pruning.forget.clone();
        self.forget(known).await?;
        for (key, why) in &pruning.left {
            self.sink.moment(&Moment::Note(format!("{key} left the fleet: {why}")));
        }
        let mut set = ChangeSet { refused: pruning.refused.clone(), ..ChangeSet::default() };
        for stage in &pruning.stages {
            let are_gone = self.delete_stage(&stage.steps, &mut set).await?;
            if !are_gone {
                break;
            }
        }
        let refused = pruning.refused.first().map(|refusal| Trouble {
            class: ErrorClass::Terminal,
            reason: refusal.reason.as_str(),
            message: refusal.message.clone(),
        });
        self.sink.moment(&Moment::Pruned(set));
        Ok(refused)
    }

    /// What would be deleted now.
    pub(crate) async fn pruning(&mut self) -> Result<Pruning, Trouble> {
        let Some(mut seen) = self.work.seen.take() else { return Ok(Pruning::default()) };
        let looked = self.look_for_bystanders(&mut seen.left).await;
        let inventory = self.inventory.get_or_insert_with(Inventory::default);
        let pruning = plan::prune(&seen.desired, &seen.standing, inventory, &seen.left);
        self.work.seen = Some(seen);
        looked.map(|()| pruning)
    }

    /// Looks into namespaces and behind definitions that may go, for something that would be lost along with them.
    async fn look_for_bystanders(&self, findings: &mut [plan::Finding]) -> Result<(), Trouble> {
        let is_container = |finding: &plan::Finding| {
            let key = &finding.key;
            let is_kind =
                key.is("", "Namespace") || key.is("apiextensions.k8s.io", "CustomResourceDefinition");
            is_kind && matches!(finding.fate, Fate::Ours(_))
        };
        if !findings.iter().any(is_container) {
            return Ok(());
        }
        let kinds = self.cluster.kinds(true).await?;
        let going: BTreeSet<ObjectKey> = findings.iter().map(|finding| finding.key.clone()).collect();
        for finding in findings.iter_mut().filter(|finding| is_container(finding)) {
            finding.bystander = self.bystander(&finding.key, &kinds, &going).await?;
        }
        Ok(())
    }

    /// Something in a namespace, or of a defined kind, that does not go by itself.
    async fn bystander(
        &self,
        container: &ObjectKey,
        kinds: &Kinds,
        going: &BTreeSet<ObjectKey>,
    ) -> Result<Option<ObjectKey>, Trouble> {
        let mut found = None;
        for query in kinds.inside(container) {
            let mut each = |live: Live| {
                let one = plan::is_bystander(&live, going).then(|| live.key());
                found = found.take().or(one);
            };
            self.cluster.list(&query, &mut each).await?;
        }
        Ok(found)
    }

    /// Deletes one stage and waits until it is gone; answers whether all of it is.
    async fn delete_stage(&mut self, steps: &[Step], set: &mut ChangeSet) -> Result<bool, Trouble> {
        let mut waiting: Vec<&Step> = steps.iter().collect();
        let (mut waited, mut look) = (Duration::ZERO, LOOK);
        loop {
            let (gone, still) = self.delete(waiting).await?;
            let done = |outcome| {
                move |step: &&Step| Done {
                    key: step.key.clone(),
                    application: step.application.clone(),
                    outcome,
                }
            };
            set.done.extend(gone.iter().map(done(Outcome::Deleted)));
            self.forget(gone.iter().map(|step| step.key.clone()).collect()).await?;
            if still.is_empty() || waited >= PATIENCE {
                set.done.extend(still.iter().map(done(Outcome::Terminating)));
                return Ok(still.is_empty());
            }
            tokio::time::sleep(look).await;
            waited += look;
            look = (look * 2).min(LONGEST_LOOK);
            waiting = still;
        }
    }

    /// Asks for deletions; answers with what is gone and what waits for finalizers or grace.
    async fn delete<'a>(&self, steps: Vec<&'a Step>) -> Result<(Vec<&'a Step>, Vec<&'a Step>), Trouble> {
        let (mut gone, mut still) = (Vec::new(), Vec::new());
        for step in steps {
            let Action::Delete { uid } = &step.action else { continue };
            match self.cluster.delete(&step.gvk, &step.key, uid).await? {
                Deleted::Gone | Deleted::Another => gone.push(step),
                Deleted::Terminating => still.push(step),
            }
        }
        Ok((gone, still))
    }

    /// Takes entries out of the inventory: they are confirmed gone, or ours no longer.
    async fn forget(&mut self, keys: Vec<ObjectKey>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        let changes = Changes { remove: keys.clone(), ..Changes::default() };
        self.save(self.facts.clone(), changes).await?;
        let entries = &mut self.inventory.get_or_insert_with(Inventory::default).entries;
        keys.iter().for_each(|key| drop(entries.remove(key)));
        Ok(())
    }
}
