//! An object as the cluster holds it.

use super::object::{Gvk, ObjectKey};
use serde_json::Value;
use std::fmt;

/// A live object, whole. Rooms reduce it to what they need at once; nobody keeps a list of these.
#[derive(Clone, PartialEq)]
pub struct Live {
    /// The version it was read in.
    pub gvk: Gvk,
    /// The object, `metadata.managedFields` included.
    pub value: Value,
}

impl Live {
    /// A text field by JSON pointer, empty where it is missing.
    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// What identifies it.
    pub fn key(&self) -> ObjectKey {
        let namespace = Some(self.text("/metadata/namespace")).filter(|text| !text.is_empty());
        ObjectKey {
            group: self.gvk.group.clone(),
            kind: self.gvk.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: self.text("/metadata/name").to_owned(),
        }
    }

    /// Its unique id, which a deleted and created object does not keep.
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// The server's version counter of it.
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.value.pointer("/metadata/labels")?.get(name)?.as_str()
    }

    /// An annotation's value.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.value.pointer("/metadata/annotations")?.get(name)?.as_str()
    }

    /// Whether somebody asked for its deletion and it waits for finalizers or grace.
    pub fn is_terminating(&self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }
}

impl fmt::Debug for Live {
    /// Only what identifies it: it may hold a Secret's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({} uid {} at {})", self.key(), self.uid(), self.resource_version())
    }
}
