//! Who owns which fields of a live object, by its `metadata.managedFields`.

use super::fields::Fields;
use crate::model::{FIELD_MANAGER, Live};
use serde_json::Value;
use std::collections::BTreeSet;

/// The field set of our own `Apply` entry. Entries of a subresource are not ours: we write none.
pub(super) fn ours(live: &Live) -> Option<&Fields> {
    entries(live).find(|entry| is_ours(entry)).and_then(fields_of)
}

/// The `apiVersion` under which we last applied it.
pub(super) fn our_version(live: &Live) -> Option<&str> {
    entries(live).find(|entry| is_ours(entry))?.get("apiVersion")?.as_str()
}

/// Everybody else's entries: the manager's name and its field set.
pub(super) fn others(live: &Live) -> impl Iterator<Item = (&str, &Fields)> {
    entries(live)
        .filter(|entry| !is_ours(entry))
        .filter_map(|entry| Some((text(entry, "manager"), fields_of(entry)?)))
}

/// The names of those who own something besides the status, at most five, for messages.
pub(super) fn managers(live: &Live) -> Vec<String> {
    let names: BTreeSet<_> = entries(live)
        .filter(|entry| text(entry, "subresource").is_empty())
        .map(|entry| text(entry, "manager"))
        .filter(|name| !name.is_empty())
        .collect();
    names.into_iter().take(5).map(|name| name.chars().take(64).collect()).collect()
}

fn entries(live: &Live) -> impl Iterator<Item = &Value> {
    live.value.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten()
}

fn is_ours(entry: &Value) -> bool {
    text(entry, "manager") == FIELD_MANAGER
        && text(entry, "operation") == "Apply"
        && text(entry, "subresource").is_empty()
}

fn fields_of(entry: &Value) -> Option<&Fields> {
    entry.get("fieldsV1").and_then(Value::as_object)
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry.get(field).and_then(Value::as_str).unwrap_or_default()
}
