//! What is deleted because it left the desired set.
//!
//! # Flow
//! [`candidates()`] names the entries to look at; the driver reads each and reduces it with [`inspect()`], and for namespaces and
//! CustomResourceDefinitions looks for a bystander ([`is_bystander()`]); [`prune()`] then says what is deleted, in which order, and what is not.
//!
//! # Guarantees
//! Nothing is deleted that stands in the desired set, or whose deletion would take along something that stands there or is kept.
//! Nothing is deleted without all of our marks, or from an inventory that was put together from the cluster, or for a desired
//! set without any application.
//!
//! # Assumptions
//! `desired` is whole: every application of this site stands in it, with last-good's objects where newer ones could not be
//! rendered. It is called only after all of it is healthy.

mod guard;
#[cfg(test)]
mod tests;

use super::dress::KEEP;
use super::order::{StageId, prune_rank, stage_of_key};
use super::ownership::{has_controller, has_entry, has_label, is_ours_to_prune};
use super::placement::{Standing, level_of};
use super::refusal::site_refusal;
use crate::model::{
    Action, Desired, DesiredApplication, Gvk, Inventory, Live, ON_REMOVAL_ANNOTATION, ObjectKey, OwnerLabel,
    Refusal, RefusalReason, Stage, Step,
};
use guard::Guards;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// API groups whose objects nobody misses.
const FURNITURE: [&str; 4] = ["coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "metrics.k8s.io"];

/// One candidate as it stands in the cluster, reduced to what the decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The object.
    pub key: ObjectKey,
    /// By which it is addressed.
    pub gvk: Gvk,
    /// What became of it.
    pub fate: Fate,
    /// For a CustomResourceDefinition: group and kind of its instances.
    pub defines: Option<(String, String)>,
    /// For a namespace or CustomResourceDefinition: one object that would be deleted along with it and is not a candidate itself.
    pub bystander: Option<ObjectKey>,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is not there.
    Gone,
    /// It is ours, with this uid.
    Ours(String),
    /// It is being deleted.
    Terminating,
    /// It is ours and stays when its application leaves this site.
    Kept,
    /// Nothing of ours is on it any more.
    Foreign,
    /// Only some of our marks are on it; what is missing.
    HalfOurs(&'static str),
}

/// What is deleted, and what is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruning {
    /// Deletions, in order. The first stage is of custom resources; where there is one it must be gone before the next begins.
    pub stages: Vec<Stage>,
    /// What the guards refuse.
    pub refused: Vec<Refusal>,
    /// Entries to be taken out of the inventory: gone, or ours no longer.
    pub forget: Vec<ObjectKey>,
    /// Objects that are being deleted; they stay in the inventory until they are gone.
    pub waiting: Vec<ObjectKey>,
    /// Objects that are left in the cluster without being an error, and why.
    pub left: Vec<(ObjectKey, String)>,
    /// Why nothing is deleted now, though something could be.
    pub postponed: Option<String>,
}

/// The entries of the inventory that left the desired set, and may be deleted if they are still ours. An application that is
/// there and does not prune keeps what left it.
pub fn candidates<'a>(
    inventory: &'a Inventory,
    standing: &'a Standing,
    desired: &'a Desired,
) -> impl Iterator<Item = &'a ObjectKey> {
    inventory.entries.keys().filter(|key| may_go(key, inventory, standing, desired))
}

/// Whether nothing but the object itself can say that it stays.
fn may_go(key: &ObjectKey, inventory: &Inventory, standing: &Standing, desired: &Desired) -> bool {
    let Some(entry) = inventory.entries.get(key) else { return false };
    let keeps =
        |one: &DesiredApplication| one.application.name == entry.application && !one.application.prune;
    !standing.holds(key) && !desired.applications.iter().any(keeps)
}

/// Reduces a candidate to what the decision needs. `is_removed` says that its application is gone from this site.
pub fn inspect(
    key: &ObjectKey,
    gvk: &Gvk,
    live: Option<&Live>,
    owner: &OwnerLabel,
    is_removed: bool,
) -> Finding {
    let fate = match live {
        None => Fate::Gone,
        Some(live) if !has_label(live, owner) && !has_entry(live) => Fate::Foreign,
        Some(live) if is_removed && live.annotation(ON_REMOVAL_ANNOTATION) == Some(KEEP) => Fate::Kept,
        Some(live) if live.is_terminating() => Fate::Terminating,
        Some(live) if !is_ours_to_prune(live, owner) => Fate::HalfOurs(missing_mark(live, owner)),
        Some(live) => Fate::Ours(live.uid().to_owned()),
    };
    let defines =
        live.filter(|_| gvk.is("apiextensions.k8s.io", "CustomResourceDefinition")).and_then(|live| {
            let text = |pointer| live.value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            Some((text("/spec/group")?, text("/spec/names/kind")?))
        });
    Finding { key: key.clone(), gvk: gvk.clone(), fate, defines, bystander: None }
}

impl Finding {
    /// Whether it is a namespace or a definition of ours: other things may live by it.
    pub fn is_container(&self) -> bool {
        let is_kind =
            self.key.is("", "Namespace") || self.key.is("apiextensions.k8s.io", "CustomResourceDefinition");
        is_kind && matches!(self.fate, Fate::Ours(_))
    }
}

