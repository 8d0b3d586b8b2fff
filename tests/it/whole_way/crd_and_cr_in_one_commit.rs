//! A definition and objects of its kind come in one commit, change, and go in one commit.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};

fn definition(group: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.{group}}}\nspec:\n  \
         group: {group}\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets}}\n  versions:\n  - name: v1\n    \
         served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          \
         spec: {{type: object, properties: {{size: {{type: integer, default: 3}}, name: {{type: string}}}}}}\n"
    )
}

fn widget(group: &str, namespace: &str, name: &str) -> String {
    format!(
        "apiVersion: {group}/v1\nkind: Widget\nmetadata: {{name: w, namespace: {namespace}}}\nspec: {{name: {name}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_change_and_go_together() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("crd").await;
    let site = TestSite::new(cluster, "crd");
    let group = "crd-and-cr.example.com";
    site.fleet("- {name: widgets, path: apps/widgets}\n- {name: other, path: apps/other}")
        .repo
        .write("apps/widgets/crd.yaml", definition(group))
        .write("apps/widgets/a.yaml", widget(group, &namespace, "one"))
        .write("apps/other/a.yaml", config_map(&namespace, "other", "1"));
    site.commit("first");
    let changed = site.pass().await;
    assert!(changed.created.contains(&format!("Widget.{group} {namespace}/w")), "{changed:?}");
    assert_eq!(changed.created.len(), 3);
    assert!(site.pass().await.is_nothing());

    // A new field of the definition and an object that uses it, in one commit.
    let wider =
        definition(group).replace("name: {type: string}", "name: {type: string}, colour: {type: string}");
    site.repo
        .write("apps/widgets/crd.yaml", wider)
        .write("apps/widgets/a.yaml", widget(group, &namespace, "one, colour: red"));
    site.commit("second");
    assert_eq!(site.pass().await.configured.len(), 2);
    let live = site.get(&format!("{group}/v1"), "Widget", Some(&namespace), "w").await.unwrap();
    assert_eq!((&live.value["spec"]["colour"], &live.value["spec"]["size"]), (&"red".into(), &3.into()));

    // Without the application: the object goes before its definition.
    site.fleet("- {name: other, path: apps/other}");
    site.commit("third");
    let changed = site.pass().await;
    assert_eq!(changed.deleted.len(), 2, "{changed:?}");
    assert!(
        site.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, &format!("widgets.{group}"))
            .await
            .is_none()
    );
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_nobody_defines_holds_its_application_until_somebody_does() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("crd-missing").await;
    let site = TestSite::new(cluster, "crd-missing");
    let group = "crd-missing.example.com";
    site.fleet("- {name: widgets, path: apps/widgets}\n- {name: other, path: apps/other}")
        .repo
        .write("apps/widgets/a.yaml", widget(group, &namespace, "one"))
        .write("apps/other/a.yaml", config_map(&namespace, "other", "1"));
    site.commit("first");
    let failed = site.fail().await;
    failed.only(
        "KindUnknown",
        &["application widgets", &format!("{group}/v1"), "Widget", "CustomResourceDefinition"],
    );
    assert_eq!(failed.changed.created, [format!("ConfigMap {namespace}/other")]);

    let operator = TestSite::new(cluster, "crd-missing-operator");
    operator.repo.write("crd.yaml", definition(group));
    operator.commit("first");
    operator.pass().await;
    assert_eq!(site.pass().await.created, [format!("Widget.{group} {namespace}/w")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_finalizer_needs_waits_until_the_custom_resource_is_gone() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("crd-finalizer").await;
    let site = TestSite::new(cluster, "crd-finalizer");
    let group = "crd-finalizer.example.com";
    let other = "- {name: other, path: apps/other}";
    site.fleet(&format!("- {{name: widgets, path: apps/widgets}}\n{other}"))
        .repo
        .write("apps/widgets/crd.yaml", definition(group))
        .write("apps/widgets/a.yaml", widget(group, &namespace, "one"))
        .write("apps/widgets/operator.yaml", config_map(&namespace, "operator", "1"))
        .write("apps/other/a.yaml", config_map(&namespace, "other", "1"));
    site.commit("first");
    site.pass().await;
    let hand = Hand::of(cluster, "operator").await;
    let (version, kind) = (format!("{group}/v1"), "Widget");
    hand.finalize((&version, kind), Some(&namespace), "w", &["example.com/operator"]).await;

    site.fleet(other);
    site.commit("second");
    let changed = site.pass().await;
    assert_eq!(changed.terminating, [format!("Widget.{group} {namespace}/w")]);
    assert_eq!(changed.deleted, Vec::<String>::new());
    let changed = site.pass().await;
    assert_eq!(
        (changed.terminating, changed.deleted),
        (vec![], vec![]),
        "it is still there, and so is its operator"
    );
    assert!(site.value(&namespace, "operator").await.is_some());

    hand.finalize((&version, kind), Some(&namespace), "w", &[]).await;
    let definition = format!("CustomResourceDefinition.apiextensions.k8s.io widgets.{group}");
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/operator"), definition]);
}
