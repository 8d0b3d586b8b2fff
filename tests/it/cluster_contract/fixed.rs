//! Fields that cannot change.

use super::arena::{Arena, DRY, FORCE, PLAIN, changed, cluster_wide};
use serde_json::{Value, json};
use standfast::cluster::Applied;
use standfast::model::Object;

super::contract!(what_cannot_change_is_told_as_such, other_fields_of_the_same_objects_change);

/// Two states of an object, of which the first cannot become the second, and what the words must name.
fn cases(arena: &Arena) -> Vec<(Object, Object, &'static str)> {
    let template = |labels: Value, image: &str| json!({"metadata": {"labels": labels}, "spec": {"restartPolicy": "Always", "containers": [{"name": "c", "image": image}]}});
    let workload = |kind: &str, app: &str| {
        let mut spec =
            json!({"selector": {"matchLabels": {"a": app}}, "template": template(json!({"a": app}), "i")});
        if kind != "DaemonSet" {
            spec["replicas"] = json!(0);
        }
        arena.object("a", json!({"apiVersion": "apps/v1", "kind": kind, "spec": spec}))
    };
    let stateful = |service: &str| {
        arena.object("b", json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 0, "serviceName": service,
            "selector": {"matchLabels": {"a": "b"}}, "template": template(json!({"a": "b"}), "i")}}))
    };
    let job = |image: &str| {
        let mut template = template(json!({}), image);
        template["spec"]["restartPolicy"] = json!("Never");
        arena.object("a", json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}}))
    };
    let secret = |kind: &str| {
        let manifest = json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "data": {"a": "Yg=="}});
        arena.object("a", manifest)
    };
    let map = |value: &str| {
        arena.object(
            "fixed",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "immutable": true, "data": {"k": value}}),
        )
    };
    let claim = |class: &str| {
        arena.object("a", json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"accessModes": ["ReadWriteOnce"],
            "storageClassName": class, "resources": {"requests": {"storage": "1Gi"}}}}))
    };
    let binding = |role: &str| {
        arena.object(
            "a",
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}}),
        )
    };
    let name = Arena::unique("class");
    let class = |provisioner: &str| {
        let manifest =
            json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": provisioner});
        cluster_wide(&name, manifest)
    };
    vec![
        (workload("Deployment", "a"), workload("Deployment", "b"), "spec.selector"),
        (workload("DaemonSet", "a"), workload("DaemonSet", "b"), "spec.selector"),
        (stateful("one"), stateful("two"), "serviceName"),
        (job("one"), job("two"), "spec.template: field is immutable"),
        (secret("e.com/one"), secret("e.com/two"), "type"),
        (map("one"), map("two"), "data: Forbidden: field is immutable when `immutable` is set"),
        (claim("one"), claim("two"), "spec"),
        (binding("view"), binding("edit"), "roleRef: field is immutable"),
        (class("e.com/one"), class("e.com/two"), "provisioner"),
    ]
}

async fn what_cannot_change_is_told_as_such(arena: &Arena) {
    for (before, after, words) in cases(arena) {
        arena.live(&before, PLAIN).await;
        for mode in [PLAIN, FORCE, DRY] {
            let applied = arena.apply(&after, mode).await;
            let Applied::Immutable(told) = &applied else { panic!("{}: {applied:?}", before.gvk()) };
            assert!(told.contains(words) && !told.contains('{'), "{}: {told}", before.gvk());
        }
        let live = arena.live(&before, PLAIN).await;
        assert_eq!(arena.get(&before).await.map(|live| live.uid().to_owned()), Some(live.uid().to_owned()));
    }
}

async fn other_fields_of_the_same_objects_change(arena: &Arena) {
    for (before, _, _) in cases(arena) {
        arena.live(&before, PLAIN).await;
        let more =
            changed(&before, |manifest| manifest["metadata"]["annotations"]["e.com/note"] = "x".into());
        assert_eq!(arena.live(&more, PLAIN).await.annotation("e.com/note"), Some("x"), "{}", before.gvk());
    }
}
