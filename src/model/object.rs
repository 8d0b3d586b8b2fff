//! Kubernetes objects and what identifies them.

use serde_json::Value;
use std::fmt;

/// Group, version and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvk {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version, `v1`.
    pub version: String,
    /// The kind, `Deployment`.
    pub kind: String,
}

/// What identifies an object in a cluster: never the version, for the same object is served under several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The API group, empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// One manifest: an object as it is to be applied, a JSON object with `apiVersion`, `kind` and `metadata.name`.
#[derive(Clone, PartialEq)]
pub struct Object {
    gvk: Gvk,
    value: Value,
}

/// Why a JSON value is not a Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAnObject(String);

impl Gvk {
    /// From an object's `apiVersion` and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// As an object's `apiVersion` field holds it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether this is `kind` of `group`, in any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl ObjectKey {
    /// Whether this is `kind` of `group`.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl Object {
    /// Takes a JSON value that has what every object must have.
    pub fn new(value: Value) -> Result<Self, NotAnObject> {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let missing = |field: &str| NotAnObject(format!("the object has no {field}"));
        if !value.is_object() {
            return Err(NotAnObject("a manifest must be a mapping".to_owned()));
        }
        let api_version = text("/apiVersion").ok_or_else(|| missing("apiVersion"))?;
        let kind = text("/kind").ok_or_else(|| missing("kind"))?;
        if text("/metadata/name").is_none() {
            return Err(NotAnObject(match text("/metadata/generateName") {
                Some(_) => {
                    format!("{kind} has a generateName: it needs a fixed metadata.name to be kept as signed")
                }
                None => format!("{kind} has no metadata.name"),
            }));
        }
        if value
            .pointer("/metadata/namespace")
            .is_some_and(|namespace| !namespace.is_string() && !namespace.is_null())
        {
            return Err(NotAnObject(format!("{kind} has a metadata.namespace that is not a text")));
        }
        let gvk = Gvk::new(api_version, kind);
        Ok(Self { gvk, value })
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> &Gvk {
        &self.gvk
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The namespace it names, if it names one.
    pub fn namespace(&self) -> Option<&str> {
        self.value.pointer("/metadata/namespace").and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Puts it into a namespace, or into none.
    pub fn set_namespace(&mut self, namespace: Option<&str>) {
        if let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) {
            match namespace {
                Some(namespace) => metadata.insert("namespace".to_owned(), Value::from(namespace)),
                None => metadata.remove("namespace"),
            };
        }
    }

    /// Sets an entry of `metadata.labels` or `metadata.annotations`.
    pub fn set_metadata(&mut self, map: &str, key: &str, text: &str) {
        let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let entries = metadata.entry(map).or_insert_with(|| Value::Object(serde_json::Map::new()));
        if entries.is_null() {
            *entries = Value::Object(serde_json::Map::new());
        }
        if let Some(entries) = entries.as_object_mut() {
            entries.insert(key.to_owned(), Value::from(text));
        }
    }

    /// What identifies it.
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            group: self.gvk.group.clone(),
            kind: self.gvk.kind.clone(),
            namespace: self.namespace().map(str::to_owned),
            name: self.name().to_owned(),
        }
    }

    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The whole object, by value.
    pub fn into_value(self) -> Value {
        self.value
    }
}

impl fmt::Debug for Object {
    /// Only what identifies it: a manifest may hold a Secret's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.key())
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.api_version(), self.kind)
    }
}

impl fmt::Display for ObjectKey {
    /// `Deployment.apps pos/web`, `Namespace pos`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " {namespace}/{}", self.name),
            None => write!(f, " {}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_object_must_have() {
        let check = |value: Value, expect: &str| {
            assert_eq!(Object::new(value).unwrap_err().to_string(), expect);
        };
        check(json!([]), "a manifest must be a mapping");
        check(json!({"kind": "Pod"}), "the object has no apiVersion");
        check(json!({"apiVersion": "v1"}), "the object has no kind");
        check(json!({"apiVersion": "v1", "kind": "Pod"}), "Pod has no metadata.name");
        check(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}),
            "Pod has a generateName: it needs a fixed metadata.name to be kept as signed",
        );
    }

    #[test]
    fn a_key_reads_well() {
        let object = |value| Object::new(value).unwrap().key().to_string();
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "pos"}});
        assert_eq!(object(deployment), "Deployment.apps pos/web");
        assert_eq!(
            object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pos"}})),
            "Namespace pos"
        );
    }
}
