//! Which kinds the cluster serves: the built-in ones, and those of its custom resource definitions.

use crate::cluster::{Kind, Kinds};
use crate::model::Gvk;
use serde_json::Value;

/// Built-in kinds: API version, kind, plural, whether its objects live in namespaces.
const BUILTIN: &[(&str, &str, &str, bool)] = &[
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Endpoints", "endpoints", true),
    ("v1", "LimitRange", "limitranges", true),
    ("v1", "Namespace", "namespaces", false),
    ("v1", "Node", "nodes", false),
    ("v1", "PersistentVolume", "persistentvolumes", false),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("v1", "Pod", "pods", true),
    ("v1", "PodTemplate", "podtemplates", true),
    ("v1", "ReplicationController", "replicationcontrollers", true),
    ("v1", "ResourceQuota", "resourcequotas", true),
    ("v1", "Secret", "secrets", true),
    ("v1", "Service", "services", true),
    ("v1", "ServiceAccount", "serviceaccounts", true),
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        false,
    ),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        false,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        false,
    ),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false),
    ("apiregistration.k8s.io/v1", "APIService", "apiservices", false),
    ("apps/v1", "DaemonSet", "daemonsets", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apps/v1", "ReplicaSet", "replicasets", true),
    ("apps/v1", "StatefulSet", "statefulsets", true),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    ("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    ("batch/v1", "CronJob", "cronjobs", true),
    ("batch/v1", "Job", "jobs", true),
    ("coordination.k8s.io/v1", "Lease", "leases", true),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true),
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", false),
    ("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", false),
    ("networking.k8s.io/v1", "Ingress", "ingresses", true),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses", false),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true),
    ("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", true),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true),
    ("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false),
    ("storage.k8s.io/v1", "CSIDriver", "csidrivers", false),
    ("storage.k8s.io/v1", "StorageClass", "storageclasses", false),
];

/// The kinds of a cluster without definitions.
pub(super) fn builtin() -> Kinds {
    let mut kinds = Kinds::default();
    for (api_version, kind, plural, is_namespaced) in BUILTIN {
        add(&mut kinds, Gvk::new(api_version, kind), plural, *is_namespaced);
    }
    kinds
}

/// Whether it is a built-in kind.
pub(super) fn is_builtin(gvk: &Gvk) -> bool {
    let api_version = gvk.api_version();
    BUILTIN.iter().any(|(builtin, kind, ..)| *builtin == api_version && *kind == gvk.kind)
}

/// Adds what a custom resource definition defines.
pub(super) fn define(kinds: &mut Kinds, definition: &Value) {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let is_namespaced = text("/spec/scope") == "Namespaced";
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let mut served: Vec<&str> = versions
        .into_iter()
        .flatten()
        .filter(|version| version["served"] == true)
        .filter_map(|version| version["name"].as_str())
        .collect();
    served.sort_by_key(|version| std::cmp::Reverse(rank(version)));
    for version in served {
        let (group, kind) = (text("/spec/group").to_owned(), text("/spec/names/kind").to_owned());
        add(
            kinds,
            Gvk { group, version: version.to_owned(), kind },
            text("/spec/names/plural"),
            is_namespaced,
        );
    }
}

fn add(kinds: &mut Kinds, gvk: Gvk, plural: &str, is_namespaced: bool) {
    kinds.preferred.entry((gvk.group.clone(), gvk.kind.clone())).or_insert_with(|| gvk.version.clone());
    kinds.all.insert(gvk, Kind { plural: plural.to_owned(), is_namespaced, is_listable: true });
}

/// Kubernetes' order of versions: stable before beta before alpha, higher numbers first, other names last.
fn rank(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse::<u32>().ok();
    let parse = || {
        let rest = version.strip_prefix('v')?;
        for (level, word) in [(2, "beta"), (1, "alpha")] {
            if let Some((major, minor)) = rest.split_once(word) {
                return Some((level, number(major)?, number(minor)?));
            }
        }
        Some((3, number(rest)?, 0))
    };
    parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_most_stable_version_is_preferred() {
        let check = |versions: &[&str], expect: &str| {
            let versions: Vec<Value> =
                versions.iter().map(|name| json!({"name": name, "served": true})).collect();
            let definition = json!({"spec": {"group": "e.com", "scope": "Namespaced", "versions": versions,
                "names": {"kind": "Widget", "plural": "widgets"}}});
            let mut kinds = Kinds::default();
            define(&mut kinds, &definition);
            assert_eq!(kinds.preferred[&("e.com".to_owned(), "Widget".to_owned())], expect);
        };
        check(&["v1", "v2"], "v2");
        check(&["v2alpha1", "v1beta2", "v1beta10"], "v1beta10");
        check(&["v3alpha1", "v1"], "v1");
        check(&["main", "v1alpha1"], "v1alpha1");
        check(&["v10", "v9"], "v10");
    }
}
