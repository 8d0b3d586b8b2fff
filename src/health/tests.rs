//! One table a kind: status → verdict and reason.

use super::*;
use crate::model::{Application, Gvk};
use Health::{Current, Failed, InProgress, Terminating, Unknown};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) fn live(api_version: &str, kind: &str, value: Value) -> Live {
    let mut whole = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "it"}});
    merge(&mut whole, value);
    Live { gvk: Gvk::new(api_version, kind), value: whole }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

fn check(api_version: &str, kind: &str, value: &Value, health: Health, message: &str) {
    let status = judge(&live(api_version, kind, value.clone()));
    assert_eq!((status.health, status.message.as_str()), (health, message), "{kind} {value}");
}

#[test]
fn any_kind() {
    let check = |value, health, message| check("example.com/v1", "Widget", &value, health, message);
    check(json!({}), Current, "it is there");
    check(
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
        Terminating,
        "it is being deleted since 2026-01-01T00:00:00Z",
    );
    check(
        json!({"metadata": {"generation": 3}, "status": {"observedGeneration": 2}}),
        InProgress,
        "its controller has seen generation 2, and the latest is 3",
    );
    check(
        json!({"metadata": {"generation": 3}, "status": {"observedGeneration": 3}}),
        Current,
        "it is there",
    );
    let condition = |kind: &str, status: &str| json!({"status": {"conditions": [{"type": kind, "status": status, "reason": "Why", "message": "some  words\nmore"}]}});
    check(condition("Ready", "True"), Current, "it is Ready");
    check(condition("Ready", "False"), InProgress, "Why: some words more");
    check(condition("Ready", "Unknown"), InProgress, "Why: some words more");
    check(condition("Reconciling", "True"), InProgress, "Why: some words more");
    check(condition("Reconciling", "False"), Current, "it is there");
    check(condition("Stalled", "True"), Failed, "Why: some words more");
    check(condition("Stalled", "False"), Current, "it is there");
    let stale = |kind: &str| json!({"metadata": {"generation": 3}, "status": {"conditions": [{"type": kind, "status": "True", "observedGeneration": 2}]}});
    check(stale("Ready"), InProgress, "its condition Ready is about an older generation");
    check(stale("Stalled"), InProgress, "Stalled is True");
    check(
        json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
        InProgress,
        "Ready is False",
    );
    check(json!({"status": {"conditions": "no list"}}), Current, "it is there");
    check(json!({"status": "no map"}), Current, "it is there");
}

#[test]
fn deployments() {
    let check = |value, health, message| check("apps/v1", "Deployment", &value, health, message);
    let status = |numbers: [i64; 5], conditions: Value| {
        let [there, updated, ready, available, wanted] = numbers;
        json!({
            "metadata": {"generation": 2}, "spec": {"replicas": wanted, "progressDeadlineSeconds": 600},
            "status": {"observedGeneration": 2, "replicas": there, "updatedReplicas": updated, "readyReplicas": ready,
                       "availableReplicas": available, "conditions": conditions}})
    };
    let good = || {
        json!([{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
               {"type": "Available", "status": "True"}])
    };
    check(status([3, 3, 3, 3, 3], good()), Current, "3 of 3 replicas are ready");
    check(status([0, 0, 0, 0, 0], good()), Current, "0 of 0 replicas are ready");
    check(status([2, 2, 2, 2, 3], good()), InProgress, "2 of 3 replicas are there");
    check(status([3, 2, 3, 3, 3], good()), InProgress, "2 of 3 replicas are updated");
    check(status([4, 3, 3, 3, 3], good()), InProgress, "1 old replicas are still to go");
    check(status([3, 3, 3, 1, 3], good()), InProgress, "1 of 3 updated replicas are available");
    check(status([3, 3, 2, 3, 3], good()), InProgress, "2 of 3 replicas are ready");
    check(status([1, 1, 1, 1, 1], json!([])), InProgress, "its new ReplicaSet is not available yet");
    let half = json!([{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]);
    check(status([1, 1, 1, 1, 1], half), InProgress, "it is not available yet");
    let late = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"}]);
    check(status([1, 1, 0, 0, 1], late.clone()), InProgress, "0 of 1 updated replicas are available");
    check(status([1, 1, 1, 1, 1], late), InProgress, "ProgressDeadlineExceeded: too slow");
    let quota = json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]);
    check(status([0, 0, 0, 0, 1], quota), InProgress, "FailedCreate: exceeded quota");
    check(json!({"metadata": {"generation": 1}}), InProgress, "its controller has not looked at it yet");
    let mut paused = status([1, 1, 1, 1, 1], json!([]));
    paused["spec"]["paused"] = json!(true);
    check(paused, InProgress, "its rollout is paused, as it says");
    let mut no_deadline = status([1, 1, 1, 1, 1], json!([{"type": "Available", "status": "True"}]));
    no_deadline["spec"]["progressDeadlineSeconds"] = json!(2_147_483_647);
    check(no_deadline, Current, "1 of 1 replicas are ready");
}

