//! What stops the clock, and what cannot mend.

use super::PatienceKind::{Image, Unsaid};
use super::*;
use crate::model::{Gvk, Live};
use serde_json::{Value, json};

fn live(api_version: &str, kind: &str, value: Value) -> Live {
    Live { gvk: Gvk::new(api_version, kind), value }
}

/// A pod on a node, with the status of its one container and whatever else its status holds.
fn pod(state: Value, more: Value) -> Live {
    let mut status = json!({"phase": "Pending", "containerStatuses": [{"name": "web", "image": "shop:2", "state": state}]});
    let fields = more.as_object().unwrap().clone();
    status.as_object_mut().unwrap().extend(fields);
    let metadata = json!({"name": "web-1", "namespace": "shop", "uid": "u1"});
    live("v1", "Pod", json!({"metadata": metadata, "spec": {"nodeName": "n"}, "status": status}))
}

fn waiting(reason: &str) -> Value {
    json!({"waiting": {"reason": reason}})
}

fn event(reason: &str, message: &str, at: &str) -> Live {
    let about = json!({"kind": "Pod", "uid": "u1", "name": "web-1"});
    live(
        "v1",
        "Event",
        json!({"involvedObject": about, "reason": reason, "message": message, "lastTimestamp": at}),
    )
}

fn told(pod: &Live, news: &News) -> Option<(PatienceKind, String)> {
    wait_reason(pod, news).map(|patience| (patience.kind, patience.message))
}

#[test]
fn a_pod_that_waits_for_its_image() {
    let check = |reason: &str, expect: Option<PatienceKind>| {
        let found = wait_reason(&pod(waiting(reason), json!({})), &News::default());
        assert_eq!(found.map(|patience| patience.kind), expect, "{reason}");
    };
    for reason in ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"] {
        check(reason, Some(Image));
    }
    check("ContainerCreating", Some(Unsaid));
    check("PodInitializing", Some(Unsaid));
    for reason in [
        "InvalidImageName",
        "ImageInspectError",
        "SignatureValidationFailed",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "CrashLoopBackOff",
        "",
    ] {
        check(reason, None);
    }
    let back_off =
        json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"shop:2\""}});
    let patience = wait_reason(&pod(back_off, json!({})), &News::default()).unwrap();
    assert_eq!(
        patience.to_string(),
        "Pod shop/web-1: container web waits for shop:2: ImagePullBackOff: Back-off pulling image \"shop:2\""
    );
    let none = |pod: &Live| assert_eq!(wait_reason(pod, &News::default()), None, "{}", pod.value);
    none(&pod(json!({"running": {}}), json!({})));
    none(&pod(waiting("ImagePullBackOff"), json!({"phase": "Failed"})));
    none(&pod(waiting("ImagePullBackOff"), json!({"phase": "Succeeded"})));
    let mut going = pod(waiting("ImagePullBackOff"), json!({}));
    going.value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    none(&going);
    let mut nowhere = pod(waiting("ContainerCreating"), json!({}));
    nowhere.value["spec"]["nodeName"] = Value::Null;
    none(&nowhere);
}

#[test]
fn one_container_is_made_after_the_other() {
    let pod = |init: Value, main: Value| {
        let mut pod = pod(main, json!({"initContainerStatuses": [init]}));
        pod.value["spec"]["initContainers"] =
            json!([{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}]);
        pod
    };
    let init = |name: &str, state: Value, started: bool| json!({"name": name, "image": "i:1", "state": state, "started": started});
    let check = |init: Value, main: Value, expect: Option<&str>| {
        let found = wait_reason(&pod(init, main), &News::default());
        let container = found.map(|patience| patience.message);
        let name = container.as_deref().and_then(|message| message.split(' ').nth(3));
        assert_eq!(name, expect, "{container:?}");
    };
    let running = || json!({"running": {}});
    let done = |code: i64| json!({"terminated": {"exitCode": code}});
    check(init("migrate", waiting("ImagePullBackOff"), false), waiting("PodInitializing"), Some("migrate"));
    check(init("migrate", waiting("PodInitializing"), false), waiting("PodInitializing"), Some("migrate"));
    check(init("migrate", running(), true), waiting("PodInitializing"), None);
    check(init("migrate", done(1), false), waiting("PodInitializing"), None);
    check(init("migrate", waiting("CrashLoopBackOff"), false), waiting("PodInitializing"), None);
    check(init("migrate", done(0), false), waiting("PodInitializing"), Some("web"));
    check(init("proxy", running(), true), waiting("ErrImagePull"), Some("web"));
    check(init("proxy", running(), false), waiting("PodInitializing"), None);
}

