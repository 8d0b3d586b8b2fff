//! What only a real server judges: schemas, rights and admission. Its words reach the user, and Secrets stay out of them.

use super::arena::{Arena, CREATE, DRY, PLAIN};
use serde_json::{Value, json};
use standfast::cluster::Applied;

/// Applies it, which must be refused with words that hold this and not that.
async fn check(arena: &Arena, manifest: Value, holds: &str, not: &str) {
    for mode in [PLAIN, DRY, CREATE] {
        let applied = arena.apply(&arena.object("a", manifest.clone()), mode).await;
        let Applied::Refused(words) = &applied else { panic!("{manifest}: {applied:?}") };
        assert!(words.contains(holds) && (not.is_empty() || !words.contains(not)), "{words}");
    }
}

#[tokio::test]
async fn a_manifest_that_does_not_fit_is_refused_with_the_server_s_words() {
    let Some(arena) = Arena::real("schema").await else { return };
    let map = |fields: Value| {
        let mut manifest = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        manifest.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        manifest
    };
    check(&arena, map(json!({"dta": {"a": "b"}})), ".dta: field not declared in schema", "").await;
    check(&arena, map(json!({"data": {"a": 5}})), ".data.a: expected string", "").await;
    check(&arena, map(json!({"data": {"a b": "c"}})), "data[a b]", "").await;
    check(&arena, map(json!({"data": {"a": "x".repeat(1_200_000)}})), "may not be more than", "").await;
    check(&arena, map(json!({"data": {"a": "x".repeat(4_000_000)}})), "too large", "").await;
    let containers = json!([{"name": "a", "image": "i"}, {"name": "a", "image": "i"}]);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}});
    check(&arena, pod, "duplicate entries for key [name=\"a\"]", "").await;
}

#[tokio::test]
async fn a_secret_s_values_are_not_in_the_words() {
    let Some(arena) = Arena::real("secret-words").await else { return };
    let secret = |fields: Value| {
        let mut manifest = json!({"apiVersion": "v1", "kind": "Secret"});
        manifest.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        manifest
    };
    check(&arena, secret(json!({"data": {"a": 4_711_815}})), ".data.a: expected string", "4711815").await;
    check(&arena, secret(json!({"stringData": {"a": {"b": "hunter2"}}})), ".stringData.a", "hunter2").await;
    check(&arena, secret(json!({"data": {"a": "hunter2!"}})), "illegal base64", "hunter2").await;
    let docker =
        json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{hunter2"}});
    check(&arena, secret(docker), "dockerconfigjson", "hunter2").await;
}

#[tokio::test]
async fn a_policy_s_and_a_quota_s_words_reach_the_user() {
    let Some(arena) = Arena::real("policy").await else { return };
    let quota =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"count/secrets": "0"}}});
    arena.live(&arena.object("none", quota), PLAIN).await;
    let secret = arena.object("a", json!({"apiVersion": "v1", "kind": "Secret", "data": {}}));
    let is_refused = async || {
        let applied = arena.apply(&secret, DRY).await;
        matches!(&applied, Applied::Refused(words) if words.contains("exceeded quota"))
    };
    arena.until("the quota counts", is_refused).await;
}
