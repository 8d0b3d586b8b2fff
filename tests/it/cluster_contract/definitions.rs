//! Kinds: the built-in ones, and those that come and go with their definitions.

use super::arena::{Arena, PLAIN, cluster_wide, key, owned};
use serde_json::{Value, json};
use standfast::cluster::{Applied, Deleted, Kind, Query};
use standfast::model::{FIELD_MANAGER, Gvk, Object};

super::contract!(
    what_is_served,
    a_kind_comes_and_goes_with_its_definition,
    custom_resources_are_served_in_each_version,
    an_unknown_kind_has_no_place_and_no_objects,
);

/// A definition of kind `Widget` in a group of its own, served in these versions, with a schema that has a status apart.
fn definition(group: &str, versions: &[&str]) -> Object {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"size": {"type": "integer"}, "names": {"type": "array", "items": {"type": "string"}},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}}}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}});
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(at, name)| json!({"name": name, "served": true, "storage": at == 0, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}))
        .collect();
    let names =
        json!({"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"});
    let spec = json!({"group": group, "scope": "Namespaced", "names": names, "versions": versions});
    let manifest =
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec});
    cluster_wide(&format!("widgets.{group}"), manifest)
}

fn widget(arena: &Arena, group: &str, version: &str, spec: Value) -> Object {
    let manifest = json!({"apiVersion": format!("{group}/{version}"), "kind": "Widget", "spec": spec, "status": {"phase": "x"}});
    arena.object("a", manifest)
}

/// Applies a definition, and waits until its kind can be applied.
async fn define(arena: &Arena, group: &str, versions: &[&str]) {
    arena.live(&definition(group, versions), PLAIN).await;
    let gvk = Gvk::new(&format!("{group}/{}", versions[0]), "Widget");
    let is_served =
        async || arena.cluster.kinds(true).await.expect("the cluster answers").get(&gvk).is_some();
    arena.until("the kind is served", is_served).await;
    let probe = widget(arena, group, versions[0], json!({}));
    let is_taken = async || matches!(arena.apply(&probe, super::arena::DRY).await, Applied::Live(_));
    arena.until("the kind can be applied", is_taken).await;
}

async fn what_is_served(arena: &Arena) {
    let kinds = arena.cluster.kinds(false).await.expect("the cluster answers");
    let check = |api_version: &str, kind: &str, plural: &str, is_namespaced: bool| {
        let expect = Kind { plural: plural.to_owned(), is_namespaced, is_listable: true };
        assert_eq!(kinds.get(&Gvk::new(api_version, kind)), Some(&expect), "{kind}");
    };
    check("v1", "ConfigMap", "configmaps", true);
    check("v1", "Namespace", "namespaces", false);
    check("apps/v1", "Deployment", "deployments", true);
    check("networking.k8s.io/v1", "Ingress", "ingresses", true);
    check("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false);
    check("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false);
    let preferred = |group: &str, kind: &str| {
        kinds.preferred.get(&(group.to_owned(), kind.to_owned())).map(String::as_str)
    };
    assert_eq!(preferred("autoscaling", "HorizontalPodAutoscaler"), Some("v2"));
    assert_eq!(preferred("", "Pod"), Some("v1"));
    assert_eq!(kinds.get(&Gvk::new("apps/v1beta1", "Deployment")), None);
}

async fn a_kind_comes_and_goes_with_its_definition(arena: &Arena) {
    let group = format!("{}.e.com", Arena::unique("g"));
    let early = arena.apply(&widget(arena, &group, "v1", json!({})), PLAIN).await;
    assert!(matches!(early, Applied::NoPlace(_)), "{early:?}");
    define(arena, &group, &["v1"]).await;
    let parts = json!({"size": 3, "names": ["x", "y"], "parts": [{"name": "a", "n": 1}]});
    let live = arena.live(&widget(arena, &group, "v1", parts), PLAIN).await;
    assert_eq!(
        owned(&live, FIELD_MANAGER),
        r#"{"f:spec":{"f:names":{},"f:parts":{},"f:size":{}}}"#,
        "its lists are owned whole"
    );
    assert_eq!(live.value.get("status"), None, "its status is not ours to apply");
    let live = arena.live(&widget(arena, &group, "v1", json!({"names": ["z"]})), PLAIN).await;
    assert_eq!(live.value["spec"], json!({"names": ["z"]}));

    assert_eq!(arena.delete(&definition(&group, &["v1"])).await, Deleted::Terminating);
    arena.until_gone(&definition(&group, &["v1"])).await;
    let gvk = Gvk::new(&format!("{group}/v1"), "Widget");
    let is_gone = async || arena.cluster.kinds(true).await.expect("the cluster answers").get(&gvk).is_none();
    arena.until("the kind is gone", is_gone).await;
    let gone = widget(arena, &group, "v1", json!({}));
    assert_eq!(arena.get(&gone).await, None);
    let deleted =
        arena.cluster.delete(gone.gvk(), &gone.key(), live.uid()).await.expect("the cluster answers");
    assert_eq!(deleted, Deleted::Gone);
}

async fn custom_resources_are_served_in_each_version(arena: &Arena) {
    let group = format!("{}.e.com", Arena::unique("g"));
    define(arena, &group, &["v1beta1", "v1"]).await;
    let kinds = arena.cluster.kinds(true).await.expect("the cluster answers");
    assert_eq!(kinds.preferred.get(&(group.clone(), "Widget".to_owned())).map(String::as_str), Some("v1"));
    let old = widget(arena, &group, "v1beta1", json!({"size": 1}));
    let uid = arena.live(&old, PLAIN).await.uid().to_owned();
    let new = widget(arena, &group, "v1", json!({"size": 1}));
    let live = arena.get(&new).await.expect("it is the same object");
    assert_eq!((live.uid(), &live.value["apiVersion"]), (uid.as_str(), &json!(format!("{group}/v1"))));
    // A version that is served no more: the object is found in the one that the server prefers.
    let older = Gvk::new(&format!("{group}/v1alpha1"), "Widget");
    let found =
        arena.cluster.get(&older, &old.key()).await.expect("the cluster answers").expect("it is there");
    assert_eq!((found.uid(), found.gvk.version.as_str()), (uid.as_str(), "v1"));
    let deleted = arena.cluster.delete(&older, &old.key(), &uid).await.expect("the cluster answers");
    assert_eq!(deleted, Deleted::Gone);
    assert_eq!(arena.get(&new).await, None);
}

async fn an_unknown_kind_has_no_place_and_no_objects(arena: &Arena) {
    for api_version in ["none.e.com/v1", "apps/v1"] {
        let object = arena.object("a", json!({"apiVersion": api_version, "kind": "Nothing"}));
        let applied = arena.apply(&object, PLAIN).await;
        assert!(matches!(applied, Applied::NoPlace(_)), "{applied:?}");
        assert_eq!(arena.get(&object).await, None);
        let query = Query { gvk: object.gvk().clone(), namespace: None, owner: None, limit: None };
        let mut seen = 0;
        arena.cluster.list(&query, &mut |_| seen += 1).await.expect("the cluster answers");
        assert_eq!(seen, 0);
        let gone = key(object.gvk(), Some(&arena.namespace), "a");
        assert_eq!(
            arena.cluster.delete(object.gvk(), &gone, "u").await.expect("the cluster answers"),
            Deleted::Gone
        );
    }
}
