//! A pod that its StatefulSet cannot get rid of.

use crate::health::probe::{Condition, Probe};
use crate::model::Live;

/// Whether a pod that is not ready stands on a template which its StatefulSet has withdrawn.
///
/// A StatefulSet that makes its pods one after the other waits for each to be ready before it goes on, also before it replaces this
/// very one: with the good template back in place it waits for a pod of the bad one for ever. Deleting that pod helps.
pub fn is_stuck(set: &Live, pod: &Live) -> bool {
    let (set_probe, probe) = (Probe::new(&set.value), Probe::new(&pod.value));
    let rolls = set_probe.text("/spec/updateStrategy/type").is_none_or(|kind| kind == "RollingUpdate");
    let in_order = set_probe.text("/spec/podManagementPolicy").is_none_or(|kind| kind == "OrderedReady");
    let is_seen = set_probe.number("/status/observedGeneration") == set_probe.number("/metadata/generation");
    if !rolls || !in_order || !is_seen || pod.is_terminating() || !is_owned(set, probe) {
        return false;
    }
    let wanted = set_probe.text("/status/updateRevision");
    let stands_on = probe.label("controller-revision-hash");
    let is_due = ordinal(set, pod) >= Some(set_probe.count("/spec/updateStrategy/rollingUpdate/partition"));
    let is_ready = probe.condition("Ready").is_some_and(Condition::is_true);
    is_due && !is_ready && wanted.is_some() && stands_on.is_some() && stands_on != wanted
}

fn is_owned(set: &Live, pod: Probe<'_>) -> bool {
    let controller = pod.items("/metadata/ownerReferences").find(|one| one.flag("/controller"));
    !set.uid().is_empty() && controller.and_then(|one| one.text("/uid")) == Some(set.uid())
}

/// The number at the end of the pod's name, from the set's first number on.
fn ordinal(set: &Live, pod: &Live) -> Option<i64> {
    let (_, number) = pod.value.pointer("/metadata/name")?.as_str()?.rsplit_once('-')?;
    let start = Probe::new(&set.value).count("/spec/ordinals/start");
    Some(number.parse::<i64>().ok()?.saturating_sub(start))
}
