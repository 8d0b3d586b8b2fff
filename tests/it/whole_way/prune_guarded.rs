//! What the guards of pruning refuse, and that the signed fleet can lift each.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;

fn maps(namespace: &str, numbers: std::ops::Range<u32>) -> String {
    numbers
        .map(|number| config_map(namespace, &format!("map-{number:02}"), "1"))
        .collect::<Vec<_>>()
        .join("---\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_share() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("guard-share").await;
    let site = TestSite::new(cluster, "guard-share");
    site.fleet("- {name: maps, path: apps/maps}").repo.write("apps/maps/all.yaml", maps(&namespace, 0..12));
    site.commit("twelve");
    site.pass().await;

    // A third, but fewer than the guard looks at.
    site.repo.write("apps/maps/all.yaml", maps(&namespace, 4..12));
    site.commit("eight");
    assert_eq!(site.pass().await.deleted.len(), 4);

    site.repo
        .write("apps/maps/all.yaml", maps(&namespace, 9..12) + "---\n" + &config_map(&namespace, "new", "1"));
    let refused = site.commit("three, and a new one");
    let failed = site.fail().await;
    failed.only("PruneGuarded", &["5 of 9 objects", "30 %", "allowPrune: [share]"]);
    assert_eq!((failed.changed.deleted.len(), failed.changed.created.len()), (0, 1));
    // It is no rendered revision's fault: what stands is healthy, and last-good.
    assert_eq!(site.status().revision.last_good, Some(format!("refs/heads/main@sha1:{refused}")));
    site.fail().await.only("PruneGuarded", &["5 of 9 objects"]);

    site.fleet_with("guard: {share: 60%, min: 5}", "- {name: maps, path: apps/maps}");
    site.commit("a wider guard");
    assert_eq!(site.pass().await.deleted.len(), 5);

    site.fleet_with("guard: {share: 0%, min: 1}", "- {name: maps, path: apps/maps}")
        .repo
        .write("apps/maps/all.yaml", maps(&namespace, 9..12));
    site.commit("the narrowest guard");
    site.fail().await.only("PruneGuarded", &["1 of 4 objects"]);
    site.fleet_with("guard: {share: 0%, min: 1}", "- {name: maps, path: apps/maps, allowPrune: [share]}");
    site.commit("and lifted");
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/new")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("guard-all").await;
    let site = TestSite::new(cluster, "guard-all");
    site.fleet("- {name: maps, path: apps/maps}").repo.write("apps/maps/all.yaml", maps(&namespace, 0..3));
    site.commit("first");
    site.pass().await;

    site.fleet("  []");
    site.commit("no application is left");
    site.fail().await.only("PruneGuarded", &["no application is left", "3 objects", "allowPrune: [all]"]);

    site.fleet("- {name: maps, path: apps/maps}")
        .repo
        .remove("apps/maps/all.yaml")
        .write("apps/maps/README", "Empty.");
    site.commit("an application without objects");
    site.fail().await.holds("RenderFailed", &["application maps", "no file"]);

    assert_eq!(Hand::of(cluster, "test").await.list(("v1", "ConfigMap"), Some(&namespace)).await.len(), 4);
    site.fleet("- {name: maps, path: apps/maps, allowPrune: [all]}");
    site.commit("an application that may lose everything");
    assert_eq!(site.pass().await.deleted.len(), 3);
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_claim() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("guard-claim").await;
    let mut site = TestSite::new(cluster, "guard-claim");
    site.stay = standfast::agent::Stay::Once;
    let claim = format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: {namespace}}}\n\
         spec: {{accessModes: [ReadWriteOnce], storageClassName: none, resources: {{requests: {{storage: 1Gi}}}}}}\n"
    );
    site.fleet("- {name: db, path: apps/db}")
        .repo
        .write("apps/db/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/db/b.yaml", config_map(&namespace, "b", "1"))
        .write("apps/db/claim.yaml", claim);
    site.commit("first");
    site.pass().await;
    site.repo.remove("apps/db/claim.yaml").remove("apps/db/b.yaml");
    site.commit("second");
    let failed = site.fail().await;
    let key = format!("PersistentVolumeClaim {namespace}/data");
    failed.only("PruneGuarded", &[&key, "allowPrune: [claim]", "application db"]);
    assert_eq!(failed.changed.deleted, [format!("ConfigMap {namespace}/b")], "the others go");

    site.fleet("- {name: db, path: apps/db, allowPrune: [claim]}");
    site.commit("third");
    let changed = site.pass().await;
    assert_eq!(changed.deleted, [key]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_with_instances() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("guard-crd").await;
    let site = TestSite::new(cluster, "guard-crd");
    let group = "guard-crd.example.com";
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: gadgets.{group}}}\nspec:\n  \
         group: {group}\n  scope: Namespaced\n  names: {{kind: Gadget, plural: gadgets}}\n  versions:\n  - name: v1\n    \
         served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: object}}}}\n"
    );
    site.fleet("- {name: gadgets, path: apps/gadgets}")
        .repo
        .write("apps/gadgets/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/gadgets/crd.yaml", definition);
    site.commit("first");
    site.pass().await;
    let theirs = json!({"apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": {"name": "theirs", "namespace": namespace}});
    Hand::of(cluster, "kubectl").await.apply(theirs).await;

    site.repo.remove("apps/gadgets/crd.yaml");
    site.commit("second");
    let theirs = format!("Gadget.{group} {namespace}/theirs");
    site.fail().await.only("PruneGuarded", &[&theirs, "allowPrune: [crd]", "application gadgets"]);
    site.fleet("- {name: gadgets, path: apps/gadgets, allowPrune: [crd]}");
    site.commit("third");
    let key = format!("CustomResourceDefinition.apiextensions.k8s.io gadgets.{group}");
    assert_eq!(site.pass().await.deleted, [key]);
}
