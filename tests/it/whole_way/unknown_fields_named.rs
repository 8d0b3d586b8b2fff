//! What nobody knows is refused with the nearest known name, in documents of the fleet and in manifests; last-good runs on.

use crate::support::cluster::TestCluster;
use crate::support::site::{Changed, TestSite, config_map, deployment};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn in_documents_of_the_fleet() {
    let site = TestSite::on(Arc::new(MemoryCluster::new()), "emea/slips");
    let good = "- {name: one, path: apps/one}\n- {name: two, path: apps/two, dependsOn: [one]}";
    site.fleet(good)
        .repo
        .write("apps/one/a.yaml", config_map("default", "one", "1"))
        .write("apps/two/a.yaml", config_map("default", "two", "1"));
    let first = site.commit("first");
    site.pass().await;
    site.repo.write("apps/one/a.yaml", config_map("default", "one", "2"));
    let check = async |reason: &str, texts: &[&str]| {
        site.commit(texts[0]);
        site.fail().await.only(reason, texts);
        assert_eq!(site.status().revision.last_good, revision(&first), "{texts:?}");
        assert_eq!(site.value("default", "one").await.unwrap(), "1", "{texts:?}");
    };
    for (applications, texts) in [
        ("- {name: one, pth: apps/one}", ["fleet.yaml", "\"pth\"", "did you mean path?"]),
        (
            "- {name: one, path: apps/one, dependOn: [two]}",
            ["applications[0]", "\"dependOn\"", "did you mean dependsOn?"],
        ),
        ("- {name: one, path: apps/one, allowPrune: [claims]}", ["allowPrune", "must be one of", "claim"]),
        (
            "- {name: one, path: apps/one}\n- {name: two, path: apps/two, dependsOn: [ona]}",
            ["dependsOn", "\"ona\"", "did you mean one?"],
        ),
        ("- {name: one, path: apps/ome}", ["path", "apps/ome", "did you mean one?"]),
        (
            "- {name: one, path: apps/one, substitute: {A: \"${site.variable.A}\"}}",
            ["substitute", "site.variable.A", "site.variables.KEY"],
        ),
        (
            "- {name: one, path: apps/one, dependsOn: [two]}\n- {name: two, path: apps/two, dependsOn: [one]}",
            ["fleet.yaml", "circle", "one"],
        ),
        (
            "- {name: one, path: apps/one}\n- {name: one, path: apps/two}",
            ["name", "one", "a name of its own"],
        ),
    ] {
        site.fleet(applications);
        check(if texts[0] == "path" { "RenderFailed" } else { "FleetInvalid" }, &texts).await;
    }
    site.fleet(good).repo.write(
        "sites/emea/slips.yaml",
        "apiVersion: standfast.dev/v1alpha1\nkind: Site\nmetadata: {name: emea/slips}\nlabel: {a: b}\n",
    );
    check("FleetInvalid", &["sites/emea/slips.yaml", "\"label\"", "did you mean labels?"]).await;
    site.repo.remove("sites/emea/slips.yaml").write(
        "fleet.yaml",
        "apiVersion: standfast.dev/v1alpha1\nkind: Flet\nmetadata: {name: emea-slips}\n",
    );
    check("FleetInvalid", &["fleet.yaml", "kind (line 2)", "Fleet"]).await;
    site.fleet_with("requires: {agent: \">=99.0\"}\nsomethingNew: 1", good);
    check("AgentTooOld", &["fleet.yaml", ">=99.0", "update the agent"]).await;
    site.fleet(&good.replace("apps/one}", "apps/one, substitute: {STORE: a}}"))
        .repo
        .write("apps/one/a.yaml", config_map("default", "one", "${STOR}"));
    check("RenderFailed", &["apps/one/a.yaml", "STOR", "did you mean STORE?"]).await;

    site.fleet(good).repo.write("apps/one/a.yaml", config_map("default", "one", "3"));
    site.commit("good again");
    assert_eq!(site.pass().await.configured, ["ConfigMap default/one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_manifests() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("slips").await;
    let site = TestSite::new(cluster, "slips");
    site.fleet("- {name: web, path: apps/web}\n- {name: other, path: apps/other}")
        .repo
        .write("apps/web/a.yaml", deployment(&namespace, "web", "run"))
        .write("apps/other/a.yaml", config_map(&namespace, "other", "1"));
    let first = site.commit("first");
    site.pass().await;
    let web = deployment(&namespace, "web", "run");
    for (manifest, reason, texts) in [
        (
            web.replace("spec:\n  selector", "spec:\n  replica: 2\n  selector"),
            "ObjectRefused",
            ["Deployment.apps", "spec.replica"],
        ),
        (web.replace("image: ", "imagee: "), "ObjectRefused", ["Deployment.apps", "imagee"]),
        (
            web.replace("spec:\n  selector", "spec:\n  replicas: many\n  selector"),
            "ObjectRefused",
            ["Deployment.apps", "replicas"],
        ),
        (
            web.replace("{app: web}}\n  template", "{app: other}}\n  template"),
            "ObjectRefused",
            ["Deployment.apps", "selector"],
        ),
        (
            web.replace("kind: Deployment", "kind: Deploymnt"),
            "KindUnknown",
            ["Deploymnt", "check apiVersion and kind"],
        ),
        (
            web.replace("apps/v1", "apps/v1beta1"),
            "KindUnknown",
            ["apps/v1beta1", "check apiVersion and kind"],
        ),
        (
            web.replace("name: web, namespace", "name: Web, namespace"),
            "ObjectRefused",
            ["Deployment.apps", "Web"],
        ),
        (
            web.replace(&format!("namespace: {namespace}"), &format!("namespace: {namespace}-none")),
            "NoPlace",
            ["namespace", "-none"],
        ),
    ] {
        site.repo.write("apps/web/a.yaml", manifest);
        site.commit(texts[0]);
        let failed = site.fail().await;
        failed.only(reason, &["application web", texts[0], texts[1]]);
        let tried = Changed { failed: Vec::new(), ..failed.changed };
        assert!(tried.is_nothing(), "{texts:?}: {tried:?}");
        assert_eq!(site.status().revision.last_good, revision(&first), "{texts:?}");
    }
}
