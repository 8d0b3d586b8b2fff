//! How values merge: which maps and lists have parts that different managers can own.
//!
//! A server reads this from its OpenAPI schema. Here a table holds what common kinds need; other lists are owned whole, as in a custom
//! resource whose schema says nothing. The contract test compares what the table says with a real server.

use super::fields::{Fields, Step};
use crate::model::Gvk;
use serde_json::{Map, Value, json};

/// How a value is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A map whose fields are owned one by one.
    Map,
    /// A list whose items are told apart by these fields.
    Keyed(&'static [&'static str]),
    /// A list whose items are what they are.
    Set,
    /// Owned as a whole.
    Whole,
}

/// A place in an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    is_builtin: bool,
    kind: &'a str,
    parent: &'a str,
    field: &'a str,
    depth: usize,
}

/// Lists of built-in kinds whose items have keys, by field.
const KEYED: &[(&str, &[&str])] = &[
    ("conditions", &["type"]),
    ("containers", &["name"]),
    ("env", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("hostAliases", &["ip"]),
    ("initContainers", &["name"]),
    ("matchConditions", &["name"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("volumeDevices", &["devicePath"]),
    ("volumeMounts", &["mountPath"]),
    ("volumes", &["name"]),
    ("webhooks", &["name"]),
];

/// Maps of built-in kinds that are owned as a whole, by field.
const WHOLE: &[&str] = &[
    "configMapKeyRef",
    "dataSource",
    "fieldRef",
    "labelSelector",
    "namespaceSelector",
    "nodeSelector",
    "objectSelector",
    "podSelector",
    "resourceFieldRef",
    "roleRef",
    "secretKeyRef",
    "selector",
];

impl<'a> Place<'a> {
    /// The root of an object. In a custom resource only metadata has a schema that is known here.
    pub(super) fn root(gvk: &'a Gvk, is_builtin: bool) -> Self {
        Self { is_builtin, kind: &gvk.kind, parent: "", field: "", depth: 0 }
    }

    /// The place of a field in it.
    pub(super) fn field(self, field: &'a str) -> Self {
        let is_builtin = self.is_builtin || (self.depth == 0 && field == "metadata");
        Self { is_builtin, parent: self.field, field, depth: self.depth + 1, ..self }
    }

    /// The place of an item in it.
    pub(super) fn item(self) -> Self {
        Self { parent: self.field, field: "", depth: self.depth + 1, ..self }
    }

    /// How this value at this place is made up.
    pub(super) fn shape(self, value: &Value) -> Shape {
        match value {
            Value::Object(_) if self.is_whole_map() => Shape::Whole,
            Value::Object(_) => Shape::Map,
            Value::Array(_) if self.is_builtin => self.list(),
            _ => Shape::Whole,
        }
    }

    /// All paths of a value at this place.
    pub(super) fn fields(self, value: &Value) -> Fields {
        let mut fields = Fields::default();
        match (self.shape(value), value) {
            (Shape::Map, Value::Object(map)) => {
                for (field, value) in map {
                    fields.add(format!("f:{field}"), &self.field(field).fields(value));
                }
            }
            (Shape::Keyed(keys), Value::Array(list)) => {
                for value in list {
                    let mut item = self.item().fields(value);
                    item.here = true;
                    fields.add(key(keys, value), &item);
                }
            }
            (Shape::Set, Value::Array(list)) => {
                for value in list {
                    fields.add(format!("v:{value}"), &Fields::leaf());
                }
            }
            _ => {}
        }
        fields.here |= fields.below.is_empty();
        fields
    }

    fn is_whole_map(self) -> bool {
        let is_reference =
            matches!((self.parent, self.field), ("imagePullSecrets" | "ownerReferences" | "secrets", ""));
        let is_backend_port = self.kind == "Ingress" && (self.parent, self.field) == ("service", "port");
        self.is_builtin && (WHOLE.contains(&self.field) || is_reference || is_backend_port)
    }

    fn list(self) -> Shape {
        let is_at_root = self.depth == 1;
        match (self.parent, self.field) {
            ("metadata", "finalizers") => Shape::Set,
            ("metadata", "ownerReferences") => Shape::Keyed(&["uid"]),
            ("spec", "ports") if self.kind == "Service" => Shape::Keyed(&["port", "protocol"]),
            ("", "ports") => Shape::Keyed(&["containerPort", "protocol"]),
            (_, "secrets") if is_at_root && self.kind == "ServiceAccount" => Shape::Keyed(&["name"]),
            ("spec", "imagePullSecrets") | ("resources", "claims") => Shape::Keyed(&["name"]),
            (_, field) => KEYED
                .iter()
                .find(|(name, _)| *name == field)
                .map_or(Shape::Whole, |(_, keys)| Shape::Keyed(keys)),
        }
    }
}

/// The step to an item of a keyed list. A key that it does not say has its default: the server writes that into the item.
pub(super) fn key(keys: &[&str], item: &Value) -> Step {
    let pairs = keys.iter().filter_map(|key| {
        let value = item.get(key).cloned().or_else(|| default(key));
        value.map(|value| ((*key).to_owned(), value))
    });
    format!("k:{}", Value::Object(pairs.collect::<Map<_, _>>()))
}

/// Writes the defaults of its keys into an item.
pub(super) fn complete(keys: &[&str], item: &mut Value) {
    let Some(map) = item.as_object_mut() else { return };
    for key in keys {
        if let Some(value) = default(key).filter(|_| !map.contains_key(*key)) {
            map.insert((*key).to_owned(), value);
        }
    }
}

fn default(key: &str) -> Option<Value> {
    (key == "protocol").then(|| json!("TCP"))
}
