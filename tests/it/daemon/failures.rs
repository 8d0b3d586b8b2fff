//! The ways a release can fail: what the site does, and what its status says. The README has them as a table.

use super::back::hasty;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{Served, TestSite, config_map, deployment};
use crate::support::webhook;
use serde_json::json;
use standfast::model::status::ApplicationStatus;
use standfast::model::{ApplicationPhase, Request, SiteStatus};

/// A site that is steady at a good release of a Deployment and a ConfigMap.
struct Case {
    site: TestSite,
    served: Served,
    namespace: String,
    hand: Hand,
    good: String,
}

impl Case {
    async fn new(cluster: &'static TestCluster, name: &str) -> Self {
        let namespace = cluster.namespace(name).await;
        let site = hasty(cluster, name);
        site.repo
            .write("apps/app/web.yaml", deployment(&namespace, "web", "run"))
            .write("apps/app/map.yaml", config_map(&namespace, "map", "1"));
        let good = site.commit("good");
        let served = site.serve();
        site.until_last_good(&good).await;
        Self { site, served, namespace, hand: Hand::of(cluster, "person").await, good }
    }

    /// Another value of the ConfigMap and one more file, as the next release.
    async fn release(&self, file: &str, text: String) {
        self.site
            .repo
            .write("apps/app/map.yaml", config_map(&self.namespace, "map", "2"))
            .write(&format!("apps/app/{file}"), text);
        let commit = self.site.commit("bad");
        self.served.order(Request::Sync).await;
        let is_accepted =
            |status: &SiteStatus| status.revision.accepted.as_ref().is_some_and(|at| at.ends_with(&commit));
        self.site.until("the release", is_accepted).await;
    }

    /// The release was written, failed, and was undone: its reason and these words stay in the status.
    async fn went_back(self, words: &[&str]) {
        let is_back = |status: &SiteStatus| {
            let app = app(status);
            app.quarantined.is_some() && app.phase == ApplicationPhase::Steady
        };
        let status = self.site.until("last-good", is_back).await;
        let why = app(&status).quarantined.clone().unwrap();
        assert!(words.iter().all(|word| why.contains(word)), "{why}");
        assert!(app(&status).revision.as_ref().unwrap().ends_with(&self.good));
        assert_eq!(self.value().await, "1");
        self.served.stop().await;
    }

    /// Nothing of the release was written: the application says why, with these words, and what was last-good goes on.
    async fn was_held(self, code: &str, words: &[&str]) {
        let is_held = |status: &SiteStatus| app(status).phase == ApplicationPhase::Held;
        let status = self.site.until("it is held", is_held).await;
        let reason = app(&status).reason.clone().unwrap();
        assert_eq!(reason.code, code, "{}", reason.message);
        assert!(words.iter().all(|word| reason.message.contains(word)), "{}", reason.message);
        assert_eq!(app(&status).quarantined, None);
        assert_eq!(self.value().await, "1");
        let change = json!({"data": {"key": "theirs"}});
        self.hand.edit(("v1", "ConfigMap"), Some(&self.namespace), "map", change).await;
        self.hand
            .until(("v1", "ConfigMap"), &self.namespace, "map", |live| live.value["data"]["key"] == "1")
            .await;
        self.served.stop().await;
    }

    async fn value(&self) -> String {
        self.site.value(&self.namespace, "map").await.unwrap()
    }
}

fn app(status: &SiteStatus) -> &ApplicationStatus {
    status.applications.iter().find(|one| one.name == "app").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-crash").await;
    let web = deployment(&case.namespace, "web", "crash-loop");
    case.release("web.yaml", web).await;
    case.went_back(&["crashes again and again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_image_that_cannot_be() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-name").await;
    let web = deployment(&case.namespace, "web", "invalid-image-name");
    case.release("web.yaml", web).await;
    case.went_back(&["InvalidImageName"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-job").await;
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, namespace: {}}}\nspec:\n  backoffLimit: 0\n  template:\n    \
         metadata: {{annotations: {{testcluster/pod: fail}}}}\n    \
         spec: {{restartPolicy: Never, containers: [{{name: main, image: \"example.com/main:1\"}}]}}\n",
        case.namespace
    );
    case.release("job.yaml", job).await;
    case.went_back(&["Job.batch", "migrate"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_refuses() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-webhook").await;
    let client = webhook::refusing("no limits are set").await;
    let hook = json!({
        "name": "deny.example.com", "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": case.namespace}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}],
    });
    case.hand
        .apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": case.namespace}, "webhooks": [hook],
        }))
        .await;
    let service = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: {}}}\nspec: {{ports: [{{port: 80}}]}}\n",
        case.namespace
    );
    // The API server takes note of webhooks in its own time.
    for _ in 0..100 {
        if case.hand.is_refused(&service_of(&case.namespace)).await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    case.release("service.yaml", service).await;
    case.was_held("ObjectRefused", &["deny.example.com", "no limits are set"]).await;
}

