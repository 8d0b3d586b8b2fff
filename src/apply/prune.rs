//! Deletes what left the desired set, after all that stands in it is healthy.

use super::Applier;
use crate::cluster::{self, Kinds};
use crate::model::{ChangeSet, Desired, Done, ErrorClass, Live, Moment, ObjectKey, Outcome, Step, Trouble};
use crate::plan::{self, Pruning};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long one stage of deletions is waited for; what is not gone then is looked at again in the next pass.
const PATIENCE: Duration = Duration::from_secs(20);

impl Applier {
    /// Deletes what left the desired set. Answers with what a guard refused.
    pub(crate) async fn prune(
        &mut self,
        desired: impl FnOnce() -> Option<Desired>,
    ) -> Result<Option<Trouble>, Trouble> {
        if self.seen.is_none() {
            let Some(desired) = desired() else { return Ok(None) };
            self.see(desired).await?;
        }
        let pruning = self.pruning().await?;
        if let Some(why) = &pruning.postponed {
            self.tell(&Moment::Note(why.clone()));
        }
        self.forget(pruning.forget.clone()).await?;
        for (key, why) in &pruning.left {
            self.tell(&Moment::Note(format!("{key} left the fleet: {why}")));
        }
        let mut set = ChangeSet { refused: pruning.refused.clone(), ..ChangeSet::default() };
        let steps = pruning.stages.iter().map(|stage| stage.steps.len()).sum();
        if let Some(desired) = self.dressed().filter(|_| steps > 0) {
            self.announce("prune", desired, steps);
        }
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
        self.tell(&Moment::Pruned(set));
        Ok(refused)
    }

    /// What would be deleted now.
    pub(crate) async fn pruning(&mut self) -> Result<Pruning, Trouble> {
        let Some(mut seen) = self.seen.take() else { return Ok(Pruning::default()) };
        let looked = self.look_for_bystanders(&mut seen.observed.left).await;
        let pruning = {
            let mut sight = self.eyes.lock();
            let inventory = sight.inventory.get_or_insert_default();
            plan::prune(&seen.observed.desired, &seen.observed.standing, inventory, &seen.observed.left)
        };
        self.seen = Some(seen);
        looked.map(|()| pruning)
    }

    /// Looks into namespaces and behind definitions that may go, for something that would be lost along with them.
    async fn look_for_bystanders(&self, findings: &mut [plan::Finding]) -> Result<(), Trouble> {
        if !findings.iter().any(plan::Finding::is_container) {
            return Ok(());
        }
        let kinds = self.cluster.kinds(true).await?;
        let going: BTreeSet<ObjectKey> = findings.iter().map(|finding| finding.key.clone()).collect();
        for finding in findings.iter_mut().filter(|finding| finding.is_container()) {
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
        let (gone, still) = cluster::delete(self.cluster.as_ref(), steps, PATIENCE).await?;
        let done = |outcome| {
            move |step: &&Step| Done { key: step.key.clone(), application: step.application.clone(), outcome }
        };
        set.done.extend(gone.iter().map(done(Outcome::Deleted)));
        set.done.extend(still.iter().map(done(Outcome::Terminating)));
        self.forget(gone.iter().map(|step| step.key.clone()).collect()).await?;
        Ok(still.is_empty())
    }
}
