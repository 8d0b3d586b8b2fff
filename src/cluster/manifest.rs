//! What of a manifest is sent to a server.
//!
//! A manifest may come from `kubectl get -o yaml`; then it holds what only a server can know, and some of it would change what the apply
//! means: `uid` and `resourceVersion` are preconditions there, `managedFields` is refused. All of it is left out.
//!
//! A Secret's `stringData` becomes `data`, as the server itself would do, because only `data` can be owned: with `stringData` a value
//! that is dropped from the manifest stays in the cluster for ever, and a changed one is not seen.

use crate::model::Object;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Metadata that is the server's to say.
const SERVERS_OWN: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The manifest as it is sent.
pub(super) fn wish(object: &Object) -> Value {
    let mut value = object.value();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVERS_OWN {
            metadata.remove(field);
        }
    }
    if object.gvk().is("", "Secret")
        && let Some(root) = value.as_object_mut()
    {
        encode_string_data(root);
    }
    value
}

/// Moves texts from `stringData` to `data`, where they win. What is not a text stays, for the server to refuse.
fn encode_string_data(secret: &mut Map<String, Value>) {
    let Some(Value::Object(texts)) = secret.remove("stringData") else { return };
    let mut left = Map::new();
    let data = secret.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    let Some(data) = data.as_object_mut() else { return };
    for (key, value) in texts {
        match value.as_str() {
            Some(text) => drop(data.insert(key, Value::from(STANDARD.encode(text)))),
            None => drop(left.insert(key, value)),
        }
    }
    if !left.is_empty() {
        secret.insert("stringData".to_owned(), Value::Object(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(manifest: Value, expect: &Value) {
        assert_eq!(wish(&Object::new(manifest).unwrap()), *expect);
    }

    #[test]
    fn what_only_a_server_knows_is_left_out() {
        check(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u", "resourceVersion": "7",
                "managedFields": [{}], "generation": 3, "creationTimestamp": null, "labels": {"a": "b"}}}),
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"a": "b"}}}),
        );
    }

    #[test]
    fn plain_texts_of_a_secret_are_encoded() {
        let secret = |fields: Value| {
            let mut value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
            value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            value
        };
        check(
            secret(json!({"stringData": {"a": "b"}, "data": {"a": "x", "c": "ZA=="}})),
            &secret(json!({"data": {"a": "Yg==", "c": "ZA=="}})),
        );
        check(
            secret(json!({"stringData": {"a": "b"}, "data": null})),
            &secret(json!({"data": {"a": "Yg=="}})),
        );
        check(
            secret(json!({"stringData": {"a": 5, "b": ""}})),
            &secret(json!({"stringData": {"a": 5}, "data": {"b": ""}})),
        );
    }

    #[test]
    fn other_kinds_keep_a_field_of_that_name() {
        let other = json!({"apiVersion": "e.com/v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": "b"}});
        check(other.clone(), &other);
    }
}
