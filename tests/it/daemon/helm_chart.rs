//! A chart that k3s installs is as healthy as the Job that installs it.

use super::back::{app, release};
use crate::support::audit::Audit;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::{Value, json};
use standfast::agent::Stay;
use standfast::model::{ApplicationPhase, OWNER_LABEL, SiteStatus};

const CHART: (&str, &str) = ("helm.cattle.io/v1", "HelmChart");
const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");
const JOB: (&str, &str) = ("batch/v1", "Job");

fn chart(namespace: &str, version: u32) -> String {
    format!(
        "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {{name: x, namespace: {namespace}}}\nspec: {{chart: x, version: \"{version}\"}}\n"
    )
}

/// k3s's controller, as far as the agent sees it: a Job for each version of the chart, always under the same name.
struct Controller<'a> {
    hand: Hand,
    namespace: &'a str,
}

impl<'a> Controller<'a> {
    /// Defines the kind.
    async fn new(cluster: &TestCluster, namespace: &'a str) -> Self {
        let hand = Hand::of(cluster, "helm-controller").await;
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        hand.apply(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "helmcharts.helm.cattle.io"},
            "spec": {
                "group": "helm.cattle.io", "scope": "Namespaced",
                "names": {"plural": "helmcharts", "singular": "helmchart", "kind": "HelmChart", "listKind": "HelmChartList"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
            },
        }))
        .await;
        Self { hand, namespace }
    }

    /// Makes the Job of this version, once the chart is there; it does what `behaviour` says.
    async fn install(&self, version: u32, behaviour: &str) {
        let version = version.to_string();
        let is_so =
            |live: &standfast::model::Live| live.value["spec"]["version"].as_str() == Some(version.as_str());
        self.hand.until(CHART, self.namespace, "x", is_so).await;
        if !self.hand.list(JOB, Some(self.namespace)).await.is_empty() {
            self.hand.delete(JOB, Some(self.namespace), "helm-install-x").await;
            self.hand.until_gone(JOB, self.namespace, "helm-install-x").await;
        }
        let mut job: Value = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "helm-install-x", "namespace": self.namespace},
            "spec": {"backoffLimit": 0, "template": {
                "metadata": {"annotations": {"testcluster/pod": behaviour}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/helm:1"}]},
            }},
        });
        job["spec"]["template"]["metadata"]["labels"] = json!({"helmcharts.helm.cattle.io/chart": "x"});
        self.hand.apply(job).await;
        self.hand
            .edit(CHART, Some(self.namespace), "x", json!({"status": {"jobName": "helm-install-x"}}))
            .await;
    }
}

fn says(words: &str) -> impl Fn(&SiteStatus) -> bool {
    move |status| {
        let mut reasons = status.applications.iter().filter_map(|one| one.reason.as_ref());
        reasons.any(|reason| reason.message.contains(words))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_as_healthy_as_its_job() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("helm-chart").await;
    let controller = Controller::new(cluster, &namespace).await;
    let mut site = TestSite::new(cluster, "helm-chart");
    site.stay = Stay::Forever;
    site.fleet_with("defaults: {health: {deadline: 60s, quiet: 3s}}", "- {name: app, path: apps/app}");
    site.repo
        .write("apps/app/chart.yaml", chart(&namespace, 1))
        .write("apps/app/map.yaml", config_map(&namespace, "map", "1"));
    let good = site.commit("good");
    let served = site.serve();
    site.until("it waits for a Job", says("no Job was made for it yet")).await;
    controller.install(1, "run").await;
    let job = format!("Job.batch {namespace}/helm-install-x: ");
    let status = site.until("it waits for the Job", says(&job)).await;
    assert_eq!((app(&status).phase, &status.revision.last_good), (ApplicationPhase::Settling, &None));
    controller.install(1, "succeed").await;
    site.until_last_good(&good).await;

    // At rest nobody asks for the Job, whatever else is done.
    let mut audit = Audit::begin(cluster, &namespace).await;
    let label = site.config_map(&namespace, "map").await.label(OWNER_LABEL).unwrap().to_owned();
    audit.take(&label).await;
    controller.hand.edit(CONFIG_MAP, Some(&namespace), "map", json!({"data": {"key": "theirs"}})).await;
    site.until_drift(|drift| drift.key.name == "map").await;
    let asked = audit.take(&label).await;
    let ours: Vec<_> =
        asked.iter().filter(|request| request.is_of("standfast") && request.verb == "get").collect();
    assert_eq!(ours.len(), 1, "the ConfigMap alone is looked at: {ours:#?}");

    // The Job of the next version fails.
    site.repo.write("apps/app/chart.yaml", chart(&namespace, 2));
    release(&site, &served, "bad").await;
    controller.install(2, "fail").await;
    site.until("it goes back", |status| app(status).quarantined.is_some()).await;
    controller.install(1, "succeed").await;
    let status = site.until("it is steady", |status| app(status).phase == ApplicationPhase::Steady).await;
    let quarantined = app(&status).quarantined.clone().unwrap();
    assert!(
        quarantined.contains("HelmChart") && quarantined.contains("BackoffLimitExceeded"),
        "{quarantined}"
    );
    assert!(app(&status).revision.as_ref().unwrap().ends_with(&good));
    served.stop().await;
}