#[test]
fn stateful_sets() {
    let check = |value, health, message| check("apps/v1", "StatefulSet", &value, health, message);
    let status = |numbers: [i64; 5], partition: i64, revisions: [&str; 2]| {
        let [there, ready, current, updated, wanted] = numbers;
        json!({
            "spec": {"replicas": wanted, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}},
            "status": {"observedGeneration": 1, "replicas": there, "readyReplicas": ready, "currentReplicas": current,
                       "updatedReplicas": updated, "currentRevision": revisions[0], "updateRevision": revisions[1]}})
    };
    check(status([3, 3, 3, 3, 3], 0, ["a", "a"]), Current, "3 of 3 replicas are ready");
    check(status([2, 2, 2, 2, 3], 0, ["a", "a"]), InProgress, "2 of 3 replicas are there");
    check(status([3, 1, 3, 3, 3], 0, ["a", "a"]), InProgress, "1 of 3 replicas are ready");
    check(status([4, 4, 4, 4, 3], 0, ["a", "a"]), InProgress, "1 old replicas are still to go");
    check(status([3, 3, 1, 2, 3], 0, ["a", "b"]), InProgress, "2 of 3 replicas are updated");
    check(status([3, 3, 2, 3, 3], 0, ["b", "b"]), InProgress, "2 of 3 replicas are of the current revision");
    check(status([3, 3, 2, 1, 3], 2, ["a", "b"]), Current, "1 replicas are updated, as its partition says");
    check(
        status([3, 3, 3, 0, 3], 2, ["a", "b"]),
        InProgress,
        "0 of 1 replicas above the partition are updated",
    );
    check(status([3, 3, 3, 0, 3], 5, ["a", "b"]), Current, "0 replicas are updated, as its partition says");
    let on_delete = |ready: i64| {
        let mut value = status([1, ready, 1, 0, 1], 0, ["a", "b"]);
        value["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        value
    };
    check(on_delete(0), InProgress, "0 of 1 replicas are ready");
    check(on_delete(1), Current, "1 of 1 replicas are ready; they are updated when they are deleted");
    let mut lasting = status([1, 1, 1, 1, 1], 0, ["a", "a"]);
    lasting["spec"]["minReadySeconds"] = json!(10);
    check(lasting.clone(), InProgress, "0 of 1 replicas are available");
    lasting["status"]["availableReplicas"] = json!(1);
    check(lasting, Current, "1 of 1 replicas are ready");
    check(json!({"metadata": {"generation": 1}}), InProgress, "its controller has not looked at it yet");
}

