//! Lists and maps: which merge part by part, and in what order; and the shape of what an apply owns.

use super::arena::{Arena, FORCE, PLAIN, cluster_wide, owned};
use serde_json::{Value, json};
use standfast::cluster::Applied;
use standfast::model::{FIELD_MANAGER, Live};

super::contract!(
    what_an_apply_owns,
    what_an_apply_owns_of_a_pod_template,
    containers_merge_by_name,
    items_come_in_the_order_of_the_last_apply,
    a_dropped_item_that_another_owns_stays,
    conflicts_inside_an_item_name_it,
    whole_lists_and_maps_are_replaced,
    finalizers_of_others_stay,
    ports_are_told_apart_by_protocol,
);

/// A Deployment whose pods are made from this spec.
fn deployment(arena: &Arena, pod: Value) -> standfast::model::Object {
    arena.object(
        "a",
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}}),
    )
}

/// The names of its containers.
fn containers(live: &Live) -> Vec<&str> {
    let list = live.value["spec"]["template"]["spec"]["containers"].as_array().expect("it has containers");
    list.iter().map(|container| container["name"].as_str().expect("it has a name")).collect()
}

/// Applies it, and compares what is ours then: field sets are what drift detection reads.
async fn check(arena: &Arena, manifest: Value, expect: &str) {
    let is_namespaced =
        manifest["kind"] != "ClusterRole" && manifest["kind"] != "ValidatingWebhookConfiguration";
    let name = Arena::unique("owns");
    let object = if is_namespaced { arena.object(&name, manifest) } else { cluster_wide(&name, manifest) };
    let live = arena.live(&object, PLAIN).await;
    assert_eq!(owned(&live, FIELD_MANAGER), expect, "{}", object.gvk());
}

async fn what_an_apply_owns(arena: &Arena) {
    check(
        arena,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"finalizers": ["a.b/c"], "labels": {"a/b": "c"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}]}}),
        r#"{"f:metadata":{"f:finalizers":{"v:\"a.b/c\"":{}},"f:labels":{"f:a/b":{}},"f:ownerReferences":{"k:{\"uid\":\"u\"}":{}}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": "http"}]}}),
        r#"{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:targetPort":{}}},"f:selector":{}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": [{"name": "a"}], "secrets": [{"name": "b"}]}),
        r#"{"f:imagePullSecrets":{},"f:secrets":{"k:{\"name\":\"b\"}":{}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
        r#"{"f:rules":{}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"rules": [{"host": "a"}],
            "defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}}}),
        r#"{"f:spec":{"f:defaultBackend":{"f:service":{"f:name":{},"f:port":{}}},"f:rules":{}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {"matchLabels": {"a": "b"}},
            "ingress": [{"ports": [{"port": 80}]}], "policyTypes": ["Ingress"]}}),
        r#"{"f:spec":{"f:ingress":{},"f:podSelector":{},"f:policyTypes":{}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {"maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}}),
        r#"{"f:spec":{"f:maxReplicas":{},"f:metrics":{},"f:scaleTargetRef":{"f:apiVersion":{},"f:kind":{},"f:name":{}}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}),
        r#"{"f:spec":{"f:minAvailable":{},"f:selector":{}}}"#,
    )
    .await;
    check(
        arena,
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "webhooks": [{"name": "w.e.com",
            "clientConfig": {"url": "https://127.0.0.1:1/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
            "rules": [{"apiGroups": ["none.e.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothing"]}]}]}),
        r#"{"f:webhooks":{"k:{\"name\":\"w.e.com\"}":{".":{},"f:admissionReviewVersions":{},"f:clientConfig":{"f:url":{}},"f:failurePolicy":{},"f:name":{},"f:rules":{},"f:sideEffects":{}}}}"#,
    )
    .await;
}