#[test]
fn events_tell_what_a_container_that_is_being_made_waits_for() {
    let creating = || pod(waiting("ContainerCreating"), json!({}));
    let check = |events: &[(&str, &str, &str)], expect: Option<PatienceKind>| {
        let mut forth = News::default();
        let mut back = News::default();
        events.iter().for_each(|(reason, message, at)| forth.add(&event(reason, message, at)));
        events.iter().rev().for_each(|(reason, message, at)| back.add(&event(reason, message, at)));
        assert_eq!(told(&creating(), &forth).map(|told| told.0), expect, "{events:?}");
        assert_eq!(forth, back, "their order does not matter");
    };
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z");
    check(&[("Scheduled", "", early)], Some(Unsaid));
    check(&[("Pulling", "", early)], Some(Image));
    check(&[("FailedMount", "configmap \"x\" not found", early)], None);
    check(&[("FailedMount", "", early), ("Pulling", "", late)], Some(Image));
    check(&[("FailedMount", "", early), ("Pulling", "", early)], Some(Image));
    check(&[("Pulled", "", early), ("FailedAttachVolume", "", late)], None);
    check(&[("FailedCreatePodSandBox", "plugin type=\"flannel\" failed", early)], None);
    let pause = "failed to get sandbox image \"rancher/mirrored-pause:3.6\": failed to pull";
    check(&[("FailedCreatePodSandBox", pause, early)], Some(Image));
    check(&[("FailedMount", "", "yesterday")], Some(Unsaid));

    let mut news = News::default();
    news.add(&event("FailedMount", "", early));
    let has_sandbox = json!({"conditions": [{"type": "PodReadyToStartContainers", "status": "True"}]});
    let kind = told(&pod(waiting("ContainerCreating"), has_sandbox), &news).map(|told| told.0);
    assert_eq!(kind, Some(Image), "its volumes are there by now");
    let mut another = creating();
    another.value["metadata"]["uid"] = json!("u2");
    assert_eq!(told(&another, &news).map(|told| told.0), Some(Unsaid));
    let mut about_a_node = event("FailedMount", "", early);
    about_a_node.value["involvedObject"]["kind"] = json!("Node");
    let mut news = News::default();
    news.add(&about_a_node);
    assert_eq!(news, News::default());
}

#[test]
fn nodes_that_cannot_run_something_new() {
    let node = |name: &str, conditions: Value, cordoned: bool| {
        let spec = json!({"unschedulable": cordoned});
        live(
            "v1",
            "Node",
            json!({"metadata": {"name": name}, "spec": spec, "status": {"conditions": conditions}}),
        )
    };
    let condition =
        |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": "Why", "message": "so"});
    let ready = || condition("Ready", "True");
    let check = |nodes: &[Live], expect: Option<&str>| {
        let mut all = Nodes::default();
        nodes.iter().for_each(|node| all.add(node));
        assert_eq!(all.patience().map(|patience| patience.message).as_deref(), expect);
    };
    let good = || node("a", json!([ready(), condition("DiskPressure", "False")]), false);
    let away = |name: &str| node(name, json!([condition("Ready", "Unknown")]), false);
    check(&[], Some("no node has joined the cluster yet"));
    check(&[good()], None);
    check(&[away("b"), good()], None);
    check(&[away("b")], Some("node b is not ready: Why: so"));
    check(&[node("b", json!([]), false)], Some("node b is not ready"));
    check(&[node("b", json!([ready()]), true)], Some("node b is cordoned"));
    for pressure in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
        let pressed = node("b", json!([ready(), condition(pressure, "True")]), false);
        check(&[pressed], Some(&format!("node b is under pressure: {pressure}")));
    }
    check(
        &[away("b"), away("c")],
        Some("none of 2 nodes can run something new: node b is not ready: Why: so"),
    );
}

