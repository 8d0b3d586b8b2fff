//! A namespace and what is in it come in one commit and go in one commit.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};

fn namespace(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_and_go_together() {
    let Some(cluster) = TestCluster::shared() else { return };
    let other = cluster.namespace("namespace").await;
    let name = format!("{other}-made");
    let site = TestSite::new(cluster, "namespace");
    site.fleet("- {name: made, path: apps/made}\n- {name: other, path: apps/other}")
        .repo
        .write("apps/made/a.yaml", config_map(&name, "a", "1") + "---\n" + &namespace(&name))
        .write("apps/other/a.yaml", config_map(&other, "a", "1"));
    site.commit("first");
    assert_eq!(site.pass().await.created.len(), 3);
    assert!(site.pass().await.is_nothing());

    site.fleet("- {name: other, path: apps/other}");
    site.commit("second");
    let changed = site.pass().await;
    assert_eq!(changed.deleted, [format!("ConfigMap {name}/a"), format!("Namespace {name}")], "{changed:?}");
    assert!(site.get("v1", "Namespace", None, &name).await.is_none());
    assert!(site.pass().await.is_nothing());

    site.fleet("- {name: made, path: apps/made}\n- {name: other, path: apps/other}");
    site.commit("third");
    assert_eq!(site.pass().await.created.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_deleted_by_hand_comes_back_with_its_content() {
    let Some(cluster) = TestCluster::shared() else { return };
    let name = format!("{}-made", cluster.namespace("namespace-gone").await);
    let site = TestSite::new(cluster, "namespace-gone");
    site.repo.write("ns.yaml", namespace(&name)).write("a.yaml", config_map(&name, "a", "1"));
    site.commit("first");
    site.pass().await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.finalize(("v1", "ConfigMap"), Some(&name), "a", &["example.com/hold"]).await;
    hand.delete(("v1", "Namespace"), None, &name).await;
    site.fail().await.only("ObjectTerminating", &[&name, "when it is gone"]);
    hand.finalize(("v1", "ConfigMap"), Some(&name), "a", &[]).await;
    while site.get("v1", "Namespace", None, &name).await.is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(site.pass().await.created, [format!("ConfigMap {name}/a"), format!("Namespace {name}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_content_keeps_a_namespace_unless_the_signed_fleet_lifts_that() {
    let Some(cluster) = TestCluster::shared() else { return };
    let other = cluster.namespace("namespace-foreign").await;
    let name = format!("{other}-made");
    let site = TestSite::new(cluster, "namespace-foreign");
    let fleet = |allow: &str| format!("- {{name: made, path: apps/made{allow}}}");
    site.fleet(&fleet(""))
        .repo
        .write("apps/made/a.yaml", config_map(&name, "a", "1"))
        .write("apps/made/ns.yaml", namespace(&name))
        .write("apps/made/b.yaml", config_map(&other, "b", "1"));
    site.commit("first");
    site.pass().await;
    Hand::of(cluster, "kubectl").await.config_map(&name, "theirs", "1").await;

    site.repo.remove("apps/made/a.yaml").remove("apps/made/ns.yaml");
    site.commit("second");
    let failed = site.fail().await;
    failed.only(
        "PruneGuarded",
        &[&format!("ConfigMap {name}/theirs"), "allowPrune: [namespace]", "application made"],
    );
    assert_eq!(failed.changed.deleted, [format!("ConfigMap {name}/a")], "what is ours in it goes");
    assert!(site.get("v1", "ConfigMap", Some(&name), "theirs").await.is_some());

    site.fleet(&fleet(", allowPrune: [namespace]"));
    site.commit("third");
    assert_eq!(site.pass().await.deleted, [format!("Namespace {name}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_content_is_found_behind_much_of_ours() {
    let Some(cluster) = TestCluster::shared() else { return };
    let name = format!("{}-made", cluster.namespace("namespace-full").await);
    let site = TestSite::new(cluster, "namespace-full");
    let maps: Vec<_> = (0..520).map(|n| config_map(&name, &format!("a-{n:03}"), "1")).collect();
    site.fleet_with("guard: {share: 100%}", "- {name: one, path: apps/one}\n- {name: two, path: apps/two}")
        .repo
        .write("apps/one/ns.yaml", namespace(&name))
        .write("apps/two/maps.yaml", maps.join("---\n"))
        .write(
            "apps/one/role.yaml",
            format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\n"
            ),
        );
    site.commit("first");
    site.pass().await;
    Hand::of(cluster, "kubectl").await.config_map(&name, "zzz", "theirs").await;
    site.fleet_with("guard: {share: 100%}", "- {name: one, path: apps/one}").repo.remove("apps/one/ns.yaml");
    site.commit("second");
    site.fail().await.only("PruneGuarded", &[&format!("ConfigMap {name}/zzz")]);
    assert_eq!(site.value(&name, "zzz").await.unwrap(), "theirs");
}