#[test]
fn daemon_and_replica_sets() {
    let daemon = |value, health, message| check("apps/v1", "DaemonSet", &value, health, message);
    let status = |numbers: [i64; 5], strategy: &str| {
        let [wanted, there, updated, available, ready] = numbers;
        json!({
            "metadata": {"generation": 1}, "spec": {"updateStrategy": {"type": strategy}},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": wanted, "currentNumberScheduled": there,
                       "updatedNumberScheduled": updated, "numberAvailable": available, "numberReady": ready}})
    };
    daemon(status([2, 2, 2, 2, 2], "RollingUpdate"), Current, "2 of 2 pods are ready");
    daemon(status([0, 0, 0, 0, 0], "RollingUpdate"), Current, "0 of 0 pods are ready");
    daemon(status([2, 1, 1, 1, 1], "RollingUpdate"), InProgress, "1 of 2 nodes have its pod");
    daemon(status([2, 2, 1, 2, 2], "RollingUpdate"), InProgress, "1 of 2 pods are updated");
    daemon(status([2, 2, 1, 2, 2], "OnDelete"), Current, "2 of 2 pods are ready");
    daemon(status([2, 2, 2, 1, 2], "RollingUpdate"), InProgress, "1 of 2 pods are available");
    daemon(status([2, 2, 2, 2, 1], "RollingUpdate"), InProgress, "1 of 2 pods are ready");
    daemon(
        json!({"status": {"observedGeneration": 1}}),
        InProgress,
        "its controller has not counted the nodes yet",
    );
    daemon(json!({"metadata": {"generation": 1}}), InProgress, "its controller has not looked at it yet");

    let replica = |value, health, message| check("apps/v1", "ReplicaSet", &value, health, message);
    let status = |labelled: i64, available: i64, ready: i64, there: i64| {
        json!({"spec": {"replicas": 2}, "status": {"observedGeneration": 1, "fullyLabeledReplicas": labelled,
               "availableReplicas": available, "readyReplicas": ready, "replicas": there}})
    };
    replica(status(2, 2, 2, 2), Current, "2 of 2 replicas are ready");
    replica(status(1, 1, 1, 1), InProgress, "1 of 2 replicas are there");
    replica(status(2, 1, 2, 2), InProgress, "1 of 2 replicas are available");
    replica(status(2, 2, 1, 2), InProgress, "1 of 2 replicas are ready");
    replica(status(2, 2, 2, 3), InProgress, "1 old replicas are still to go");
    let controller = json!({"spec": {"replicas": 2}, "status": status(2, 2, 1, 2)["status"]});
    check("v1", "ReplicationController", &controller, InProgress, "1 of 2 replicas are ready");
    let quota = json!({"status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}]}});
    replica(quota, InProgress, "FailedCreate: quota");
}

#[test]
fn jobs() {
    let check = |value, health, message| check("batch/v1", "Job", &value, health, message);
    let condition = |kind: &str| json!([{"type": kind, "status": "True", "reason": "R", "message": "m"}]);
    check(json!({}), InProgress, "it has not started");
    check(
        json!({"spec": {"completions": 3}, "status": {"startTime": "t", "active": 1, "succeeded": 1, "failed": 2}}),
        InProgress,
        "1 of 3 pods succeeded, 1 run, 2 failed",
    );
    check(
        json!({"status": {"startTime": "t", "succeeded": 1, "conditions": condition("Complete")}}),
        Current,
        "it is complete: 1 of 1 pods succeeded",
    );
    check(json!({"status": {"startTime": "t", "conditions": condition("Failed")}}), Failed, "R: m");
    let suspended = |suspend: bool| json!({"spec": {"suspend": suspend}, "status": {"conditions": condition("Suspended")}});
    check(suspended(true), Current, "it is suspended, as it says");
    check(suspended(false), InProgress, "it has not started");
    // About to succeed or fail is not there yet: its pods are still being ended.
    check(
        json!({"status": {"startTime": "t", "conditions": condition("FailureTarget")}}),
        InProgress,
        "0 of 1 pods succeeded, 0 run, 0 failed",
    );
}

#[test]
fn pods() {
    let check = |value, health, message| check("v1", "Pod", &json!({"status": value}), health, message);
    let ready = |status: &str| json!([{"type": "Ready", "status": status}]);
    check(json!({}), InProgress, "nothing has looked at it yet");
    check(json!({"phase": "Pending"}), InProgress, "it is pending");
    check(json!({"phase": "Running", "conditions": ready("True")}), Current, "it is ready");
    check(json!({"phase": "Running", "conditions": ready("False")}), InProgress, "it runs and is not ready");
    check(json!({"phase": "Succeeded"}), Current, "it has completed");
    check(json!({"phase": "Failed", "reason": "Evicted"}), Failed, "it has failed: Evicted");
    check(json!({"phase": "Failed"}), Failed, "it has failed");
    check(json!({"phase": "Odd"}), InProgress, "it is in phase Odd");
    let unscheduled = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]);
    check(json!({"phase": "Pending", "conditions": unscheduled}), InProgress, "Unschedulable: 0/1 nodes");

    let waiting = |list: &str, reason: &str, restarts: i64| json!({"phase": "Running", list: [{"name": "web", "restartCount": restarts, "state": {"waiting": {"reason": reason}}}]});
    let looping = "container web crashes again and again (4 restarts)";
    check(waiting("containerStatuses", "CrashLoopBackOff", 4), InProgress, looping);
    let looping = "container web crashes again and again (5 restarts)";
    check(waiting("containerStatuses", "CrashLoopBackOff", 5), Failed, looping);
    check(waiting("initContainerStatuses", "CrashLoopBackOff", 5), Failed, looping);
    let image = "container web waits: ImagePullBackOff";
    check(waiting("containerStatuses", "ImagePullBackOff", 0), InProgress, image);
    check(waiting("containerStatuses", "ContainerCreating", 0), InProgress, "it runs and is not ready");
    let mut ready_again = waiting("containerStatuses", "CrashLoopBackOff", 9);
    ready_again["conditions"] = ready("True");
    check(ready_again, Current, "it is ready");
}

