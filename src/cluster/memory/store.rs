//! The objects, and what a server does around them.

use super::ending::{has_content, has_finalizers, is_terminating};
use super::managers::{self, Applier, Manager, TIME};
use super::schema::Place;
use super::{fixed, healthy, pods, served};
use crate::cluster::server::address;
use crate::cluster::{Applied, ApplyMode, Kind, Kinds, Query, manifest};
use crate::model::{Gvk, Live, Object, ObjectKey};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All state of the cluster.
pub(super) struct Store {
    /// What is served.
    pub(super) kinds: Arc<Kinds>,
    /// Status that was set from outside, and stays.
    pub(super) statuses: BTreeMap<ObjectKey, Value>,
    /// Objects that are refused, with the words.
    pub(super) refusals: BTreeMap<ObjectKey, String>,
    /// All objects.
    pub(super) objects: BTreeMap<ObjectKey, Stored>,
    /// Counts writes: the last resource version.
    pub(super) revision: u64,
    made: u64,
}

/// One object, its managed fields apart.
#[derive(Clone, PartialEq)]
pub(super) struct Stored {
    pub(super) value: Value,
    managers: Vec<Manager>,
}

impl Store {
    /// A cluster with the namespaces that every cluster has.
    pub(super) fn new() -> Self {
        let mut store = Self {
            kinds: Arc::new(served::builtin()),
            statuses: BTreeMap::new(),
            refusals: BTreeMap::new(),
            objects: BTreeMap::new(),
            revision: 1,
            made: 0,
        };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            store.create(
                "kube-apiserver",
                &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            );
        }
        store
    }

    /// One object, in the version asked for.
    pub(super) fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Option<Live> {
        let (gvk, _) = self.resolve(gvk)?;
        Some(live(&gvk, self.objects.get(key)?))
    }

    /// What a query finds.
    pub(super) fn list(&self, query: &Query) -> Vec<Live> {
        let Some((gvk, kind)) = self.resolve(&query.gvk) else { return Vec::new() };
        let namespace = query.namespace.as_deref().filter(|_| kind.is_namespaced);
        let objects = self
            .objects
            .iter()
            .filter(|(key, _)| namespace.is_none() || key.namespace.as_deref() == namespace)
            .filter_map(|(key, stored)| match key.is(&query.gvk.group, &query.gvk.kind) {
                true => Some(live(&gvk, stored)),
                false => pods::of(key, &stored.value).filter(|pod| pod.gvk == gvk),
            })
            .filter(|live| {
                query
                    .owner
                    .as_ref()
                    .is_none_or(|owner| live.label(crate::model::OWNER_LABEL) == Some(owner.as_str()))
            });
        objects.take(query.limit.map_or(usize::MAX, |limit| limit as usize)).collect()
    }

    /// Server-side apply.
    pub(super) fn apply(&mut self, manager: &str, object: &Object, mode: ApplyMode) -> Applied {
        let (gvk, key) = (object.gvk(), object.key());
        let Some(kind) = self.kinds.get(gvk) else {
            return Applied::NoPlace(format!("the server does not serve {gvk}"));
        };
        if let Err(why) = address::object(gvk, kind, object.namespace(), object.name()) {
            return Applied::Refused(why.to_string());
        }
        if let Some(words) = self.refusals.get(&key) {
            return Applied::Refused(words.clone());
        }
        let old = self.objects.get(&key).cloned();
        if let Some(words) = self.no_place(&key, old.is_none()) {
            return Applied::NoPlace(words);
        }
        if old.is_some() && mode.create_only {
            return Applied::Exists;
        }
        let mut applied = manifest::wish(object);
        if let Some(map) = applied.as_object_mut().filter(|_| self.has_status(gvk)) {
            map.remove("status");
        }
        let who = Applier { name: manager, force: mode.force, api_version: &gvk.api_version() };
        let mut new = old.clone().unwrap_or_else(|| self.blank(gvk, &key));
        match managers::apply(place(gvk), who, &new.value, &mut new.managers, &applied) {
            Ok(value) => new.value = value,
            Err(conflicts) => return Applied::Conflict(conflicts),
        }
        let complaints =
            old.as_ref().map(|old| fixed::complaints(gvk, &old.value, &new.value)).unwrap_or_default();
        if !complaints.is_empty() {
            return Applied::Immutable(complaints.join("; "));
        }
        Applied::Live(self.put(gvk, &key, old.as_ref(), new, mode.dry_run))
    }

    /// Creates an object in the old way; `None` if it is there, or has no place.
    pub(super) fn create(&mut self, manager: &str, value: &Value) -> Option<Live> {
        let object = Object::new(value.clone()).ok()?;
        let (gvk, key) = (object.gvk().clone(), object.key());
        self.kinds.get(&gvk)?;
        if self.objects.contains_key(&key) || self.no_place(&key, true).is_some() {
            return None;
        }
        let mut new = self.blank(&gvk, &key);
        let old = new.value.clone();
        merge_patch(&mut new.value, &manifest::wish(&object));
        managers::update(place(&gvk), manager, &gvk.api_version(), &mut new.managers, (&old, &new.value));
        Some(self.put(&gvk, &key, None, new, false))
    }

    /// Changes an object by a merge patch, as somebody who updates; `None` if it is not there.
    pub(super) fn edit(&mut self, manager: &str, gvk: &Gvk, key: &ObjectKey, patch: &Value) -> Option<Live> {
        let old = self.objects.get(key)?.clone();
        let mut new = old.clone();
        merge_patch(&mut new.value, patch);
        managers::update(
            place(gvk),
            manager,
            &gvk.api_version(),
            &mut new.managers,
            (&old.value, &new.value),
        );
        Some(self.put(gvk, key, Some(&old), new, false))
    }

    /// The status that was set, or that of a healthy cluster, for an object that is there.
    pub(super) fn refresh_status(&mut self, gvk: &Gvk, key: &ObjectKey) {
        if let Some(stored) = self.objects.get(key).cloned() {
            let old = stored.clone();
            self.put(gvk, key, Some(&old), stored, false);
        }
    }

    /// The version to answer in: the one asked for, else the preferred one.
    fn resolve(&self, gvk: &Gvk) -> Option<(Gvk, &Kind)> {
        let version = self.kinds.preferred.get(&(gvk.group.clone(), gvk.kind.clone()))?;
        let preferred = Gvk { version: version.clone(), ..gvk.clone() };
        [gvk.clone(), preferred].into_iter().find_map(|gvk| Some((gvk.clone(), self.kinds.get(&gvk)?)))
    }

    /// Why nothing can be made in its namespace.
    fn no_place(&self, key: &ObjectKey, is_new: bool) -> Option<String> {
        let name = key.namespace.as_ref()?;
        match self.objects.get(&namespace_key(name)) {
            None => Some(format!("namespaces {name:?} not found")),
            Some(namespace) if is_new && is_terminating(&namespace.value) => Some(format!(
                "unable to create new content in namespace {name} because it is being terminated"
            )),
            Some(_) => None,
        }
    }

    /// Whether this namespace is there.
    pub(super) fn has_namespace(&self, name: &str) -> bool {
        self.objects.contains_key(&namespace_key(name))
    }

    /// Whether the status is not part of the object that is applied.
    fn has_status(&self, gvk: &Gvk) -> bool {
        let definitions = self.objects.iter().filter(|(key, _)| is_definition(key));
        let mut versions = definitions
            .filter(|(_, stored)| {
                stored.value["spec"]["group"] == *gvk.group
                    && stored.value["spec"]["names"]["kind"] == *gvk.kind
            })
            .flat_map(|(_, stored)| stored.value["spec"]["versions"].as_array().into_iter().flatten())
            .filter(|version| version["name"] == *gvk.version);
        served::is_builtin(gvk) || versions.any(|version| version.pointer("/subresources/status").is_some())
    }

    /// A new object, with nothing that anybody owns.
    fn blank(&self, gvk: &Gvk, key: &ObjectKey) -> Stored {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), Value::from(key.name.clone()));
        if let Some(namespace) = &key.namespace {
            metadata.insert("namespace".to_owned(), Value::from(namespace.clone()));
        }
        metadata
            .insert("uid".to_owned(), Value::from(format!("00000000-0000-4000-8000-{:012}", self.made + 1)));
        metadata.insert("creationTimestamp".to_owned(), Value::from(TIME));
        let mut value = json!({"apiVersion": gvk.api_version(), "kind": gvk.kind, "metadata": metadata});
        if key.is("", "Namespace") {
            value["metadata"]["labels"] = json!({"kubernetes.io/metadata.name": key.name});
            value["spec"] = json!({"finalizers": ["kubernetes"]});
        }
        Stored { value, managers: Vec::new() }
    }

    /// Takes over a new state, if it is one and this is no dry-run, and answers with it.
    fn put(
        &mut self,
        gvk: &Gvk,
        key: &ObjectKey,
        old: Option<&Stored>,
        mut new: Stored,
        is_dry: bool,
    ) -> Live {
        if fixed::has_generation(gvk, served::is_builtin(gvk)) {
            let generation =
                old.and_then(|old| old.value["metadata"]["generation"].as_i64()).unwrap_or_default();
            let is_next = old.is_none_or(|old| fixed::differs_in_spec(&old.value, &new.value));
            new.value["metadata"]["generation"] = Value::from(generation + i64::from(is_next));
        }
        let status = self.statuses.get(key).cloned().or_else(|| healthy::status(gvk, &new.value));
        if let Some(status) = status.filter(|_| !is_terminating(&new.value)) {
            new.value["status"] = status;
        }
        if is_dry || old == Some(&new) {
            return live(gvk, &new);
        }
        self.revision += 1;
        self.made += u64::from(old.is_none());
        new.value["metadata"]["resourceVersion"] = Value::from(self.revision.to_string());
        let answer = live(gvk, &new);
        let is_done = is_terminating(&new.value) && !has_finalizers(&new.value) && !has_content(key);
        self.objects.insert(key.clone(), new);
        if is_done {
            self.remove(key);
        }
        if is_definition(key) {
            self.redefine();
        }
        answer
    }

    /// Serves what the built-in kinds and the definitions say.
    pub(super) fn redefine(&mut self) {
        let mut kinds = served::builtin();
        let definitions = self.objects.iter().filter(|(key, _)| is_definition(key));
        definitions.for_each(|(_, stored)| served::define(&mut kinds, &stored.value));
        self.kinds = Arc::new(kinds);
    }
}

/// How objects of a kind merge.
fn place(gvk: &Gvk) -> Place<'_> {
    Place::root(gvk, served::is_builtin(gvk))
}

/// An object as it is answered.
fn live(gvk: &Gvk, stored: &Stored) -> Live {
    let mut value = stored.value.clone();
    value["apiVersion"] = Value::from(gvk.api_version());
    if !stored.managers.is_empty() {
        value["metadata"]["managedFields"] = managers::to_json(&stored.managers);
    }
    Live { gvk: gvk.clone(), value }
}

fn namespace_key(name: &str) -> ObjectKey {
    ObjectKey { group: String::new(), kind: "Namespace".to_owned(), namespace: None, name: name.to_owned() }
}

/// Whether it is a custom resource definition.
pub(super) fn is_definition(key: &ObjectKey) -> bool {
    key.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// RFC 7386.
fn merge_patch(value: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        value.clone_from(patch);
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Some(map) = value.as_object_mut() else { return };
    for (field, patch) in patch {
        if patch.is_null() {
            map.remove(field);
        } else {
            merge_patch(map.entry(field.clone()).or_insert(Value::Null), patch);
        }
    }
}
