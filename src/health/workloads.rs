//! Kinds that keep a number of pods running.

use super::probe::{Condition, Finding, Probe, current, failed, in_progress};

/// What the controller writes where no deadline is wanted.
const NO_DEADLINE: i64 = i32::MAX as i64;

pub(super) fn deployment(probe: Probe<'_>) -> Finding {
    if let Some(waiting) = not_seen(probe) {
        return waiting;
    }
    let progressing = probe.condition("Progressing");
    if let Some(condition) = progressing.filter(|one| one.reason() == "ProgressDeadlineExceeded") {
        return failed(condition.words());
    }
    let wanted = probe.number("/spec/replicas").unwrap_or(1);
    let there = probe.count("/status/replicas");
    let updated = probe.count("/status/updatedReplicas");
    let ready = probe.count("/status/readyReplicas");
    let available = probe.count("/status/availableReplicas");
    let counts = fewer(there, wanted, "replicas are there")
        .or_else(|| fewer(updated, wanted, "replicas are updated"))
        .or_else(|| more(there, wanted))
        .or_else(|| fewer(available, updated, "updated replicas are available"))
        .or_else(|| fewer(ready, wanted, "replicas are ready"));
    if let Some(waiting) = counts {
        return waiting;
    }
    let has_deadline = probe.number("/spec/progressDeadlineSeconds").unwrap_or(NO_DEADLINE) != NO_DEADLINE;
    let is_new = progressing.is_some_and(|one| one.is_true() && one.reason() == "NewReplicaSetAvailable");
    if has_deadline && !is_new && probe.flag("/spec/paused") {
        return in_progress("its rollout is paused, as it says");
    }
    if has_deadline && !is_new {
        return in_progress("its new ReplicaSet is not available yet");
    }
    if !probe.condition("Available").is_some_and(Condition::is_true) {
        return in_progress("it is not available yet");
    }
    current(format!("{ready} of {wanted} replicas are ready"))
}

pub(super) fn stateful_set(probe: Probe<'_>) -> Finding {
    if let Some(waiting) = not_seen(probe) {
        return waiting;
    }
    if probe.text("/spec/updateStrategy/type") == Some("OnDelete") {
        return current("its pods are updated when they are deleted");
    }
    let wanted = probe.number("/spec/replicas").unwrap_or(1);
    let there = probe.count("/status/replicas");
    let ready = probe.count("/status/readyReplicas");
    let updated = probe.count("/status/updatedReplicas");
    let counts = fewer(there, wanted, "replicas are there")
        .or_else(|| fewer(ready, wanted, "replicas are ready"))
        .or_else(|| more(there, wanted));
    if let Some(waiting) = counts {
        return waiting;
    }
    // The server writes a partition of 0 into every StatefulSet; then all pods are to be updated, and the revisions tell.
    let partition = probe.count("/spec/updateStrategy/rollingUpdate/partition");
    if partition > 0 {
        let due = (wanted - partition).max(0);
        return fewer(updated, due, "replicas above the partition are updated")
            .unwrap_or_else(|| current(format!("{updated} replicas are updated, as its partition says")));
    }
    if probe.text("/status/currentRevision") != probe.text("/status/updateRevision") {
        return in_progress(format!("{updated} of {wanted} replicas are updated"));
    }
    fewer(probe.count("/status/currentReplicas"), wanted, "replicas are of the current revision")
        .unwrap_or_else(|| current(format!("{ready} of {wanted} replicas are ready")))
}

pub(super) fn daemon_set(probe: Probe<'_>) -> Finding {
    if let Some(waiting) = not_seen(probe) {
        return waiting;
    }
    let Some(wanted) = probe.number("/status/desiredNumberScheduled") else {
        return in_progress("its controller has not counted the nodes yet");
    };
    let ready = probe.count("/status/numberReady");
    let is_on_delete = probe.text("/spec/updateStrategy/type") == Some("OnDelete");
    fewer(probe.count("/status/currentNumberScheduled"), wanted, "nodes have its pod")
        .or_else(|| {
            let updated = probe.count("/status/updatedNumberScheduled");
            fewer(updated, wanted, "pods are updated").filter(|_| !is_on_delete)
        })
        .or_else(|| fewer(probe.count("/status/numberAvailable"), wanted, "pods are available"))
        .or_else(|| fewer(ready, wanted, "pods are ready"))
        .unwrap_or_else(|| current(format!("{ready} of {wanted} pods are ready")))
}

pub(super) fn replica_set(probe: Probe<'_>) -> Finding {
    if let Some(waiting) = not_seen(probe) {
        return waiting;
    }
    if let Some(condition) = probe.condition("ReplicaFailure").filter(|one| one.is_true()) {
        return in_progress(condition.words());
    }
    let wanted = probe.number("/spec/replicas").unwrap_or(1);
    let ready = probe.count("/status/readyReplicas");
    fewer(probe.count("/status/fullyLabeledReplicas"), wanted, "replicas are there")
        .or_else(|| fewer(probe.count("/status/availableReplicas"), wanted, "replicas are available"))
        .or_else(|| fewer(ready, wanted, "replicas are ready"))
        .or_else(|| more(probe.count("/status/replicas"), wanted))
        .unwrap_or_else(|| current(format!("{ready} of {wanted} replicas are ready")))
}

/// The server numbers what it stores, and the controller says which number it has seen: none yet means that the rest of the
/// status says nothing.
fn not_seen(probe: Probe<'_>) -> Option<Finding> {
    let is_seen = probe.number("/status/observedGeneration").is_some();
    (!is_seen && probe.number("/metadata/generation").is_some())
        .then(|| in_progress("its controller has not looked at it yet"))
}

fn fewer(count: i64, wanted: i64, what: &str) -> Option<Finding> {
    (count < wanted).then(|| in_progress(format!("{count} of {wanted} {what}")))
}

fn more(count: i64, wanted: i64) -> Option<Finding> {
    (count > wanted).then(|| in_progress(format!("{} old replicas are still to go", count - wanted)))
}