#[test]
fn the_other_kinds() {
    let definition = |conditions: Value, health, message| {
        let value = json!({"status": {"conditions": conditions}});
        check("apiextensions.k8s.io/v1", "CustomResourceDefinition", &value, health, message);
    };
    definition(json!([]), InProgress, "the API server is installing it");
    definition(json!([{"type": "Established", "status": "True"}]), Current, "it is established");
    definition(
        json!([{"type": "Established", "status": "False", "reason": "Installing"}]),
        InProgress,
        "the API server is installing it",
    );
    definition(
        json!([{"type": "Established", "status": "False", "reason": "NotAccepted", "message": "no"}]),
        Failed,
        "NotAccepted: no",
    );
    definition(
        json!([{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "False", "reason": "PluralConflict", "message": "taken"}]),
        Failed,
        "PluralConflict: taken",
    );
    check("v1", "Namespace", &json!({"status": {"phase": "Active"}}), Current, "it is there");
    check(
        "v1",
        "Namespace",
        &json!({"status": {"phase": "Terminating"}}),
        Terminating,
        "it is being deleted",
    );
    check("v1", "Service", &json!({"spec": {"type": "ClusterIP"}}), Current, "it is there");
    check(
        "v1",
        "Service",
        &json!({"spec": {"type": "LoadBalancer"}}),
        InProgress,
        "it has no cluster IP yet",
    );
    check(
        "v1",
        "Service",
        &json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}}),
        Current,
        "it is there",
    );
    check(
        "serving.knative.dev/v1",
        "Service",
        &json!({"spec": {"type": "LoadBalancer"}}),
        Current,
        "it is there",
    );
    check("v1", "ConfigMap", &json!({}), Current, "it is there");
    let unavailable = json!({"status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]}});
    check(
        "apiregistration.k8s.io/v1",
        "APIService",
        &unavailable,
        InProgress,
        "Available is False: MissingEndpoints",
    );
    check("batch/v1", "CronJob", &json!({}), Current, "it is there");
    check("v1", "Endpoints", &json!({}), Current, "it is there");
}

#[test]
fn claims_and_volumes() {
    let claim = |value, health, message| check("v1", "PersistentVolumeClaim", &value, health, message);
    let phase = |phase: &str| json!({"status": {"phase": phase}});
    claim(phase("Bound"), Current, "it is bound");
    claim(phase("Lost"), Failed, "it lost its volume");
    claim(json!({}), InProgress, "it is not looked at yet: no volume is bound to it");
    claim(phase("Pending"), Current, "it is not bound, and no volume is looked for: no pod uses it");
    for annotation in [
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
    ] {
        let looked_for =
            json!({"metadata": {"annotations": {annotation: "x"}}, "status": {"phase": "Pending"}});
        claim(looked_for, InProgress, "it is Pending: no volume is bound to it");
    }
    let volume = |value, health, message| check("v1", "PersistentVolume", &value, health, message);
    for fine in ["Available", "Bound", "Released"] {
        volume(phase(fine), Current, "it is there");
    }
    volume(phase("Pending"), InProgress, "it is pending");
    volume(
        json!({"status": {"phase": "Failed", "message": "no recycler"}}),
        Failed,
        "it has failed: no recycler",
    );
}

#[test]
fn what_watches_over_pods() {
    let conditions = |list: Value| json!({"status": {"conditions": list}});
    let condition =
        |kind: &str, reason: &str| json!({"type": kind, "status": "False", "reason": reason, "message": "m"});
    let scaler =
        |value, health, message| check("autoscaling/v2", "HorizontalPodAutoscaler", &value, health, message);
    scaler(json!({}), Current, "it is there");
    scaler(conditions(json!([{"type": "ScalingActive", "status": "True"}])), Current, "it is there");
    let target = condition("AbleToScale", "FailedGetScale");
    scaler(conditions(json!([target])), InProgress, "FailedGetScale: m");
    scaler(conditions(json!([condition("AbleToScale", "BackoffBoth")])), Current, "it is there");
    let metrics = condition("ScalingActive", "FailedGetResourceMetric");
    scaler(conditions(json!([metrics])), InProgress, "FailedGetResourceMetric: m");
    scaler(conditions(json!([condition("ScalingActive", "ScalingDisabled")])), Current, "it is there");

    let budget = |value, health, message| check("policy/v1", "PodDisruptionBudget", &value, health, message);
    budget(json!({"metadata": {"generation": 1}}), InProgress, "its controller has not looked at it yet");
    let seen = |list: Value| json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "conditions": list}});
    budget(seen(json!([])), Current, "its controller has counted the pods");
    let few = condition("DisruptionAllowed", "InsufficientPods");
    budget(seen(json!([few])), Current, "its controller has counted the pods");
    budget(seen(json!([condition("DisruptionAllowed", "SyncFailed")])), InProgress, "SyncFailed: m");
}

