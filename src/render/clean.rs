//! What a manifest may not bring along.

use serde_json::{Map, Value};

/// Fields of `metadata` that the server sets. Manifests written out of a cluster carry them; applied, they would be refused
/// (`managedFields`), or only fit the one object that they came from (`uid`, `resourceVersion`).
const SERVER_SET: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// kubectl's own record of what it applied: next to server-side apply it is stale at once, and repeats the whole manifest.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Labels and annotations that begin so are ours.
const OURS: &str = "standfast.dev/";

/// Takes out what the server or kubectl keeps for itself: `status`, some of `metadata`, and kubectl's annotation.
///
/// # Errors
/// What is wrong in `metadata`: a label or annotation that is ours to set, or a value that YAML reads as a number or a boolean
/// where a text must stand.
pub(super) fn clean(value: &mut Value) -> Result<(), String> {
    let Some(fields) = value.as_object_mut() else { return Ok(()) };
    fields.remove("status");
    let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) else { return Ok(()) };
    metadata.retain(|field, _| !SERVER_SET.contains(&field.as_str()));
    for field in ["name", "namespace"] {
        if metadata.get(field).is_some_and(|value| value.is_number() || value.is_boolean()) {
            return Err(format!("metadata.{field} is not a text: put it in quotes"));
        }
    }
    if metadata.get("namespace").is_some_and(|namespace| namespace.is_null() || namespace == "") {
        metadata.remove("namespace");
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
        && annotations.remove(LAST_APPLIED).is_some()
        && annotations.is_empty()
    {
        metadata.remove("annotations");
    }
    ["labels", "annotations"].into_iter().try_for_each(|map| texts(metadata, map))
}

fn texts(metadata: &Map<String, Value>, map: &str) -> Result<(), String> {
    let entries = match metadata.get(map) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(format!("metadata.{map} must be a mapping")),
    };
    for (key, value) in entries {
        if key.starts_with(OURS) {
            return Err(format!("metadata.{map} has {key}, which only the agent itself sets: remove it"));
        }
        if !value.is_string() && !value.is_null() {
            return Err(format!("metadata.{map} has a {key} that is not a text: put its value in quotes"));
        }
    }
    Ok(())
}
