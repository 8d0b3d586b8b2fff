//! How objects end: at once, when their finalizers are off, or when all that lives by them is gone.

use super::managers::TIME;
use super::store::{Store, is_definition};
use crate::cluster::Deleted;
use crate::model::ObjectKey;
use serde_json::{Value, json};

impl Store {
    /// Deletes an object, if it has this uid or any.
    pub(super) fn delete(&mut self, key: &ObjectKey, uid: Option<&str>) -> Deleted {
        let Some(stored) = self.objects.get(key) else { return Deleted::Gone };
        if uid.is_some_and(|uid| stored.value.pointer("/metadata/uid").and_then(Value::as_str) != Some(uid)) {
            return Deleted::Another;
        }
        if !has_content(key) && !has_finalizers(&stored.value) {
            self.remove(key);
            return Deleted::Gone;
        }
        let mut marked = stored.clone();
        if !is_terminating(&marked.value) {
            marked.value["metadata"]["deletionTimestamp"] = Value::from(TIME);
            if key.is("", "Namespace") {
                marked.value["status"] = json!({"phase": "Terminating"});
            }
            self.revision += 1;
            marked.value["metadata"]["resourceVersion"] = Value::from(self.revision.to_string());
            self.objects.insert(key.clone(), marked);
        }
        Deleted::Terminating
    }

    /// What the controllers do between two requests: content of namespaces and definitions that go, goes.
    pub(super) fn settle(&mut self) {
        let going =
            self.objects.iter().filter(|(key, stored)| has_content(key) && is_terminating(&stored.value));
        for (key, definition) in
            going.map(|(key, stored)| (key.clone(), stored.value.clone())).collect::<Vec<_>>()
        {
            let content: Vec<ObjectKey> =
                self.objects.keys().filter(|inner| holds(&key, &definition, inner)).cloned().collect();
            for inner in &content {
                self.delete(inner, None);
            }
            if !content.iter().any(|inner| self.objects.contains_key(inner)) && !has_finalizers(&definition) {
                self.remove(&key);
            }
        }
    }

    /// Takes it out, and the kind with it that it defines.
    pub(super) fn remove(&mut self, key: &ObjectKey) {
        self.objects.remove(key);
        if is_definition(key) {
            self.redefine();
        }
    }
}

/// Whether other objects live by it.
pub(super) fn has_content(key: &ObjectKey) -> bool {
    key.is("", "Namespace") || is_definition(key)
}

/// Whether an object lives by this namespace or definition.
fn holds(outer: &ObjectKey, value: &Value, inner: &ObjectKey) -> bool {
    if is_definition(outer) {
        let spec = &value["spec"];
        return spec["group"] == *inner.group && spec["names"]["kind"] == *inner.kind;
    }
    inner.namespace.as_deref() == Some(&outer.name)
}

/// Whether something holds it back.
pub(super) fn has_finalizers(value: &Value) -> bool {
    value.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

/// Whether its deletion was asked for.
pub(super) fn is_terminating(value: &Value) -> bool {
    value.pointer("/metadata/deletionTimestamp").is_some()
}