fn service_of(namespace: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "probe", "namespace": namespace}, "spec": {"ports": [{"port": 80}]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-quota").await;
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": case.namespace},
        "spec": {"hard": {"count/services": "0"}},
    });
    case.hand.apply(quota).await;
    case.hand
        .until(("v1", "ResourceQuota"), &case.namespace, "few", |live| {
            live.value["status"]["used"].is_object()
        })
        .await;
    let service = service_of(&case.namespace).to_string();
    case.release("service.yaml", service).await;
    case.was_held("ObjectRefused", &["exceeded quota"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_cannot_be_changed() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-immutable").await;
    let web = deployment(&case.namespace, "web", "run").replace("app: web", "app: other");
    case.release("web.yaml", web).await;
    case.was_held("ImmutableField", &["Deployment.apps", "recreate"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_invalid() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-invalid").await;
    let service = service_of(&case.namespace).to_string().replace("80", "99999");
    case.release("service.yaml", service).await;
    case.was_held("ObjectRefused", &["Service", "spec.ports[0].port"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_nobody_defined() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-kind").await;
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Till", "metadata": {"name": "till", "namespace": case.namespace}});
    case.release("till.yaml", unknown.to_string()).await;
    case.was_held("KindUnknown", &["Till"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn something_that_it_depends_on() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-dependency").await;
    case.site.fleet_with(
        "defaults: {health: {deadline: 8s, quiet: 0s}}",
        "- {name: app, path: apps/app}\n- {name: front, path: apps/front, dependsOn: [app]}",
    );
    case.site.repo.write("apps/front/page.yaml", config_map(&case.namespace, "page", "1"));
    let good = case.site.commit("good");
    case.served.order(Request::Sync).await;
    case.site.until_last_good(&good).await;
    case.site.repo.write("apps/front/page.yaml", config_map(&case.namespace, "page", "2"));
    let web = deployment(&case.namespace, "web", "crash-loop");
    case.release("web.yaml", web).await;
    let front = |status: &SiteStatus| status.applications.iter().find(|one| one.name == "front").cloned();
    let is_held_back = |front: ApplicationStatus| {
        front.phase == ApplicationPhase::Steady
            && front.reason.is_some_and(|reason| reason.code == "HeldBack")
    };
    let is_back = |status: &SiteStatus| {
        app(status).quarantined.is_some()
            && app(status).phase == ApplicationPhase::Steady
            && front(status).is_some_and(is_held_back)
    };
    let status = case.site.until("both are back", is_back).await;
    assert_eq!(front(&status).unwrap().quarantined, None, "it did nothing wrong itself");
    assert_eq!(case.site.value(&case.namespace, "page").await.as_deref(), Some("1"));
    case.served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_data_is_not_taken_back() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-data").await;
    let definition = |release: &str| {
        let group = format!("{}.example.com", case.namespace);
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("tills.{group}"), "labels": {"release": release}},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "tills", "singular": "till", "kind": "Till"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
        })
        .to_string()
    };
    case.site.repo.write("apps/app/tills.yaml", definition("one"));
    let good = case.site.commit("with a definition");
    case.served.order(Request::Sync).await;
    case.site.until_last_good(&good).await;
    case.site.repo.write("apps/app/tills.yaml", definition("two"));
    let web = deployment(&case.namespace, "web", "crash-loop");
    case.release("web.yaml", web).await;
    let (hand, name) = (Hand::of(cluster, "person").await, format!("tills.{}.example.com", case.namespace));
    let case = Case { good, ..case };
    case.went_back(&["crashes again and again"]).await;
    let kind = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    assert_eq!(hand.get(kind, None, &name).await["metadata"]["labels"]["release"], "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_healthy_before() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-before").await;
    // Its pod stops to be ready, and nobody released anything.
    let pod = case.hand.list(("v1", "Pod"), Some(&case.namespace)).await[0]["metadata"]["name"].clone();
    let sick = json!({"metadata": {"annotations": {"testcluster/pod": "unready"}}});
    case.hand.edit(("v1", "Pod"), Some(&case.namespace), pod.as_str().unwrap(), sick).await;
    case.site.until("it is not well", |status| app(status).phase == ApplicationPhase::Settling).await;
    // A release that leaves it alone is not its fault.
    case.release("more.yaml", config_map(&case.namespace, "more", "2")).await;
    let is_taken = |status: &SiteStatus| {
        status.revision.last_good == status.revision.accepted && app(status).phase == ApplicationPhase::Steady
    };
    case.site.until("last-good", is_taken).await;
    assert_eq!(case.value().await, "2");
    // One that changes it and makes it no better is held, and nothing goes back: there was nothing better before.
    let web = deployment(&case.namespace, "web", "unready");
    case.release("web.yaml", web).await;
    let is_held = |status: &SiteStatus| app(status).phase == ApplicationPhase::Held;
    let status = case.site.until("it is held", is_held).await;
    assert_eq!(app(&status).reason.as_ref().unwrap().code, "StillUnhealthy");
    assert_eq!(app(&status).quarantined, None);
    case.served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stateful_set_that_cannot_get_rid_of_a_bad_pod() {
    let Some(cluster) = TestCluster::shared() else { return };
    let case = Case::new(cluster, "fails-stateful").await;
    let set = |pod: &str| {
        let set = deployment(&case.namespace, "db", pod).replace("kind: Deployment", "kind: StatefulSet");
        set.replace("spec:\n  selector", "spec:\n  serviceName: db\n  selector")
    };
    case.site.repo.write("apps/app/db.yaml", set("run"));
    let good = case.site.commit("with a database");
    case.served.order(Request::Sync).await;
    case.site.until_last_good(&good).await;
    case.release("db.yaml", set("crash-loop")).await;
    let case = Case { good, ..case };
    case.went_back(&["crashes again and again"]).await;
}