/// A pod with a container of these restarts and this state.
fn restarted(uid: &str, container: &str, restarts: i64, more: Value) -> Live {
    let mut status = json!({"name": container, "restartCount": restarts});
    status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let metadata = json!({"name": "web-1", "namespace": "shop", "uid": uid});
    live("v1", "Pod", json!({"metadata": metadata, "status": {"containerStatuses": [status]}}))
}

#[test]
fn restarts_count_since_the_apply() {
    let count = |pods: &[Live]| {
        let mut restarts = Restarts::default();
        pods.iter().for_each(|pod| restarts.add(pod));
        restarts
    };
    let one = |uid: &str, restarts: i64| count(&[restarted(uid, "web", restarts, json!({}))]);
    let check = |before: &Restarts, now: &Restarts, expect: Option<u32>| {
        assert_eq!(now.since(before).map(|found| found.restarts), expect);
    };
    check(&one("u", 7), &one("u", 11), None);
    check(&one("u", 7), &one("u", 12), Some(5));
    check(&Restarts::default(), &one("u", 4), None);
    check(&Restarts::default(), &one("u", 5), Some(5));
    check(&one("other", 9), &one("u", 5), Some(5));
    check(&one("u", 9), &one("u", 5), Some(5));
    check(&one("u", 9), &one("u", -1), None);
    check(&Restarts::default(), &Restarts::default(), None);
    let two = count(&[restarted("u", "web", 5, json!({})), restarted("v", "job", 8, json!({}))]);
    let worst = two.since(&Restarts::default()).unwrap();
    assert_eq!((worst.container.as_str(), worst.restarts), ("job", 8));
}

#[test]
fn how_a_container_ended_and_never_what_it_wrote() {
    let ended = |reason: &str| {
        let terminated = json!({"exitCode": 137, "reason": reason, "message": "hunter2"});
        json!({"state": waiting("CrashLoopBackOff"), "lastState": {"terminated": terminated}})
    };
    let told = |more: Value| crash_loop(&restarted("u", "web", 3, more)).map(|found| found.to_string());
    let words = |last: &str| {
        Some(format!("Pod shop/web-1: container web crashes again and again (3 restarts, last: {last})"))
    };
    assert_eq!(told(ended("OOMKilled")), words("exit code 137, OOMKilled"));
    assert_eq!(told(ended("Error")), words("exit code 137"));
    assert_eq!(told(json!({"state": waiting("CrashLoopBackOff")})), words("it is not known how it ended"));
    assert_eq!(told(json!({"state": {"running": {}}})), None);
}