/// Whether a live object would be lost if the namespace or definition it depends on were deleted: it is not a candidate, no
/// controller makes it, and the server does not put it into every namespace.
pub fn is_bystander(content: &Live, candidates: &BTreeSet<ObjectKey>) -> bool {
    let key = content.key();
    let is_furniture = match (key.group.as_str(), key.kind.as_str()) {
        ("", "ConfigMap") => key.name == "kube-root-ca.crt",
        ("", "ServiceAccount") => key.name == "default",
        ("", kind) => ["Event", "Endpoints"].contains(&kind),
        // What is measured, elected, or worked out from other objects.
        (group, _) => FURNITURE.contains(&group),
    };
    !is_furniture && !has_controller(content) && !candidates.contains(&key)
}

/// Decides what is deleted.
pub fn prune(desired: &Desired, standing: &Standing, inventory: &Inventory, findings: &[Finding]) -> Pruning {
    let mut pruning = Pruning::default();
    let mut doomed = sort_by_fate(findings, &mut pruning);
    // What stands, what is kept and what was never ours is not deleted, whatever findings are handed in.
    doomed.retain(|finding| may_go(&finding.key, inventory, standing, desired));
    if doomed.is_empty() {
        return pruning;
    }
    if inventory.is_rebuilt {
        pruning.postponed = Some(format!(
            "{} objects left the fleet; nothing is deleted until a whole revision has been steady, for the record of what is ours was lost",
            doomed.len()
        ));
        return pruning;
    }
    if desired.applications.is_empty() {
        let message = format!(
            "no application is left for this site, and {} objects would be deleted: nothing is deleted for an empty fleet. \
             Keep one application, if need be an empty one, that says `allowPrune: [all]`",
            doomed.len()
        );
        pruning.refused.push(site_refusal(RefusalReason::PruneGuarded, message));
        return pruning;
    }
    let leaving = findings.iter().filter(|finding| matches!(finding.fate, Fate::Gone | Fate::Terminating));
    let leaving = leaving.map(|finding| finding.key.clone()).collect();
    let guards = Guards { desired, standing, inventory, leaving };
    pruning.refused = guards.refuse_objects(&mut doomed);
    if let Some(refusal) = guards.refuse_whole(&doomed) {
        pruning.refused.push(refusal);
        return pruning;
    }
    let is_blocked = pruning.waiting.iter().any(|key| stage_of_key(key) == StageId::Custom);
    pruning.stages = in_order(doomed, desired, inventory, is_blocked);
    pruning
}

/// Sorts the findings; returns those that would be deleted.
fn sort_by_fate<'a>(findings: &'a [Finding], pruning: &mut Pruning) -> Vec<&'a Finding> {
    let mut doomed = Vec::new();
    for finding in findings {
        let key = || finding.key.clone();
        match &finding.fate {
            Fate::Ours(_) => doomed.push(finding),
            Fate::Gone => pruning.forget.push(key()),
            Fate::Terminating => pruning.waiting.push(key()),
            Fate::Kept => {
                pruning.forget.push(key());
                pruning
                    .left
                    .push((key(), "it stays, as its application said, and is ours no longer".to_owned()));
            }
            Fate::Foreign => {
                pruning.forget.push(key());
                pruning.left.push((key(), "nothing on it is ours any more".to_owned()));
            }
            Fate::HalfOurs(missing) => {
                let why = format!("it is not deleted, for {missing}; delete it by hand if it should go");
                pruning.left.push((key(), why));
            }
        }
    }
    doomed
}

/// The deletions in order: by kind the other way round, within a kind those of dependants first.
fn in_order(
    mut doomed: Vec<&Finding>,
    desired: &Desired,
    inventory: &Inventory,
    only_custom: bool,
) -> Vec<Stage> {
    let levels = level_of(desired);
    let application =
        |key: &ObjectKey| inventory.entries.get(key).map_or("", |entry| entry.application.as_str());
    // Nothing that stands can depend on an application that is gone: those go first.
    let level = |key: &ObjectKey| levels.get(application(key)).copied().unwrap_or(usize::MAX);
    doomed.sort_by_cached_key(|finding| {
        let (wave, rank) = prune_rank(&finding.key);
        (wave, Reverse(level(&finding.key)), rank, finding.key.clone())
    });
    let mut stages: BTreeMap<u8, Stage> = BTreeMap::new();
    for finding in doomed {
        let Fate::Ours(uid) = &finding.fate else { continue };
        let stage = stage_of_key(&finding.key);
        if only_custom && stage != StageId::Custom {
            continue;
        }
        let name = match (stage, finding.key.kind.as_str()) {
            (StageId::Definitions, "Namespace") => "namespaces",
            _ => stage.name(),
        };
        let stage = stages.entry(prune_rank(&finding.key).0).or_insert(Stage { name, steps: Vec::new() });
        stage.steps.push(Step {
            key: finding.key.clone(),
            gvk: finding.gvk.clone(),
            application: application(&finding.key).to_owned(),
            action: Action::Delete { uid: uid.clone() },
        });
    }
    stages.into_values().collect()
}

fn missing_mark(live: &Live, owner: &OwnerLabel) -> &'static str {
    if !has_label(live, owner) {
        "it lost our owner label"
    } else if !has_entry(live) {
        "nothing shows that it was applied from here"
    } else {
        "a controller owns it"
    }
}
