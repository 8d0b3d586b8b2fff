//! A small model of server-side apply, for the laws of this room.
//!
//! Maps are granular; lists of maps with a `name` are keyed by it; other lists are owned as a whole. The server answers quantities
//! in its own form (`1000m` is `1`) and fills in `spec.filled`, which nobody owns. Its answers have the form of the real server's,
//! managed fields included.

use super::fields::spell;
use crate::model::{FIELD_MANAGER, Gvk, Live, Object, ObjectKey};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Leaf = Vec<String>;

/// Objects with their owners.
#[derive(Debug, Default, Clone)]
pub(super) struct Server {
    objects: BTreeMap<ObjectKey, Stored>,
    writes: u64,
}

#[derive(Debug, Clone)]
struct Stored {
    gvk: Gvk,
    value: Value,
    uid: u64,
    version: u64,
    owners: BTreeMap<(String, &'static str), BTreeSet<Leaf>>,
}

impl Server {
    /// How many writes changed something.
    pub(super) fn writes(&self) -> u64 {
        self.writes
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<Live> {
        self.objects.get(key).map(Stored::live)
    }

    pub(super) fn delete(&mut self, key: &ObjectKey) {
        self.objects.remove(key);
    }

    /// A foreign `Update`: whoever changes a field owns it alone.
    pub(super) fn update(&mut self, manager: &str, key: &ObjectKey, change: impl FnOnce(&mut Value)) {
        let Some(stored) = self.objects.get_mut(key) else { return };
        let before = stored.value.clone();
        change(&mut stored.value);
        let (old, new) = (leaves_of(&before), leaves_of(&stored.value));
        let changed = |leaf: &&Leaf| find(&before, leaf) != find(&stored.value, leaf);
        let touched: BTreeSet<Leaf> = old.union(&new).filter(changed).cloned().collect();
        let is_gone = |leaf: &Leaf| find(&before, leaf).is_some() && find(&stored.value, leaf).is_none();
        let is_lost = |leaf: &Leaf| touched.contains(leaf) || is_gone(leaf);
        stored.owners.values_mut().for_each(|owned| owned.retain(|leaf| !is_lost(leaf)));
        let mine = touched.intersection(&new).cloned();
        stored.owners.entry((manager.to_owned(), "Update")).or_default().extend(mine);
        stored.owners.retain(|_, owned| !owned.is_empty());
        self.writes += 1;
        stored.version = self.writes;
    }

    /// An apply, or a dry-run of one: the object as it is or would be, or the conflicts, as manager and field.
    pub(super) fn apply(
        &mut self,
        manager: &str,
        object: &Object,
        force: bool,
        dry_run: bool,
    ) -> Result<Live, Vec<(String, String)>> {
        let key = object.key();
        let mut stored =
            self.objects.get(&key).cloned().unwrap_or_else(|| Stored::new(object, self.writes + 1));
        let wanted = normal(&object.value());
        let set = leaves_of(&wanted);
        let me = (manager.to_owned(), "Apply");
        let conflicts = stored.conflicts(&me, &wanted, &set);
        if !conflicts.is_empty() && !force {
            let told = |(owner, leaf): &(String, Leaf)| (owner.clone(), spell(&borrow(leaf)));
            return Err(conflicts.iter().map(told).collect());
        }
        for (_, leaf) in &conflicts {
            let others = stored.owners.iter_mut().filter(|(owner, _)| **owner != me);
            others.for_each(|(_, owned)| owned.retain(|one| one != leaf));
        }
        let dropped: Vec<Leaf> = stored
            .owners
            .get(&me)
            .into_iter()
            .flatten()
            .filter(|leaf| !set.contains(*leaf))
            .cloned()
            .collect();
        stored.owners.insert(me.clone(), set.clone());
        stored.owners.retain(|_, owned| !owned.is_empty());
        for leaf in dropped {
            let place = leaf.strip_suffix(&[".".to_owned()]).unwrap_or(&leaf);
            if !stored.owners.values().flatten().any(|owned| owned.starts_with(place)) {
                remove(&mut stored.value, &leaf);
            }
        }
        merge(&mut stored.value, &wanted);
        fill_in(&mut stored.value);
        let is_same = self
            .objects
            .get(&key)
            .is_some_and(|old| old.value == stored.value && old.owners == stored.owners);
        if is_same || dry_run {
            return Ok(stored.live());
        }
        self.writes += 1;
        stored.version = self.writes;
        let live = stored.live();
        self.objects.insert(key, stored);
        Ok(live)
    }

    /// As our own agent applies.
    pub(super) fn apply_ours(&mut self, object: &Object, force: bool) -> Result<Live, Vec<(String, String)>> {
        self.apply(FIELD_MANAGER, object, force, false)
    }
}

impl Stored {
    fn new(object: &Object, uid: u64) -> Self {
        let key = object.key();
        let value = json!({"metadata": {"name": key.name, "namespace": key.namespace}});
        Self { gvk: object.gvk().clone(), value, uid, version: 0, owners: BTreeMap::new() }
    }

