//! The controllers of a cluster in which all goes well, at once: what they would write into `status`.

use super::managers::TIME;
use super::pods;
use crate::model::Gvk;
use serde_json::{Value, json};

/// The status that a healthy cluster gives an object; `None` for kinds without one.
pub(super) fn status(gvk: &Gvk, object: &Value) -> Option<Value> {
    let generation = object.pointer("/metadata/generation").cloned().unwrap_or_default();
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    let status = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Namespace") => json!({"phase": "Active"}),
        ("", "PersistentVolumeClaim") => json!({"phase": "Bound"}),
        ("", "Pod") => json!({
            "phase": "Running",
            "conditions": [condition("PodScheduled", ""), condition("Ready", "")],
        }),
        ("apps", "Deployment") if pods::stuck(object).is_some() => return pods::stuck(object),
        ("apps", "Deployment") => json!({
            "observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas,
            "readyReplicas": replicas, "availableReplicas": replicas,
            "conditions": [
                condition("Available", "MinimumReplicasAvailable"),
                condition("Progressing", "NewReplicaSetAvailable"),
            ],
        }),
        ("apps", "ReplicaSet") => json!({
            "observedGeneration": generation, "replicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas, "fullyLabeledReplicas": replicas,
        }),
        ("apps", "StatefulSet") => json!({
            "observedGeneration": generation, "replicas": replicas, "readyReplicas": replicas,
            "currentReplicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas,
            "currentRevision": "memory-1", "updateRevision": "memory-1",
        }),
        ("apps", "DaemonSet") => json!({
            "observedGeneration": generation, "desiredNumberScheduled": 1, "currentNumberScheduled": 1,
            "updatedNumberScheduled": 1, "numberReady": 1, "numberAvailable": 1, "numberMisscheduled": 0,
        }),
        ("batch", "Job") => json!({
            "startTime": TIME, "completionTime": TIME, "active": 0, "ready": 0,
            "succeeded": object.pointer("/spec/completions").and_then(Value::as_i64).unwrap_or(1),
            "conditions": [condition("SuccessCriteriaMet", ""), condition("Complete", "")],
        }),
        ("policy", "PodDisruptionBudget") => json!({
            "observedGeneration": generation, "expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1,
            "disruptionsAllowed": 0,
        }),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => json!({
            "acceptedNames": object.pointer("/spec/names").cloned().unwrap_or_default(),
            "storedVersions": [],
            "conditions": [condition("NamesAccepted", "NoConflicts"), condition("Established", "InitialNamesAccepted")],
        }),
        ("apiregistration.k8s.io", "APIService") => json!({"conditions": [condition("Available", "Local")]}),
        _ => return None,
    };
    Some(status)
}

/// A condition that is true.
fn condition(name: &str, reason: &str) -> Value {
    json!({"type": name, "status": "True", "reason": reason, "message": "", "lastTransitionTime": TIME})
}
