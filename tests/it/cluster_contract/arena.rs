//! A cluster to test on, one namespace of it, and somebody else who works there too.

use crate::support::cluster::TestCluster;
use crate::support::site::api_server;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use standfast::cluster::{Applied, ApplyMode, Cluster, Deleted, FieldConflict, Leases, MemoryCluster};
use standfast::model::{Gvk, Live, Object, ObjectKey};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Apply as the agent does it in the ordinary case.
pub(crate) const PLAIN: ApplyMode = ApplyMode { dry_run: false, force: false, create_only: false };
/// Take over.
pub(crate) const FORCE: ApplyMode = ApplyMode { force: true, ..PLAIN };
/// Only if it is not there.
pub(crate) const CREATE: ApplyMode = ApplyMode { create_only: true, ..PLAIN };
/// Only judge.
pub(crate) const DRY: ApplyMode = ApplyMode { dry_run: true, ..PLAIN };

/// How long a real cluster's controllers may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A cluster, a namespace in it, and somebody else.
pub(crate) struct Arena {
    /// The cluster through its port.
    pub(crate) cluster: Box<dyn Cluster>,
    /// Its leases.
    pub(crate) leases: Box<dyn Leases>,
    /// A namespace for this test alone.
    pub(crate) namespace: String,
    foreign: Foreign,
}

/// The somebody else.
enum Foreign {
    Memory(MemoryCluster),
    Real(kube::Client),
}

impl Arena {
    /// In memory.
    pub(crate) fn memory() -> Self {
        let memory = MemoryCluster::new();
        let namespace = "arena".to_owned();
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        memory.foreign_create("test", &manifest).expect("a new cluster takes a namespace");
        Self {
            cluster: Box::new(memory.clone()),
            leases: Box::new(memory.clone()),
            namespace,
            foreign: Foreign::Memory(memory),
        }
    }

    /// On the test binary's own cluster, or `None` where Go is missing.
    pub(crate) async fn real(test: &str) -> Option<Self> {
        let cluster = TestCluster::shared()?;
        Some(Self {
            namespace: cluster.namespace(test).await,
            cluster: Box::new(api_server(cluster.kubeconfig())),
            leases: Box::new(api_server(cluster.kubeconfig())),
            foreign: Foreign::Real(cluster.client().await),
        })
    }

