//! Somebody else at the cluster: a person with kubectl, a controller, another deployer.

use super::cluster::TestCluster;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams,
};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};
use standfast::model::{Gvk, Live};
use std::time::Duration;

/// A client of the API server that writes under a name of its own.
pub(crate) struct Hand {
    client: kube::Client,
    manager: &'static str,
}

impl Hand {
    /// Somebody who writes as `manager`.
    pub(crate) async fn of(cluster: &TestCluster, manager: &'static str) -> Self {
        Self { client: cluster.client().await, manager }
    }

    /// Writes an object by server-side apply, taking what others own.
    pub(crate) async fn apply(&self, manifest: Value) -> Value {
        let (api, name) = self.addressed(&manifest);
        let params = PatchParams::apply(self.manager).force();
        let live = api.patch(&name, &params, &Patch::Apply(&manifest)).await;
        serde_json::to_value(live.unwrap_or_else(|error| panic!("applying {manifest}: {error}"))).unwrap()
    }

    /// Whether the API server would not take an object. Nothing is written.
    pub(crate) async fn is_refused(&self, manifest: &Value) -> bool {
        let (api, name) = self.addressed(manifest);
        let params = PatchParams { dry_run: true, ..PatchParams::apply(self.manager).force() };
        api.patch(&name, &params, &Patch::Apply(manifest)).await.is_err()
    }

    /// Makes a ConfigMap with one key, `key`.
    pub(crate) async fn config_map(&self, namespace: &str, name: &str, value: &str) {
        self.apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"key": value},
        }))
        .await;
    }

    /// Changes an object as `kubectl edit` does: `change` is merged into what it holds.
    pub(crate) async fn edit(&self, kind: (&str, &str), namespace: Option<&str>, name: &str, change: Value) {
        let params = PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() };
        let edited = self.api(kind, namespace).patch(name, &params, &Patch::Merge(&change)).await;
        edited.unwrap_or_else(|error| panic!("editing {} {name}: {error}", kind.1));
    }

    /// Sets the finalizers of an object; none lets go what waits for them.
    pub(crate) async fn finalize(
        &self,
        kind: (&str, &str),
        namespace: Option<&str>,
        name: &str,
        by: &[&str],
    ) {
        self.edit(kind, namespace, name, json!({"metadata": {"finalizers": by}})).await;
    }

    /// Deletes an object.
    pub(crate) async fn delete(&self, kind: (&str, &str), namespace: Option<&str>, name: &str) {
        let deleted = self.api(kind, namespace).delete(name, &DeleteParams::default()).await;
        deleted.unwrap_or_else(|error| panic!("deleting {} {name}: {error}", kind.1));
    }

    /// The same where the object may be gone just now.
    pub(crate) async fn try_edit(&self, kind: (&str, &str), namespace: &str, name: &str, change: Value) {
        let params = PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() };
        let edited = self.api(kind, Some(namespace)).patch(name, &params, &Patch::Merge(&change)).await;
        unless_gone(edited.map(drop), name);
    }

    /// The same where the object may be gone just now.
    pub(crate) async fn try_delete(&self, kind: (&str, &str), namespace: &str, name: &str) {
        let deleted = self.api(kind, Some(namespace)).delete(name, &DeleteParams::default()).await;
        unless_gone(deleted.map(drop), name);
    }

    /// A token of a service account that may do everything.
    pub(crate) async fn token(&self, namespace: &str, name: &str) -> String {
        self.apply(json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace},
        }))
        .await;
        self.apply(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        }))
        .await;
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        let asked =
            accounts.create_token_request(name, &PostParams::default(), &TokenRequest::default()).await;
        asked.unwrap().status.unwrap().token.unwrap()
    }

    /// An object that must be there.
    pub(crate) async fn get(&self, kind: (&str, &str), namespace: Option<&str>, name: &str) -> Value {
        let live = self.api(kind, namespace).get(name).await;
        serde_json::to_value(live.unwrap_or_else(|error| panic!("reading {} {name}: {error}", kind.1)))
            .unwrap()
    }

    /// All objects of a kind in a namespace.
    pub(crate) async fn list(&self, kind: (&str, &str), namespace: Option<&str>) -> Vec<Value> {
        let listed = self.api(kind, namespace).list(&ListParams::default()).await.unwrap();
        listed.items.into_iter().map(|object| serde_json::to_value(object).unwrap()).collect()
    }

    /// Waits until an object that is there fits, and answers with it.
    pub(crate) async fn until(
        &self,
        kind: (&str, &str),
        namespace: &str,
        name: &str,
        fits: impl Fn(&Live) -> bool,
    ) -> Live {
        let read = |object: &DynamicObject| Live {
            gvk: Gvk::new(kind.0, kind.1),
            value: serde_json::to_value(object).unwrap(),
        };
        let condition = |object: Option<&DynamicObject>| object.is_some_and(|object| fits(&read(object)));
        let waiting = await_condition(self.api(kind, Some(namespace)), name, condition);
        let found = tokio::time::timeout(Duration::from_secs(120), waiting).await;
        let found = found.unwrap_or_else(|_| panic!("waited in vain for {} {name}", kind.1));
        read(
            &found.unwrap_or_else(|error| panic!("waiting for {} {name}: {error}", kind.1)).expect("it fits"),
        )
    }

    /// Waits until an object is gone.
    pub(crate) async fn until_gone(&self, kind: (&str, &str), namespace: &str, name: &str) {
        let is_gone = |object: Option<&DynamicObject>| object.is_none();
        let gone = await_condition(self.api(kind, Some(namespace)), name, is_gone).await;
        gone.unwrap_or_else(|error| panic!("waiting for the end of {} {name}: {error}", kind.1));
    }

    fn addressed(&self, manifest: &Value) -> (Api<DynamicObject>, String) {
        let text = |pointer| manifest.pointer(pointer).and_then(Value::as_str);
        let kind = (text("/apiVersion").unwrap(), text("/kind").unwrap());
        (self.api(kind, text("/metadata/namespace")), text("/metadata/name").unwrap().to_owned())
    }

    fn api(&self, (api_version, kind): (&str, &str), namespace: Option<&str>) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }
}

/// Whatever else than that there is no such object is a failure.
fn unless_gone(done: Result<(), kube::Error>, name: &str) {
    match done {
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        done => done.unwrap_or_else(|error| panic!("changing {name}: {error}")),
    }
}