async fn what_an_apply_owns_of_a_pod_template(arena: &Arena) {
    check(
        arena,
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selector": {"matchLabels": {"a": "b"}}, "replicas": 0,
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
                "nodeSelector": {"x": "y"}, "imagePullSecrets": [{"name": "p"}], "tolerations": [{"key": "k", "operator": "Exists"}],
                "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["h"]}], "securityContext": {"fsGroup": 5},
                "volumes": [{"name": "e", "emptyDir": {}}, {"name": "c", "configMap": {"name": "m", "items": [{"key": "k", "path": "p"}]}}],
                "initContainers": [{"name": "i", "image": "i"}],
                "containers": [{"name": "c", "image": "i", "command": ["x"], "envFrom": [{"configMapRef": {"name": "m"}}],
                    "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                    "ports": [{"containerPort": 80, "name": "http"}], "volumeMounts": [{"mountPath": "/e", "name": "e"}],
                    "resources": {"limits": {"cpu": "1"}}, "readinessProbe": {"httpGet": {"port": "http", "path": "/"}}}]}}}}),
        concat!(
            r#"{"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"#,
            r#""f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:command":{},"#,
            r#""f:env":{"k:{\"name\":\"E\"}":{".":{},"f:name":{},"f:valueFrom":{"f:secretKeyRef":{}}}},"f:envFrom":{},"f:image":{},"f:name":{},"#,
            r#""f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{}}},"#,
            r#""f:readinessProbe":{"f:httpGet":{"f:path":{},"f:port":{}}},"f:resources":{"f:limits":{"f:cpu":{}}},"#,
            r#""f:volumeMounts":{"k:{\"mountPath\":\"/e\"}":{".":{},"f:mountPath":{},"f:name":{}}}}},"#,
            r#""f:hostAliases":{"k:{\"ip\":\"1.2.3.4\"}":{".":{},"f:hostnames":{},"f:ip":{}}},"f:imagePullSecrets":{"k:{\"name\":\"p\"}":{}},"#,
            r#""f:initContainers":{"k:{\"name\":\"i\"}":{".":{},"f:image":{},"f:name":{}}},"f:nodeSelector":{},"#,
            r#""f:securityContext":{"f:fsGroup":{}},"f:tolerations":{},"f:volumes":{"#,
            r#""k:{\"name\":\"c\"}":{".":{},"f:configMap":{"f:items":{},"f:name":{}},"f:name":{}},"#,
            r#""k:{\"name\":\"e\"}":{".":{},"f:emptyDir":{},"f:name":{}}}}}}}"#,
        ),
    )
    .await;
}

async fn containers_merge_by_name(arena: &Arena) {
    arena
        .live(
            &deployment(
                arena,
                json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}),
            ),
            PLAIN,
        )
        .await;
    arena
        .foreign_apply("mesh", &deployment(arena, json!({"containers": [{"name": "proxy", "image": "p"}]})))
        .await;
    let live =
        arena.live(&deployment(arena, json!({"containers": [{"name": "a", "image": "2"}]})), PLAIN).await;
    assert_eq!(containers(&live), ["a", "proxy"], "ours went, theirs stayed");
    assert_eq!(live.value["spec"]["template"]["spec"]["containers"][0]["image"], "2");
}

async fn items_come_in_the_order_of_the_last_apply(arena: &Arena) {
    let of = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| json!({"name": name, "image": "i"})).collect();
        deployment(arena, json!({ "containers": list }))
    };
    arena.live(&of(&["a", "b"]), PLAIN).await;
    arena.foreign_apply("mesh", &of(&["m"])).await;
    for (wanted, expect) in [
        (&["b", "n", "a"][..], &["b", "m", "n", "a"][..]),
        (&["x", "b", "a"], &["x", "b", "m", "a"]),
        (&["a", "b"], &["m", "a", "b"]),
        (&["a", "m", "b"], &["a", "m", "b"]),
        (&["b", "a", "z"], &["m", "b", "a", "z"]),
    ] {
        let live = arena.live(&of(wanted), PLAIN).await;
        assert_eq!(containers(&live), expect, "{wanted:?}");
    }
}

