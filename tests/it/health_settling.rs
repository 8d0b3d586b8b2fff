//! What room `health` makes of pods, Jobs and workloads as the real controllers leave them.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use serde_json::{Value, json};
use standfast::health::{self, News, Nodes, PatienceKind, Restarts, Selector};
use standfast::model::{Gvk, Health, Live};

const POD: (&str, &str) = ("v1", "Pod");
const SET: (&str, &str) = ("apps/v1", "StatefulSet");

fn template(app: &str, behaviour: &str) -> Value {
    json!({"metadata": {"labels": {"app": app}, "annotations": {"testcluster/pod": behaviour}},
           "spec": {"containers": [{"name": "main", "image": "example.com/main:1"}]}})
}

fn workload(kind: (&str, &str), namespace: &str, app: &str, behaviour: &str) -> Value {
    json!({"apiVersion": kind.0, "kind": kind.1, "metadata": {"name": app, "namespace": namespace},
           "spec": {"selector": {"matchLabels": {"app": app}}, "template": template(app, behaviour)}})
}

fn live(value: Value) -> Live {
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    Live { gvk: Gvk::new(&text("apiVersion"), &text("kind")), value }
}

fn counted(pod: &Live) -> Restarts {
    let mut restarts = Restarts::default();
    restarts.add(pod);
    restarts
}

fn is_current(live: &Live) -> bool {
    health::judge(live).health == Health::Current
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_the_withdrawn_template_is_told_apart_and_its_deletion_helps() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("stuck").await;
    let hand = Hand::of(cluster, "person").await;
    hand.apply(workload(SET, &namespace, "db", "run")).await;
    let good = hand.until(SET, &namespace, "db", is_current).await;
    let healthy = hand.until(POD, &namespace, "db-0", is_current).await;
    assert!(Selector::of(&good).unwrap().selects(&healthy));
    assert!(!health::is_stuck(&good, &healthy));

    hand.apply(workload(SET, &namespace, "db", "crash-loop")).await;
    let loops = |pod: &Live| counted(pod).since(&Restarts::default()).is_some();
    let bad = hand.until(POD, &namespace, "db-0", loops).await;
    let found = counted(&bad).since(&counted(&healthy)).unwrap();
    assert!(found.restarts >= health::CRASH_LOOP, "{found}");
    assert_eq!(found.pod.to_string(), format!("Pod {namespace}/db-0"));
    assert!(health::crash_loop(&bad).unwrap().to_string().contains("last: exit code 1"));
    assert_eq!(health::wait_reason(&bad, &News::default()), None);
    let set = hand.until(SET, &namespace, "db", |set| !is_current(set)).await;
    assert!(!health::is_stuck(&set, &bad), "it stands on the template that is wanted");

    hand.apply(workload(SET, &namespace, "db", "run")).await;
    hand.until(SET, &namespace, "db", |set| health::is_stuck(set, &bad)).await;
    hand.delete(POD, Some(&namespace), "db-0").await;
    let healed = hand.until(SET, &namespace, "db", is_current).await;
    let pod = hand.until(POD, &namespace, "db-0", is_current).await;
    assert!(!health::is_stuck(&healed, &pod));
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_is_for_images_and_nodes() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("patience").await;
    let hand = Hand::of(cluster, "person").await;
    let pod = |behaviour: &str| {
        let mut pod = template("web", behaviour);
        pod["metadata"]["name"] = json!(behaviour);
        pod["metadata"]["namespace"] = json!(namespace);
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "spec": pod["spec"]})
    };
    for (behaviour, reason, expect) in [
        ("image-pull", "ImagePullBackOff", Some(PatienceKind::Image)),
        ("invalid-image-name", "InvalidImageName", None),
        ("crash-loop", "CrashLoopBackOff", None),
    ] {
        hand.apply(pod(behaviour)).await;
        let waits =
            |pod: &Live| health::judge(pod).message.contains(reason) || health::crash_loop(pod).is_some();
        let found = hand.until(POD, &namespace, behaviour, waits).await;
        let patience = health::wait_reason(&found, &News::default());
        assert_eq!(patience.map(|patience| patience.kind), expect, "{behaviour}");
    }
    hand.apply(pod("pending")).await;
    let unscheduled = |pod: &Live| health::judge(pod).message.starts_with("Unschedulable");
    let nowhere = hand.until(POD, &namespace, "pending", unscheduled).await;
    assert_eq!(health::wait_reason(&nowhere, &News::default()), None, "waiting for a node is another matter");

    let mut nodes = Nodes::default();
    hand.list(("v1", "Node"), None).await.into_iter().for_each(|node| nodes.add(&live(node)));
    assert_eq!(nodes.patience(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_waiting_mends() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("mends").await;
    let hand = Hand::of(cluster, "person").await;
    let job = |name: &str, behaviour: &str| {
        let mut template = template(name, behaviour);
        template["spec"]["restartPolicy"] = json!("Never");
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": namespace},
               "spec": {"backoffLimit": 0, "template": template}})
    };
    let health_of = |name: &'static str, expect: Health| {
        let (hand, namespace) = (&hand, &namespace);
        async move {
            let fits = |job: &Live| health::judge(job).health == expect;
            health::judge(&hand.until(("batch/v1", "Job"), namespace, name, fits).await).message
        }
    };
    hand.apply(job("good", "succeed")).await;
    assert_eq!(health_of("good", Health::Current).await, "it is complete: 1 of 1 pods succeeded");
    hand.apply(job("bad", "fail")).await;
    assert!(health_of("bad", Health::Failed).await.starts_with("BackoffLimitExceeded"));
    hand.apply(job("slow", "run")).await;
    let runs = |job: &Live| job.value.pointer("/status/active") == Some(&json!(1));
    let slow = hand.until(("batch/v1", "Job"), &namespace, "slow", runs).await;
    assert_eq!(health::judge(&slow).health, Health::InProgress, "it has started, and is not complete");

    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": namespace},
                       "spec": {"hard": {"pods": "0"}}});
    hand.apply(quota).await;
    let is_counted = |quota: &Live| quota.value.pointer("/status/hard/pods").is_some();
    hand.until(("v1", "ResourceQuota"), &namespace, "none", is_counted).await;
    hand.apply(workload(("apps/v1", "Deployment"), &namespace, "web", "run")).await;
    let refused = |deployment: &Live| health::judge(deployment).message.contains("exceeded quota");
    hand.until(("apps/v1", "Deployment"), &namespace, "web", refused).await;
}
