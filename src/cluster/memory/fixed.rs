//! Fields that cannot change, and metadata that counts.

use crate::model::Gvk;
use serde_json::Value;

/// Fields that cannot change once an object is there: group, kind, JSON pointer.
const FIXED: &[(&str, &str, &str)] = &[
    ("", "PersistentVolumeClaim", "/spec/accessModes"),
    ("", "PersistentVolumeClaim", "/spec/storageClassName"),
    ("", "Secret", "/type"),
    ("apiextensions.k8s.io", "CustomResourceDefinition", "/spec/scope"),
    ("apps", "DaemonSet", "/spec/selector"),
    ("apps", "Deployment", "/spec/selector"),
    ("apps", "ReplicaSet", "/spec/selector"),
    ("apps", "StatefulSet", "/spec/selector"),
    ("apps", "StatefulSet", "/spec/serviceName"),
    ("apps", "StatefulSet", "/spec/volumeClaimTemplates"),
    ("batch", "Job", "/spec/completions"),
    ("batch", "Job", "/spec/selector"),
    ("batch", "Job", "/spec/template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", "/roleRef"),
    ("rbac.authorization.k8s.io", "RoleBinding", "/roleRef"),
    ("storage.k8s.io", "StorageClass", "/provisioner"),
];

/// The server's complaints about fields that may not change and do.
pub(super) fn complaints(gvk: &Gvk, old: &Value, new: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (group, kind, pointer) in FIXED {
        if gvk.is(group, kind) && old.pointer(pointer) != new.pointer(pointer) {
            complaints.push(format!("{}: field is immutable", pointer[1..].replace('/', ".")));
        }
    }
    if old["immutable"] == true && (gvk.is("", "ConfigMap") || gvk.is("", "Secret")) {
        let data = ["data", "binaryData"].into_iter().filter(|field| old.get(field) != new.get(field));
        complaints.extend(
            data.map(|field| format!("{field}: Forbidden: field is immutable when `immutable` is set")),
        );
    }
    complaints
}

/// Whether the kind counts changes of its spec in `metadata.generation`. Plain ones (configuration, rights, accounts) do not.
pub(super) fn has_generation(gvk: &Gvk, is_builtin: bool) -> bool {
    match gvk.group.as_str() {
        "" => matches!(gvk.kind.as_str(), "Pod" | "ReplicationController"),
        "rbac.authorization.k8s.io" | "coordination.k8s.io" | "storage.k8s.io" if is_builtin => false,
        _ => true,
    }
}

/// Whether two states differ in anything but metadata and status.
pub(super) fn differs_in_spec(old: &Value, new: &Value) -> bool {
    let fields = |value: &Value| {
        let mut map = value.as_object().cloned().unwrap_or_default();
        for field in ["metadata", "status", "apiVersion"] {
            map.remove(field);
        }
        map
    };
    fields(old) != fields(new)
}