    /// A name that no other test uses, for what lives in no namespace.
    pub(crate) fn unique(word: &str) -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        format!("{word}{}", MADE.fetch_add(1, Ordering::Relaxed))
    }

    /// An object in this arena's namespace: the manifest's name is given apart.
    pub(crate) fn object(&self, name: &str, manifest: Value) -> Object {
        within(&self.namespace, &cluster_wide(name, manifest))
    }

    /// A ConfigMap with this data.
    pub(crate) fn map(&self, name: &str, data: Value) -> Object {
        self.object(name, json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data}))
    }

    /// Applies.
    pub(crate) async fn apply(&self, object: &Object, mode: ApplyMode) -> Applied {
        self.cluster.apply(object, mode).await.expect("the cluster answers")
    }

    /// Applies, which must succeed.
    pub(crate) async fn live(&self, object: &Object, mode: ApplyMode) -> Live {
        match self.apply(object, mode).await {
            Applied::Live(live) => live,
            other => panic!("applying {} came to {other:?}", object.key()),
        }
    }

    /// The object as it is now.
    pub(crate) async fn get(&self, object: &Object) -> Option<Live> {
        self.cluster.get(object.gvk(), &object.key()).await.expect("the cluster answers")
    }

    /// Deletes what is there under that name.
    pub(crate) async fn delete(&self, object: &Object) -> Deleted {
        let uid = self.get(object).await.expect("it is there").uid().to_owned();
        self.cluster.delete(object.gvk(), &object.key(), &uid).await.expect("the cluster answers")
    }

    /// Waits until the object is gone.
    pub(crate) async fn until_gone(&self, object: &Object) {
        self.until("it is gone", async || self.get(object).await.is_none()).await;
    }

    /// Waits until something holds; for what controllers do.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("waited in vain until {what}"));
    }

    /// Somebody else creates it in the old way.
    pub(crate) async fn foreign_create(&self, manager: &str, object: &Object) {
        match &self.foreign {
            Foreign::Memory(memory) => {
                drop(memory.foreign_create(manager, &object.value()).expect("it is new"));
            }
            Foreign::Real(client) => {
                let params = PostParams { field_manager: Some(manager.to_owned()), ..PostParams::default() };
                let dynamic = serde_json::from_value(object.value()).expect("it is an object");
                self.api(client, object).await.create(&params, &dynamic).await.expect("it is new");
            }
        }
    }

    /// Somebody else changes it by a merge patch.
    pub(crate) async fn foreign_edit(&self, manager: &str, object: &Object, patch: Value) {
        match &self.foreign {
            Foreign::Memory(memory) => {
                let edited = memory.foreign_edit(manager, object.gvk(), &object.key(), &patch);
                drop(edited.expect("it is there"));
            }
            Foreign::Real(client) => {
                let params =
                    PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
                let api = self.api(client, object).await;
                api.patch(object.name(), &params, &Patch::Merge(patch)).await.expect("it is there");
            }
        }
    }

    /// Somebody else applies it, by force.
    pub(crate) async fn foreign_apply(&self, manager: &str, object: &Object) {
        match &self.foreign {
            Foreign::Memory(memory) => {
                let applied = memory.foreign_apply(manager, object, true);
                assert!(matches!(applied, Applied::Live(_)), "{applied:?}");
            }
            Foreign::Real(client) => {
                let params = PatchParams::apply(manager).force();
                let api = self.api(client, object).await;
                api.patch(object.name(), &params, &Patch::Apply(&object.value())).await.expect("it is taken");
            }
        }
    }

    /// Somebody else deletes it.
    pub(crate) async fn foreign_delete(&self, object: &Object) {
        match &self.foreign {
            Foreign::Memory(memory) => drop(memory.foreign_delete(&object.key())),
            Foreign::Real(client) => {
                let api = self.api(client, object).await;
                api.delete(object.name(), &DeleteParams::default()).await.expect("it is there");
            }
        }
    }

    async fn api(&self, client: &kube::Client, object: &Object) -> Api<DynamicObject> {
        let gvk = object.gvk();
        let kinds = self.cluster.kinds(false).await.expect("the cluster answers");
        let resource = ApiResource {
            group: gvk.group.clone(),
            version: gvk.version.clone(),
            api_version: gvk.api_version(),
            kind: gvk.kind.clone(),
            plural: kinds.get(gvk).expect("the kind is served").plural.clone(),
        };
        match object.namespace() {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        }
    }
}

/// The same object in a namespace.
pub(crate) fn within(namespace: &str, object: &Object) -> Object {
    changed(object, |manifest| manifest["metadata"]["namespace"] = namespace.into())
}

/// The same object, changed.
pub(crate) fn changed(object: &Object, change: impl FnOnce(&mut Value)) -> Object {
    let mut manifest = object.value();
    change(&mut manifest);
    Object::new(manifest).expect("it is still an object")
}

/// An object that lives in no namespace, or has its own in the manifest.
pub(crate) fn cluster_wide(name: &str, mut manifest: Value) -> Object {
    manifest["metadata"]["name"] = Value::from(name);
    Object::new(manifest).expect("the manifest is an object")
}

/// The fields that a manager owns by apply, as compact JSON; empty if none.
pub(crate) fn owned(live: &Live, manager: &str) -> String {
    let entries = live.value.pointer("/metadata/managedFields").and_then(Value::as_array);
    let mut entries = entries.into_iter().flatten();
    let entry = entries.find(|entry| entry["manager"] == manager && entry["operation"] == "Apply");
    entry.map(|entry| entry["fieldsV1"].to_string()).unwrap_or_default()
}

/// A field conflict.
pub(crate) fn conflict(manager: &str, field: &str) -> FieldConflict {
    FieldConflict { manager: manager.to_owned(), field: field.to_owned() }
}

/// What identifies an object of this kind.
pub(crate) fn key(gvk: &Gvk, namespace: Option<&str>, name: &str) -> ObjectKey {
    ObjectKey {
        group: gvk.group.clone(),
        kind: gvk.kind.clone(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}