    fn conflicts(
        &self,
        me: &(String, &'static str),
        wanted: &Value,
        set: &BTreeSet<Leaf>,
    ) -> Vec<(String, Leaf)> {
        let others = self.owners.iter().filter(|(owner, _)| *owner != me);
        let differs = |leaf: &&Leaf| find(&self.value, leaf) != find(wanted, leaf);
        others
            .flat_map(|(owner, owned)| {
                owned.intersection(set).filter(differs).map(|leaf| (owner.0.clone(), leaf.clone()))
            })
            .collect()
    }

    fn live(&self) -> Live {
        let mut value = self.value.clone();
        let entries: Vec<_> = self
            .owners
            .iter()
            .map(|((manager, operation), owned)| {
                json!({"manager": manager, "operation": operation, "apiVersion": self.gvk.api_version(),
                       "fieldsType": "FieldsV1", "fieldsV1": tree(owned)})
            })
            .collect();
        value["metadata"]["uid"] = json!(self.uid.to_string());
        value["metadata"]["resourceVersion"] = json!(self.version.to_string());
        value["metadata"]["managedFields"] = json!(entries);
        Live { gvk: self.gvk.clone(), value }
    }
}

/// What a manifest sets, without what names it.
fn leaves_of(value: &Value) -> BTreeSet<Leaf> {
    let mut found = BTreeSet::new();
    collect(value, &mut Vec::new(), &mut found);
    let is_name = |leaf: &Leaf| {
        let names = ["f:name", "f:namespace"];
        matches!(leaf.as_slice(), [one] if ["f:apiVersion", "f:kind"].contains(&one.as_str()))
            || matches!(leaf.as_slice(), [one, two] if one == "f:metadata" && names.contains(&two.as_str()))
    };
    found.retain(|leaf| !is_name(leaf));
    found
}

fn collect(value: &Value, at: &mut Leaf, found: &mut BTreeSet<Leaf>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, below) in map {
                at.push(format!("f:{name}"));
                collect(below, at, found);
                at.pop();
            }
        }
        Value::Array(items) if is_keyed(items) => {
            for item in items {
                at.push(format!("k:{}", json!({"name": item["name"]})));
                found.insert(at.iter().cloned().chain([".".to_owned()]).collect());
                collect(item, at, found);
                at.pop();
            }
        }
        _ => drop(found.insert(at.clone())),
    }
}

fn is_keyed(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get("name").is_some_and(Value::is_string))
}

/// What a leaf names; of an item's `.` only that it is there.
fn find<'v>(root: &'v Value, leaf: &Leaf) -> Option<&'v Value> {
    leaf.iter().try_fold(root, |at, raw| match raw.split_once(':') {
        None => Some(&Value::Null),
        Some(("f", name)) => at.get(name),
        Some((_, key)) => at.as_array()?.iter().find(|item| has_key(item, key)),
    })
}

fn has_key(item: &Value, key: &str) -> bool {
    serde_json::from_str::<Value>(key).is_ok_and(|key| item.get("name") == key.get("name"))
}

/// Removes what a leaf names: a field, or, by an item's `.`, the item.
fn remove(root: &mut Value, leaf: &Leaf) {
    let (way, last) = match leaf.as_slice() {
        [way @ .., key, end] if end == "." => (way, key),
        [way @ .., last] => (way, last),
        [] => return,
    };
    let container = way.iter().try_fold(root, |at, raw| match raw.split_at(2) {
        ("f:", name) => at.get_mut(name),
        (_, key) => at.as_array_mut()?.iter_mut().find(|item| has_key(item, key)),
    });
    match (container, last.split_at(2)) {
        (Some(Value::Object(map)), ("f:", name)) => drop(map.remove(name)),
        (Some(Value::Array(items)), (_, key)) => items.retain(|item| !has_key(item, key)),
        _ => {}
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if is_keyed(from) && is_keyed(into) => {
            for item in from {
                match into.iter_mut().find(|old| old["name"] == item["name"]) {
                    Some(old) => merge(old, item),
                    None => into.push(item.clone()),
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Quantities in the server's own form.
fn normal(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_suffix("000m") {
            Some(whole) if !whole.is_empty() => Value::from(whole),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), normal(value))).collect())
        }
        _ => value.clone(),
    }
}

fn fill_in(value: &mut Value) {
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        spec.entry("filled").or_insert(Value::from("by the server"));
    }
}

fn tree(owned: &BTreeSet<Leaf>) -> Value {
    let mut root = Map::new();
    for leaf in owned {
        let mut at = &mut root;
        for raw in leaf {
            let below = at.entry(raw.as_str()).or_insert_with(|| Value::Object(Map::new()));
            let Some(map) = below.as_object_mut() else { break };
            at = map;
        }
    }
    Value::Object(root)
}

fn borrow(leaf: &Leaf) -> Vec<&str> {
    leaf.iter().map(String::as_str).collect()
}