#[test]
fn the_pods_of_a_workload() {
    let workload = |api: &str, kind: &str, selector: Value| {
        live(
            api,
            kind,
            json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": selector}}),
        )
    };
    let pod = |namespace: &str, labels: Value| {
        live("v1", "Pod", json!({"metadata": {"name": "p", "namespace": namespace, "labels": labels}}))
    };
    let check = |workload: &Live, pod: &Live, expect: bool| {
        assert_eq!(
            Selector::of(workload).is_some_and(|selector| selector.selects(pod)),
            expect,
            "{}",
            workload.value
        );
    };
    let by_label = |api: &str, kind: &str| workload(api, kind, json!({"matchLabels": {"app": "web"}}));
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        check(&by_label("apps/v1", kind), &pod("shop", json!({"app": "web", "x": "y"})), true);
    }
    let job = by_label("batch/v1", "Job");
    check(&job, &pod("shop", json!({"app": "web"})), true);
    check(&job, &pod("other", json!({"app": "web"})), false);
    check(&job, &pod("shop", json!({"app": "other"})), false);
    check(
        &workload("v1", "ReplicationController", json!({"app": "web"})),
        &pod("shop", json!({"app": "web"})),
        true,
    );
    check(&by_label("v1", "Service"), &pod("shop", json!({"app": "web"})), false);
    check(&workload("apps/v1", "Deployment", json!({})), &pod("shop", json!({})), false);
    let expression = |operator: &str, values: &[&str]| {
        let expressions = json!([{"key": "app", "operator": operator, "values": values}]);
        workload("apps/v1", "Deployment", json!({"matchExpressions": expressions}))
    };
    let (web, bare) = (pod("shop", json!({"app": "web"})), pod("shop", json!({})));
    check(&expression("In", &["web"]), &web, true);
    check(&expression("In", &["web"]), &bare, false);
    check(&expression("NotIn", &["web"]), &web, false);
    check(&expression("NotIn", &["web"]), &bare, true);
    check(&expression("Exists", &[]), &web, true);
    check(&expression("DoesNotExist", &[]), &web, false);
    check(&expression("Odd", &[]), &web, false);
}

#[test]
fn a_pod_that_its_stateful_set_cannot_get_rid_of() {
    let set = || {
        live(
            "apps/v1",
            "StatefulSet",
            json!({"metadata": {"name": "db", "namespace": "shop", "uid": "s", "generation": 3}, "spec": {},
                   "status": {"observedGeneration": 3, "updateRevision": "db-good", "currentRevision": "db-good"}}),
        )
    };
    let pod = || {
        live(
            "v1",
            "Pod",
            json!({"metadata": {"name": "db-1", "namespace": "shop", "labels": {"controller-revision-hash": "db-bad"},
                                "ownerReferences": [{"uid": "s", "controller": true}]},
                   "status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
        )
    };
    let check = |place: &str, in_set: Option<Value>, in_pod: Option<Value>, expect: bool| {
        let (mut set, mut pod) = (set(), pod());
        let put = |live: &mut Live, value: Value| {
            let (parent, name) = place.rsplit_once('/').unwrap();
            live.value.pointer_mut(parent).unwrap()[name] = value;
        };
        in_set.into_iter().for_each(|value| put(&mut set, value));
        in_pod.into_iter().for_each(|value| put(&mut pod, value));
        assert_eq!(is_stuck(&set, &pod), expect, "{place}");
    };
    check("/metadata/annotations", None, None, true);
    check("/status/updateRevision", Some(json!("db-bad")), None, false);
    check("/status/updateRevision", Some(Value::Null), None, false);
    check("/status/observedGeneration", Some(json!(2)), None, false);
    check("/spec/podManagementPolicy", Some(json!("Parallel")), None, false);
    check("/spec/podManagementPolicy", Some(json!("OrderedReady")), None, true);
    check("/spec/updateStrategy", Some(json!({"type": "OnDelete"})), None, false);
    check("/spec/updateStrategy", Some(json!({"rollingUpdate": {"partition": 1}})), None, true);
    check("/spec/updateStrategy", Some(json!({"rollingUpdate": {"partition": 2}})), None, false);
    check("/spec/ordinals", Some(json!({"start": 1})), None, true);
    check("/metadata/uid", Some(json!("another")), None, false);
    check("/status/conditions", None, Some(json!([{"type": "Ready", "status": "True"}])), false);
    check("/status/conditions", None, Some(json!([])), true);
    check("/metadata/deletionTimestamp", None, Some(json!("2026-01-01T00:00:00Z")), false);
    check("/metadata/labels", None, Some(json!({})), false);
    check("/metadata/ownerReferences", None, Some(json!([{"uid": "s"}])), false);
    check("/metadata/name", None, Some(json!("db")), false);
}
