//! Kinds that keep a number of pods running.

use super::generic::not_seen;
use super::probe::{Condition, Finding, Probe, current, in_progress};

/// What the controller writes where no deadline is wanted.
const NO_DEADLINE: i64 = i32::MAX as i64;

pub(super) fn deployment(probe: Probe<'_>) -> Finding {
    if let Some(waiting) = not_seen(probe) {
        return waiting;
    }
    let progressing = probe.condition("Progressing");
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
        return refused_pods(probe).unwrap_or(waiting);
    }
    // Its own clock has run out, maybe while an image was pulled; it goes on trying.
    if let Some(condition) = progressing.filter(|one| one.reason() == "ProgressDeadlineExceeded") {
        return in_progress(condition.words());
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
    let wanted = probe.number("/spec/replicas").unwrap_or(1);
    let there = probe.count("/status/replicas");
    let ready = probe.count("/status/readyReplicas");
    let updated = probe.count("/status/updatedReplicas");
    let must_last = probe.count("/spec/minReadySeconds") > 0;
    let counts = fewer(there, wanted, "replicas are there")
        .or_else(|| fewer(ready, wanted, "replicas are ready"))
        .or_else(|| more(there, wanted))
        .or_else(|| {
            fewer(probe.count("/status/availableReplicas"), wanted, "replicas are available")
                .filter(|_| must_last)
        });
    if let Some(waiting) = counts {
        return waiting;
    }
    if probe.text("/spec/updateStrategy/type") == Some("OnDelete") {
        return current(format!(
            "{ready} of {wanted} replicas are ready; they are updated when they are deleted"
        ));
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
    if let Some(refused) = refused_pods(probe) {
        return refused;
    }
    let wanted = probe.number("/spec/replicas").unwrap_or(1);
    let ready = probe.count("/status/readyReplicas");
    fewer(probe.count("/status/fullyLabeledReplicas"), wanted, "replicas are there")
        .or_else(|| fewer(probe.count("/status/availableReplicas"), wanted, "replicas are available"))
        .or_else(|| fewer(ready, wanted, "replicas are ready"))
        .or_else(|| more(probe.count("/status/replicas"), wanted))
        .unwrap_or_else(|| current(format!("{ready} of {wanted} replicas are ready")))
}

/// What the server says where it refuses the pods: a quota, a policy, a webhook.
fn refused_pods(probe: Probe<'_>) -> Option<Finding> {
    let failure = probe.condition("ReplicaFailure").filter(|one| one.is_true())?;
    Some(in_progress(failure.words()))
}

fn fewer(count: i64, wanted: i64, what: &str) -> Option<Finding> {
    (count < wanted).then(|| in_progress(format!("{count} of {wanted} {what}")))
}

fn more(count: i64, wanted: i64) -> Option<Finding> {
    (count > wanted).then(|| in_progress(format!("{} old replicas are still to go", count - wanted)))
}
