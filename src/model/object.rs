//! Kubernetes objects and what identifies them.

use super::packed::Packed;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting of a manifest: readers of JSON stop at 128 levels.
const MAX_DEPTH: usize = 120;

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
///
/// It is held as canonical JSON text (keys sorted, no spaces), about a tenth of what the same takes as a tree, and packed if it is long: a
/// site keeps all of its manifests at hand, so that what drifts is healed without a disk. [`Object::value`] reads it.
#[derive(Clone, PartialEq)]
pub struct Object {
    gvk: Gvk,
    namespace: Option<Box<str>>,
    name: Box<str>,
    text: Packed,
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
        let namespace = text("/metadata/namespace").map(Into::into);
        let name = text("/metadata/name").unwrap_or_default().into();
        let mut written = Vec::new();
        canonical(&value, 0, &mut written)?;
        let text = String::from_utf8(written).expect("because JSON is written as UTF-8").into();
        Ok(Self { gvk, namespace, name, text })
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> &Gvk {
        &self.gvk
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace it names, if it names one.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
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

    /// The whole object, read from its text.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text())
            .expect("because the text was written from a value, and is not too deep")
    }

    /// The object as canonical JSON: the same object has the same text, in whatever order its fields were written.
    pub fn text(&self) -> Cow<'_, str> {
        self.text.text()
    }
}

/// Writes JSON with sorted keys and no spaces.
fn canonical(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), NotAnObject> {
    let between = |out: &mut Vec<u8>, at: usize| {
        if at > 0 {
            out.push(b',');
        }
    };
    if depth > MAX_DEPTH {
        return Err(NotAnObject(format!("the object is nested deeper than {MAX_DEPTH} levels")));
    }
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                between(out, at);
                canonical(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (at, (key, value)) in entries.into_iter().enumerate() {
                between(out, at);
                scalar(key, out);
                out.push(b':');
                canonical(value, depth + 1, out)?;
            }
            out.push(b'}');
        }
        value => scalar(value, out),
    }
    Ok(())
}

fn scalar<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("because writing to memory does not fail");
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
    fn an_object_is_what_it_was() {
        let value = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"b": [1, 2.5, -0.1, 1e300], "a": "é\n"}});
        let object = Object::new(value.clone()).unwrap();
        assert_eq!(object.value(), value);
        let text = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"a":"é\n","b":[1,2.5,-0.1,1e+300]}}"#;
        assert_eq!(object.text().replace("1e300", "1e+300"), text);
    }

    #[test]
    fn what_could_not_be_read_back_is_refused() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
        let object = |levels| {
            Object::new(
                json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "spec": nested(levels)}),
            )
        };
        assert_eq!(object(MAX_DEPTH - 1).unwrap().value()["spec"], nested(MAX_DEPTH - 1));
        assert!(object(MAX_DEPTH).unwrap_err().to_string().contains("nested deeper than 120 levels"));
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
