//! Fields that somebody else owns: refused if we never applied them, taken back if we did.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;
use standfast::model::ApplicationPhase;

fn map(namespace: &str, data: serde_json::Value) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared", "namespace": namespace}, "data": data})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_never_applied_that_another_owns_is_refused_by_name_and_other_applications_go_on() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("conflict").await;
    let site = TestSite::new(cluster, "conflict");
    site.fleet("- {name: one, path: apps/one}\n- {name: two, path: apps/two}\n- {name: three, path: apps/three, dependsOn: [one]}")
        .repo
        .write("apps/one/a.yaml", map(&namespace, json!({"ours": "1"})).to_string())
        .write("apps/two/a.yaml", config_map(&namespace, "two", "1"))
        .write("apps/three/a.yaml", config_map(&namespace, "three", "1"));
    let first = site.commit("first");
    site.pass().await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.apply(map(&namespace, json!({"theirs": "1"}))).await;
    assert!(site.pass().await.is_nothing(), "a field that somebody adds is no drift");

    site.repo
        .write("apps/one/a.yaml", map(&namespace, json!({"ours": "2", "theirs": "2"})).to_string())
        .write("apps/two/a.yaml", config_map(&namespace, "two", "2"))
        .write("apps/three/a.yaml", config_map(&namespace, "three", "2"));
    site.commit("second");
    let failed = site.fail().await;
    failed.holds(
        "ConflictRefused",
        &["application one", "kubectl", ".data.theirs", &format!("{namespace}/shared")],
    );
    failed.holds("DependencyHeld", &["application three", "one"]);
    assert_eq!(failed.changed.configured, [format!("ConfigMap {namespace}/two")]);
    assert_eq!(
        site.config_map(&namespace, "shared").await.value["data"],
        json!({"ours": "1", "theirs": "1"})
    );
    assert_eq!(site.value(&namespace, "three").await.unwrap(), "1");
    let held = site.application("one");
    assert_eq!((held.phase, held.reason.unwrap().code.as_str()), (ApplicationPhase::Held, "ConflictRefused"));
    assert_eq!(site.application("two").phase, ApplicationPhase::Steady);
    assert_eq!(site.status().revision.last_good, Some(format!("refs/heads/main@sha1:{first}")));

    // The other gives the field up: it is written at the next pass, and all goes on.
    hand.apply(map(&namespace, json!({}))).await;
    let changed = site.pass().await;
    assert_eq!(
        changed.configured,
        [format!("ConfigMap {namespace}/shared"), format!("ConfigMap {namespace}/three")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_we_applied_and_another_took_is_taken_back() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("conflict-ours").await;
    let site = TestSite::new(cluster, "conflict-ours");
    site.repo.write("a.yaml", map(&namespace, json!({"a": "1", "b": "1"})).to_string());
    site.commit("first");
    site.pass().await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.apply(map(&namespace, json!({"a": "theirs"}))).await;
    let shared = format!("ConfigMap {namespace}/shared");
    assert_eq!(site.pass().await.healed, std::slice::from_ref(&shared));
    assert_eq!(site.config_map(&namespace, "shared").await.value["data"], json!({"a": "1", "b": "1"}));

    // The same while the manifest changes too, in that field and in another.
    hand.apply(map(&namespace, json!({"a": "theirs"}))).await;
    site.repo.write("a.yaml", map(&namespace, json!({"a": "2", "b": "2"})).to_string());
    site.commit("second");
    assert_eq!(site.pass().await.configured, [shared]);
    assert_eq!(site.config_map(&namespace, "shared").await.value["data"], json!({"a": "2", "b": "2"}));
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_given_up_in_the_manifest_stays_with_whoever_else_owns_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("conflict-shared").await;
    let site = TestSite::new(cluster, "conflict-shared");
    site.repo.write("a.yaml", map(&namespace, json!({"a": "1", "b": "1"})).to_string());
    site.commit("first");
    site.pass().await;
    Hand::of(cluster, "kubectl").await.apply(map(&namespace, json!({"a": "1"}))).await;
    assert!(site.pass().await.is_nothing(), "the same value, owned by two, is no drift");
    site.repo.write("a.yaml", map(&namespace, json!({"b": "1"})).to_string());
    site.commit("second");
    assert_eq!(site.pass().await.configured, [format!("ConfigMap {namespace}/shared")]);
    assert_eq!(site.config_map(&namespace, "shared").await.value["data"], json!({"a": "1", "b": "1"}));
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn force_for_what_was_ours_never_takes_what_was_not() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("conflict-both").await;
    let site = TestSite::new(cluster, "conflict-both");
    site.repo.write("a.yaml", map(&namespace, json!({"ours": "1"})).to_string());
    site.commit("first");
    site.pass().await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.apply(map(&namespace, json!({"ours": "theirs", "theirs": "theirs"}))).await;
    site.repo.write("a.yaml", map(&namespace, json!({"ours": "2", "theirs": "2"})).to_string());
    site.commit("second");
    let failed = site.fail().await;
    failed.only("ConflictRefused", &[".data.theirs"]);
    assert!(!failed.troubles[0].message.contains(".data.ours"), "{failed:#?}");
    let live = site.config_map(&namespace, "shared").await;
    assert_eq!(
        live.value["data"],
        json!({"ours": "1", "theirs": "theirs"}),
        "what was applied before is healed"
    );
    // Without the field that is not ours, the other is taken back.
    site.repo.write("a.yaml", map(&namespace, json!({"ours": "2"})).to_string());
    site.commit("third");
    site.pass().await;
    let live = site.config_map(&namespace, "shared").await;
    assert_eq!(live.value["data"], json!({"ours": "2", "theirs": "theirs"}));
}