async fn a_dropped_item_that_another_owns_stays(arena: &Arena) {
    let b = json!({"name": "b", "image": "z"});
    let mut rich = b.clone();
    rich["env"] = json!([{"name": "E", "value": "1"}]);
    arena.live(&deployment(arena, json!({"containers": [{"name": "a", "image": "y"}, rich]})), PLAIN).await;
    arena.foreign_apply("other", &deployment(arena, json!({ "containers": [b] }))).await;
    let live =
        arena.live(&deployment(arena, json!({"containers": [{"name": "a", "image": "y"}]})), PLAIN).await;
    assert_eq!(containers(&live), ["a", "b"]);
    let left = &live.value["spec"]["template"]["spec"]["containers"][1];
    assert_eq!((&left["image"], left.get("env")), (&json!("z"), None), "only what the other owns");
}

async fn conflicts_inside_an_item_name_it(arena: &Arena) {
    let with = |image: &str| {
        deployment(
            arena,
            json!({"containers": [{"name": "a", "image": image, "ports": [{"containerPort": 80, "name": image}]}]}),
        )
    };
    arena.foreign_apply("other", &with("theirs")).await;
    let Applied::Conflict(mut conflicts) = arena.apply(&with("ours"), PLAIN).await else {
        panic!("no conflict")
    };
    conflicts.sort_by(|a, b| a.field.cmp(&b.field));
    let fields: Vec<_> =
        conflicts.iter().map(|conflict| (conflict.manager.as_str(), conflict.field.as_str())).collect();
    let container = r#".spec.template.spec.containers[name="a"]"#;
    let expect = [
        ("other", format!("{container}.image")),
        ("other", format!(r#"{container}.ports[containerPort=80,protocol="TCP"].name"#)),
    ];
    assert_eq!(fields, expect.each_ref().map(|(manager, field)| (*manager, field.as_str())));
}

async fn whole_lists_and_maps_are_replaced(arena: &Arena) {
    let with = |command: Value, node: Value| {
        deployment(
            arena,
            json!({"nodeSelector": node, "containers": [{"name": "a", "image": "i", "command": command}]}),
        )
    };
    arena.live(&with(json!(["x", "y"]), json!({"a": "1", "b": "2"})), PLAIN).await;
    arena
        .foreign_edit(
            "kubectl-edit",
            &with(json!([]), json!({})),
            json!({"spec": {"template": {"spec": {"nodeSelector": {"c": "3"}}}}}),
        )
        .await;
    let live = arena.live(&with(json!(["z"]), json!({"a": "1"})), FORCE).await;
    let pod = &live.value["spec"]["template"]["spec"];
    assert_eq!((&pod["nodeSelector"], &pod["containers"][0]["command"]), (&json!({"a": "1"}), &json!(["z"])));
}

async fn finalizers_of_others_stay(arena: &Arena) {
    let with = |finalizers: Value| {
        arena.object(
            "a",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"finalizers": finalizers}}),
        )
    };
    arena.live(&with(json!(["e.com/ours", "e.com/old"])), PLAIN).await;
    arena.foreign_apply("other", &with(json!(["e.com/theirs"]))).await;
    let live = arena.live(&with(json!(["e.com/ours"])), PLAIN).await;
    assert_eq!(live.value["metadata"]["finalizers"], json!(["e.com/ours", "e.com/theirs"]));
}

async fn ports_are_told_apart_by_protocol(arena: &Arena) {
    let service = |ports: Value| {
        arena.object("a", json!({"apiVersion": "v1", "kind": "Service", "spec": {"clusterIP": "None", "selector": {"a": "b"}, "ports": ports}}))
    };
    let both =
        json!([{"name": "t", "port": 53, "protocol": "TCP"}, {"name": "u", "port": 53, "protocol": "UDP"}]);
    arena.live(&service(both), PLAIN).await;
    let live = arena.live(&service(json!([{"name": "dns", "port": 53}])), PLAIN).await;
    let ports = live.value["spec"]["ports"].as_array().expect("it has ports");
    assert_eq!(ports.len(), 1);
    assert_eq!((&ports[0]["name"], &ports[0]["protocol"]), (&json!("dns"), &json!("TCP")));
}
