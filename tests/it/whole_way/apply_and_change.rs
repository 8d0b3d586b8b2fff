//! What is committed is what runs: made, left alone, changed field by field.

use crate::support::cluster::TestCluster;
use crate::support::site::{TestSite, config_map, deployment};
use standfast::model::SitePhase;

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_commit_is_pulled_proven_rendered_and_applied() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("whole-way").await;
    let site = TestSite::new(cluster, "whole-way");
    site.repo
        .write("a.yaml", config_map(&namespace, "a", "one"))
        .write("b.yaml", config_map(&namespace, "b", "one"));
    let tip = site.commit("first");

    let changed = site.pass().await;
    assert_eq!(changed.created, [format!("ConfigMap {namespace}/a"), format!("ConfigMap {namespace}/b")]);
    assert_eq!(site.value(&namespace, "a").await.unwrap(), "one");
    let status = site.status();
    assert_eq!(status.phase, SitePhase::Steady);
    assert_eq!(status.revision.last_good, Some(format!("refs/heads/main@sha1:{tip}")));
    assert_eq!(status.trust.unwrap().begins, tip);

    let changed = site.pass().await;
    assert!(changed.is_nothing(), "{changed:?}");

    site.repo.write("a.yaml", config_map(&namespace, "a", "two")).remove("b.yaml");
    site.commit("second");
    let changed = site.pass().await;
    assert_eq!(changed.configured, [format!("ConfigMap {namespace}/a")]);
    assert_eq!(changed.deleted, [format!("ConfigMap {namespace}/b")]);
    assert_eq!(site.value(&namespace, "b").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_is_written_and_what_left_a_manifest_leaves_the_object() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("change").await;
    let site = TestSite::new(cluster, "change");
    let all = |image: &str, extra: &str| {
        let service = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: {namespace}}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}\n"
        );
        let account = format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: web, namespace: {namespace}, labels: {{tier: front{extra}}}}}\n"
        );
        let web = deployment(&namespace, "web", "run").replace("main:1", image);
        [config_map(&namespace, "plain", "same"), service, account, web].join("---\n")
    };
    site.fleet("- {name: web, path: apps/web}")
        .repo
        .write("apps/web/all.yaml", all("main:1", ", extra: gone"));
    site.commit("first");
    let changed = site.pass().await;
    assert_eq!(changed.created.len(), 4, "{changed:?}");
    assert_eq!(site.status().phase, SitePhase::Steady);

    site.repo.write("apps/web/all.yaml", all("main:2", ""));
    site.commit("second");
    let changed = site.pass().await;
    assert_eq!(
        changed.configured,
        [format!("Deployment.apps {namespace}/web"), format!("ServiceAccount {namespace}/web")]
    );
    assert_eq!((changed.unchanged, changed.healed.len(), changed.created.len()), (2, 0, 0), "{changed:?}");
    let web = site.get("apps/v1", "Deployment", Some(&namespace), "web").await.unwrap();
    assert_eq!(web.value["spec"]["template"]["spec"]["containers"][0]["image"], "example.com/main:2");
    let account = site.get("v1", "ServiceAccount", Some(&namespace), "web").await.unwrap();
    assert_eq!((account.label("tier"), account.label("extra")), (Some("front"), None));
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_documents_and_json_are_objects_and_the_applications_namespace_is_a_default() {
    let Some(cluster) = TestCluster::shared() else { return };
    let (here, there) = (cluster.namespace("spelling").await, cluster.namespace("spelling").await);
    let site = TestSite::new(cluster, "spelling");
    let bare = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{mode: 0644, on: on}}}}"
        )
    };
    let quoted = bare("item").replace("0644", "\"420\"").replace("on: on", "\"on\": \"true\"");
    site.fleet(&format!("- {{name: all, path: apps/all, namespace: {here}}}"))
        .repo
        .write("apps/all/list.yaml", format!("apiVersion: v1\nkind: List\nitems: [{quoted}]\n"))
        .write("apps/all/two.yml", format!("# nothing\n---\n{}---\n", config_map(&there, "elsewhere", "x")))
        .write(
            "apps/all/deep/er.json",
            r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}"#,
        )
        .write("apps/all/notes.txt", "not a manifest");
    site.commit("first");
    let changed = site.pass().await;
    let mut expected = [
        format!("ConfigMap {here}/item"),
        format!("ConfigMap {here}/json"),
        format!("ConfigMap {there}/elsewhere"),
    ];
    expected.sort();
    assert_eq!(changed.created, expected);
    assert!(site.pass().await.is_nothing());
}
