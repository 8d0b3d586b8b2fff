//! In which order kinds are written, and deleted.

use crate::model::{Gvk, Object, ObjectKey};

/// One group of kinds of a stage. Groups are written one after the other, objects of one group side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageId {
    /// CustomResourceDefinitions and Namespaces: what others need to be there at all.
    Definitions,
    /// Cluster-wide roles, classes and admission policies.
    Policy,
    /// What binds them: the server looks for the role or policy when it gets the binding.
    Bindings,
    /// What workloads read when they start: quotas, accounts, configuration, claims, network policies.
    Settings,
    /// Role bindings and Services.
    Access,
    /// What runs.
    Workloads,
    /// What leads to it or scales it: Ingress, HorizontalPodAutoscaler, PodDisruptionBudget.
    Traffic,
    /// Custom resources and kinds that we do not know.
    Custom,
    /// Webhooks and aggregated APIs: they act on everything written after them, so they come last.
    Webhooks,
}

/// Kinds in the order in which they are written. `*` stands for any kind of a group that the API server does not serve by itself.
const ORDER: &[(StageId, &str, &str)] = &[
    (StageId::Definitions, "apiextensions.k8s.io", "CustomResourceDefinition"),
    (StageId::Definitions, "", "Namespace"),
    (StageId::Policy, "scheduling.k8s.io", "PriorityClass"),
    (StageId::Policy, "storage.k8s.io", "StorageClass"),
    (StageId::Policy, "storage.k8s.io", "CSIDriver"),
    (StageId::Policy, "node.k8s.io", "RuntimeClass"),
    (StageId::Policy, "networking.k8s.io", "IngressClass"),
    (StageId::Policy, "rbac.authorization.k8s.io", "ClusterRole"),
    (StageId::Policy, "flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    (StageId::Policy, "flowcontrol.apiserver.k8s.io", "FlowSchema"),
    (StageId::Policy, "admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    (StageId::Policy, "admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    (StageId::Bindings, "rbac.authorization.k8s.io", "ClusterRoleBinding"),
    (StageId::Bindings, "admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    (StageId::Bindings, "admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    (StageId::Settings, "", "ResourceQuota"),
    (StageId::Settings, "", "LimitRange"),
    (StageId::Settings, "networking.k8s.io", "NetworkPolicy"),
    (StageId::Settings, "", "ServiceAccount"),
    (StageId::Settings, "", "Secret"),
    (StageId::Settings, "", "ConfigMap"),
    (StageId::Settings, "rbac.authorization.k8s.io", "Role"),
    (StageId::Settings, "", "PersistentVolume"),
    (StageId::Settings, "", "PersistentVolumeClaim"),
    (StageId::Access, "rbac.authorization.k8s.io", "RoleBinding"),
    (StageId::Access, "", "Service"),
    (StageId::Access, "", "Endpoints"),
    (StageId::Access, "discovery.k8s.io", "EndpointSlice"),
    (StageId::Workloads, "apps", "DaemonSet"),
    (StageId::Workloads, "apps", "StatefulSet"),
    (StageId::Workloads, "apps", "Deployment"),
    (StageId::Workloads, "apps", "ReplicaSet"),
    (StageId::Workloads, "", "ReplicationController"),
    (StageId::Workloads, "", "Pod"),
    (StageId::Workloads, "batch", "Job"),
    (StageId::Workloads, "batch", "CronJob"),
    (StageId::Traffic, "networking.k8s.io", "Ingress"),
    (StageId::Traffic, "autoscaling", "HorizontalPodAutoscaler"),
    (StageId::Traffic, "policy", "PodDisruptionBudget"),
    (StageId::Custom, "*", "*"),
    (StageId::Webhooks, "apiregistration.k8s.io", "APIService"),
    (StageId::Webhooks, "admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    (StageId::Webhooks, "admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
];

/// Groups that the API server serves itself and that do not end on `.k8s.io`, and those that do.
const BUILTIN: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Where in the order a kind stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(usize);

/// The group of kinds that a kind is written with.
pub fn stage_of(gvk: &Gvk) -> StageId {
    place(&gvk.group, &gvk.kind).1
}

/// Where in the order of writing a kind stands.
pub fn rank(gvk: &Gvk) -> Rank {
    Rank(place(&gvk.group, &gvk.kind).0)
}

/// Whether the API server serves this kind itself, from whatever version on.
pub fn is_builtin(gvk: &Gvk) -> bool {
    BUILTIN.contains(&gvk.group.as_str())
}

/// The order of objects inside a group: by kind, then namespace and name, so that a plan always reads the same.
pub(super) fn sort_key(object: &Object) -> (Rank, ObjectKey) {
    (rank(object.gvk()), object.key())
}

/// The group of kinds that an object is deleted with.
pub(super) fn stage_of_key(key: &ObjectKey) -> StageId {
    place(&key.group, &key.kind).1
}

/// The order of deleting: the other way round, but custom resources come first of all (their finalizers need what is written
/// before them, and webhooks that would refuse the delete mean it), and definitions are split, namespaces last.
pub(super) fn prune_rank(key: &ObjectKey) -> (u8, std::cmp::Reverse<Rank>) {
    let (rank, stage) = place(&key.group, &key.kind);
    let wave = match stage {
        StageId::Custom => 0,
        StageId::Webhooks => 1,
        StageId::Traffic => 2,
        StageId::Workloads => 3,
        StageId::Access => 4,
        StageId::Settings => 5,
        StageId::Bindings => 6,
        StageId::Policy => 7,
        StageId::Definitions if key.kind == "CustomResourceDefinition" => 8,
        StageId::Definitions => 9,
    };
    (wave, std::cmp::Reverse(Rank(rank)))
}

fn place(group: &str, kind: &str) -> (usize, StageId) {
    let known = ORDER.iter().position(|(_, g, k)| (*g, *k) == (group, kind));
    let place = known.or_else(|| ORDER.iter().position(|(stage, ..)| *stage == StageId::Custom));
    place.map_or((ORDER.len(), StageId::Custom), |at| (at, ORDER[at].0))
}

impl StageId {
    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definitions => "definitions",
            Self::Policy => "cluster policy",
            Self::Bindings => "cluster bindings",
            Self::Settings => "settings",
            Self::Access => "access",
            Self::Workloads => "workloads",
            Self::Traffic => "traffic",
            Self::Custom => "custom resources",
            Self::Webhooks => "webhooks",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_once_and_stages_do_not_mix() {
        let mut seen = std::collections::BTreeSet::new();
        for (_, group, kind) in ORDER {
            assert!(seen.insert((group, kind)), "{group}/{kind} stands twice");
            assert!(*group == "*" || BUILTIN.contains(group), "{group} is not known as built in");
        }
        assert!(ORDER.is_sorted_by_key(|(stage, ..)| *stage));
    }

    #[test]
    fn kinds_by_stage() {
        let check =
            |api: &str, kind: &str, stage| assert_eq!(stage_of(&Gvk::new(api, kind)), stage, "{kind}");
        check("apiextensions.k8s.io/v1", "CustomResourceDefinition", StageId::Definitions);
        check("v1", "Namespace", StageId::Definitions);
        check("example.com/v1", "Namespace", StageId::Custom);
        check("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", StageId::Bindings);
        check("rbac.authorization.k8s.io/v1", "Role", StageId::Settings);
        check("v1", "Secret", StageId::Settings);
        check("apps/v1", "Deployment", StageId::Workloads);
        check("serving.knative.dev/v1", "Service", StageId::Custom);
        check("networking.k8s.io/v1", "Ingress", StageId::Traffic);
        check("helm.cattle.io/v1", "HelmChart", StageId::Custom);
        check("coordination.k8s.io/v1", "Lease", StageId::Custom);
        check("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", StageId::Policy);
        check("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", StageId::Webhooks);
    }
}
