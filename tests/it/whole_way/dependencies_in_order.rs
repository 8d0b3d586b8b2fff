//! Kinds are written in the order that they need, and applications after those that they depend on; deleting goes the other way.

use crate::support::audit::{Audit, Request};
use crate::support::cluster::TestCluster;
use crate::support::site::{TestSite, config_map, deployment};

/// The place of each write in the order in which the server was asked.
fn order(requests: &[Request], verb: &str, names: &[&str]) -> Vec<usize> {
    let place = |name: &&str| {
        let is_it = |request: &Request| request.verb == verb && !request.is_dry_run && request.name == **name;
        requests.iter().position(is_it).unwrap_or_else(|| panic!("no {verb} of {name} in {requests:#?}"))
    };
    names.iter().map(place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_and_kinds() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("order").await;
    let site = TestSite::new(cluster, "order");
    let meta = |name: &str| format!("metadata: {{name: {name}, namespace: {namespace}}}");
    let all = |prefix: &str| {
        let account =
            format!("apiVersion: v1\nkind: ServiceAccount\n{}\n", meta(&format!("{prefix}-account")));
        let service = format!(
            "apiVersion: v1\nkind: Service\n{}\nspec: {{ports: [{{port: 80}}]}}\n",
            meta(&format!("{prefix}-service"))
        );
        let budget = format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\n{}\nspec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: a}}}}}}\n",
            meta(&format!("{prefix}-budget"))
        );
        [budget, deployment(&namespace, &format!("{prefix}-web"), "run"), service, account].join("---\n")
    };
    // By name they would come the other way round.
    site.fleet("- {name: a-last, path: apps/last, dependsOn: [b-middle]}\n- {name: b-middle, path: apps/middle, dependsOn: [c-first]}\n- {name: c-first, path: apps/first}\n- {name: other, path: apps/other}")
        .repo
        .write("apps/last/a.yaml", config_map(&namespace, "last", "1"))
        .write("apps/middle/all.yaml", all("middle"))
        .write("apps/first/all.yaml", all("first"))
        .write("apps/other/a.yaml", config_map(&namespace, "other", "1"));
    site.commit("first");
    let mut audit = Audit::begin(cluster, &namespace).await;
    site.pass().await;
    let names = [
        "first-account",
        "first-service",
        "first-web",
        "first-budget",
        "middle-account",
        "middle-service",
        "middle-web",
        "middle-budget",
        "last",
    ];
    let requests = audit.take(&namespace).await;
    let places = order(&requests, "patch", &names);
    assert!(places.is_sorted(), "{names:?} at {places:?} of {requests:#?}");

    site.fleet_with("guard: {share: 100%}", "- {name: other, path: apps/other}");
    site.commit("second");
    site.pass().await;
    let names = [
        "first-budget",
        "first-web",
        "first-service",
        "first-account", // within a kind in whatever order
    ];
    let requests = audit.take(&namespace).await;
    let places = order(&requests, "delete", &names);
    assert!(places.is_sorted(), "{names:?} at {places:?} of {requests:#?}");
}
