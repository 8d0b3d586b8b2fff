//! The blast radius of pruning.
//!
//! Two kinds of guards. Those about one object (a volume claim, a namespace or definition that holds something else) keep that
//! object and let the others go. Those about the whole (everything, more than the share) refuse all of it.
//!
//! Who may lift them: an object's own application by its `allowPrune`. Where that application is gone, nobody can speak for it
//! alone: then all applications of this site must agree, as they do when the fleet's defaults say so. The whole concerns all
//! applications that lose something; one of them is enough, or any if one that loses something is gone.

use super::Finding;
use crate::model::{AllowPrune, Desired, DesiredApplication, Inventory, ObjectKey, Refusal, RefusalReason};
use crate::plan::order::{StageId, stage_of_key};
use crate::plan::placement::Standing;
use crate::plan::refusal::{refusal, site_refusal};
use std::collections::BTreeSet;

/// What the guards look at.
pub(super) struct Guards<'a> {
    pub(super) desired: &'a Desired,
    pub(super) standing: &'a Standing,
    pub(super) inventory: &'a Inventory,
    /// Objects that are gone, or being deleted already.
    pub(super) leaving: BTreeSet<ObjectKey>,
}

impl Guards<'_> {
    /// Takes out of `doomed` what may not be deleted, and says why.
    pub(super) fn refuse_objects(&self, doomed: &mut Vec<&Finding>) -> Vec<Refusal> {
        let mut refused = Vec::new();
        // Containers are looked at last: what is refused before them would be deleted along with them.
        for is_container in [false, true] {
            let going: BTreeSet<ObjectKey> = doomed
                .iter()
                .map(|finding| finding.key.clone())
                .chain(self.leaving.iter().cloned())
                .collect();
            doomed.retain(|finding| {
                let is_now = is_container == (stage_of_key(&finding.key) == StageId::Definitions);
                let why = is_now.then(|| self.refuse_object(finding, &going)).flatten();
                let is_kept = why.is_none();
                refused.extend(why);
                is_kept
            });
        }
        refused
    }

    /// Why nothing at all may be deleted.
    pub(super) fn refuse_whole(&self, doomed: &[&Finding]) -> Option<Refusal> {
        let (count, all) = (doomed.len(), self.inventory.entries.len());
        let is_everything = count > 0 && self.standing.is_empty();
        if is_everything && !self.is_whole_allowed(AllowPrune::All, doomed) {
            let message = format!(
                "everything that is ours here ({count} objects) would be deleted. If that is meant, say `allowPrune: [all]` \
                 in an application that loses objects"
            );
            return Some(site_refusal(RefusalReason::PruneGuarded, message));
        }
        let guard = self.desired.guard;
        let is_over = count >= guard.min.max(1) && count * 100 > usize::from(guard.share) * all;
        let is_allowed = || {
            let allows = |what| self.is_whole_allowed(what, doomed);
            allows(AllowPrune::Share) || (is_everything && allows(AllowPrune::All))
        };
        if !is_over || is_allowed() {
            return None;
        }
        let message = format!(
            "{count} of {all} objects would be deleted, more than the guard's {} %. If that is meant, say `allowPrune: [share]` \
             in an application that loses objects, or raise `guard` in fleet.yaml",
            guard.share
        );
        Some(site_refusal(RefusalReason::PruneGuarded, message))
    }

    fn refuse_object(&self, finding: &Finding, going: &BTreeSet<ObjectKey>) -> Option<Refusal> {
        let key = &finding.key;
        let say =
            |message: String| Some(refusal(self.application(key), key, RefusalReason::PruneGuarded, message));
        let lift = |what: AllowPrune| {
            format!("If that is meant, say `allowPrune: [{what}]` in application {}", self.application(key))
        };
        if key.is("", "PersistentVolumeClaim") && !self.is_allowed(AllowPrune::Claim, key) {
            return say(format!("{key} holds data that would be lost. {}", lift(AllowPrune::Claim)));
        }
        let what = match key {
            key if key.is("", "Namespace") => AllowPrune::Namespace,
            key if key.is("apiextensions.k8s.io", "CustomResourceDefinition") => AllowPrune::Crd,
            _ => return None,
        };
        if let Some(inside) = self.stays_inside(finding, going) {
            return say(format!("{key} cannot go, for {inside} stays and would be deleted along with it"));
        }
        match &finding.bystander {
            Some(inside) if !self.is_allowed(what, key) => {
                say(format!("{key} holds {inside}, which would be deleted along with it. {}", lift(what)))
            }
            _ => None,
        }
    }

    /// Something of ours that stays and would be deleted along with this namespace or definition. That no allowance lifts.
    fn stays_inside(&self, container: &Finding, going: &BTreeSet<ObjectKey>) -> Option<ObjectKey> {
        let is_inside = |key: &&ObjectKey| match &container.defines {
            Some((group, kind)) => key.is(group, kind),
            None => key.namespace.as_deref() == Some(&container.key.name),
        };
        let stands = self.standing.iter().map(|(key, _)| key).find(is_inside);
        stands
            .or_else(|| self.inventory.entries.keys().filter(is_inside).find(|key| !going.contains(key)))
            .cloned()
    }

    fn is_allowed(&self, what: AllowPrune, key: &ObjectKey) -> bool {
        match self.find(self.application(key)) {
            Some(one) => one.application.allow_prune.contains(&what),
            None => self.desired.applications.iter().all(|one| one.application.allow_prune.contains(&what)),
        }
    }

    fn is_whole_allowed(&self, what: AllowPrune, doomed: &[&Finding]) -> bool {
        let concerned: BTreeSet<_> = doomed.iter().map(|finding| self.application(&finding.key)).collect();
        let is_one_gone = concerned.iter().any(|name| self.find(name).is_none());
        let mut voices = self
            .desired
            .applications
            .iter()
            .filter(|one| is_one_gone || concerned.contains(one.application.name.as_str()));
        voices.any(|one| one.application.allow_prune.contains(&what))
    }

    fn application(&self, key: &ObjectKey) -> &str {
        self.inventory.entries.get(key).map_or("", |entry| entry.application.as_str())
    }

    fn find(&self, name: &str) -> Option<&DesiredApplication> {
        self.desired.applications.iter().find(|one| one.application.name == name)
    }
}