#[test]
fn charts_of_k3s() {
    let chart = |value, health, message| check("helm.cattle.io/v1", "HelmChart", &value, health, message);
    chart(json!({}), InProgress, "no Job was made for it yet");
    let made = json!({"status": {"jobName": "helm-install-x", "conditions": [{"type": "Failed", "status": "False"}]}});
    chart(made, Current, "its Job helm-install-x was made");
    let failed = json!({"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "Unsupported version", "message": "v2"}]}});
    chart(failed, Failed, "Unsupported version: v2");
    let unmanaged = json!({"metadata": {"annotations": {"helmcharts.helm.cattle.io/unmanaged": ""}}});
    chart(unmanaged, Current, "k3s leaves it alone, as it says");
    check("helm.cattle.io/v1", "HelmChartConfig", &json!({}), Current, "it is there");

    let chart = |kind: &str| {
        let value =
            json!({"metadata": {"namespace": "kube-system"}, "status": {"jobName": "helm-install-x"}});
        live("helm.cattle.io/v1", kind, value)
    };
    assert_eq!(teller(&chart("HelmChart")).unwrap().to_string(), "Job.batch kube-system/helm-install-x");
    assert_eq!(teller(&chart("HelmChartConfig")), None);
    assert_eq!(teller(&live("helm.cattle.io/v1", "HelmChart", json!({}))), None);
}

#[test]
fn the_gateway_api() {
    let check = |kind: &str, value, health, message| {
        check("gateway.networking.k8s.io/v1", kind, &value, health, message)
    };
    let condition = |kind: &str, status: &str, reason: &str, observed: i64| json!({"type": kind, "status": status, "reason": reason, "message": "", "observedGeneration": observed});
    let object =
        |conditions: Value| json!({"metadata": {"generation": 2}, "status": {"conditions": conditions}});
    check("GatewayClass", object(json!([])), Current, "it is there");
    check(
        "GatewayClass",
        object(json!([condition("Accepted", "True", "Accepted", 2)])),
        Current,
        "it is Accepted",
    );
    let pending = object(json!([condition("Accepted", "Unknown", "Pending", 2)]));
    check("GatewayClass", pending, InProgress, "Accepted is Unknown: Pending");

    let gateway =
        |programmed: Value| object(json!([condition("Accepted", "True", "Accepted", 2), programmed]));
    check("Gateway", object(json!([])), InProgress, "it is not Accepted yet");
    check("Gateway", gateway(json!({})), InProgress, "it is not Programmed yet");
    check("Gateway", gateway(condition("Programmed", "True", "Programmed", 2)), Current, "it is programmed");
    let stale = "its condition Programmed is about an older generation";
    check("Gateway", gateway(condition("Programmed", "True", "Programmed", 1)), InProgress, stale);
    let invalid = gateway(condition("Programmed", "False", "Invalid", 2));
    check("Gateway", invalid, InProgress, "Programmed is False: Invalid");
    let no_address =
        |observed: i64| gateway(condition("Programmed", "False", "AddressNotAssigned", observed));
    check("Gateway", no_address(2), Current, "it is programmed");
    check("Gateway", no_address(1), InProgress, stale);

    let route = |parents: Value| json!({"metadata": {"generation": 2}, "spec": {"parentRefs": [{}, {}]}, "status": {"parents": parents}});
    let parent = |conditions: Value| json!({"conditions": conditions});
    let good = || {
        parent(json!([
            condition("Accepted", "True", "Accepted", 2),
            condition("ResolvedRefs", "True", "ResolvedRefs", 2)
        ]))
    };
    for kind in ["HTTPRoute", "GRPCRoute", "TCPRoute"] {
        check(kind, route(json!([good(), good()])), Current, "all its parents have accepted it");
        check(kind, route(json!([good()])), InProgress, "1 of 2 parents have answered");
        check(kind, route(json!([])), InProgress, "0 of 2 parents have answered");
    }
    check("HTTPRoute", json!({}), Current, "all its parents have accepted it");
    check(
        "HTTPRoute",
        route(json!([good(), parent(json!([]))])),
        InProgress,
        "a parent has not accepted it yet",
    );
    let backend = parent(json!([
        condition("Accepted", "True", "Accepted", 2),
        condition("ResolvedRefs", "False", "BackendNotFound", 2)
    ]));
    check("HTTPRoute", route(json!([backend, good()])), InProgress, "ResolvedRefs is False: BackendNotFound");
    let old = parent(json!([condition("Accepted", "True", "Accepted", 1)]));
    check(
        "HTTPRoute",
        route(json!([old, good()])),
        InProgress,
        "its condition Accepted is about an older generation",
    );
    check("ReferenceGrant", json!({}), Current, "it is there");
}

#[test]
fn addresses_are_waited_for_only_when_asked() {
    let rules =
        Rules::of(&Application { waits_for_addresses: true, ..crate::model::fake::application("web") });
    let check = |api: &str, kind: &str, value: Value, expect: Health| {
        let live = live(api, kind, value.clone());
        assert_eq!(rules.judge(&live).health, expect, "{kind} {value}");
        assert_eq!(judge(&live).health, Current, "{kind} {value}");
    };
    let service = |kind: &str, status: Value| json!({"spec": {"type": kind, "clusterIP": "10.0.0.1"}, "status": status});
    let address = || json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    check("v1", "Service", service("LoadBalancer", json!({})), InProgress);
    check("v1", "Service", service("LoadBalancer", address()), Current);
    check("v1", "Service", service("ClusterIP", json!({})), Current);
    check("networking.k8s.io/v1", "Ingress", json!({}), InProgress);
    check("networking.k8s.io/v1", "Ingress", json!({"status": address()}), Current);
    let programmed =
        json!([{"type": "Accepted", "status": "True"}, {"type": "Programmed", "status": "True"}]);
    let gateway = |addresses: Value| json!({"status": {"conditions": programmed, "addresses": addresses}});
    check("gateway.networking.k8s.io/v1", "Gateway", gateway(json!([])), InProgress);
    check("gateway.networking.k8s.io/v1", "Gateway", gateway(json!([{"value": "192.0.2.1"}])), Current);
    let gone = live(
        "v1",
        "Service",
        json!({"metadata": {"deletionTimestamp": "now"}, "spec": {"type": "LoadBalancer"}}),
    );
    assert_eq!(rules.judge(&gone).health, Terminating);
}

#[test]
fn what_is_not_there() {
    let key = live("v1", "Pod", json!({})).key();
    let status = absent(&key);
    assert_eq!((status.health, status.message.as_str(), status.key), (Unknown, "it is not there", key));
}

#[test]
fn words_of_the_server_are_bounded() {
    let flood = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": "x".repeat(100_000)}]}});
    assert!(judge(&live("example.com/v1", "Widget", flood)).message.chars().count() <= 301);
}

#[test]
fn a_roll_up_names_the_worst_first_and_not_too_many() {
    let status = |health, name: usize| HealthStatus {
        key: ObjectKey {
            group: String::new(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: name.to_string(),
        },
        health,
        message: String::new(),
    };
    let mut roll_up = RollUp::default();
    assert!(roll_up.is_settled() && roll_up.worst() == Current);
    (0..20).for_each(|name| roll_up.add(status(InProgress, name)));
    roll_up.add(status(Failed, 20));
    roll_up.add(status(Current, 21));
    assert_eq!(
        (roll_up.worst(), roll_up.total(), roll_up.unsettled(), roll_up.named().len()),
        (Failed, 22, 21, 10)
    );
    let names: Vec<_> = roll_up.named().iter().map(|one| one.key.name.as_str()).collect();
    assert_eq!(names, ["20", "0", "1", "2", "3", "4", "5", "6", "7", "8"]);
}

proptest! {
    /// The roll-up and the plain worst agree, in whatever order objects come.
    #[test]
    fn the_worst_does_not_depend_on_the_order(mut all in prop::collection::vec(
        prop::sample::select(vec![Current, InProgress, Failed, Terminating, Unknown]), 0..20)) {
        let expected = worst(all.iter().copied());
        prop_assert_eq!(expected == Current, all.iter().all(|health| *health == Current));
        prop_assert_eq!(expected == Failed, all.contains(&Failed));
        all.reverse();
        prop_assert_eq!(worst(all), expected);
    }
}
