//! Who owns which fields of an object: `metadata.managedFields`.

use super::fields::Fields;
use super::merge::{Difference, overlay, prune};
use super::schema::Place;
use crate::cluster::FieldConflict;
use serde_json::{Value, json};

/// The time of every entry: this cluster has no clock.
pub(super) const TIME: &str = "2024-01-01T00:00:00Z";

/// Metadata that belongs to nobody.
const UNOWNED: [&str; 10] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// One entry of `managedFields`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manager {
    /// The manager's name.
    pub(super) name: String,
    /// Whether it applies, or updates.
    pub(super) applies: bool,
    /// The version that it wrote in.
    pub(super) api_version: String,
    /// What it owns.
    pub(super) fields: Fields,
}

/// Who applies what and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applier<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Whether it takes over what others own.
    pub(super) force: bool,
    /// The version of the applied object.
    pub(super) api_version: &'a str,
}

/// Lays the applied object over the live one and settles who owns what then; or the fields that others own and that would change.
pub(super) fn apply(
    place: Place<'_>,
    who: Applier<'_>,
    live: &Value,
    managers: &mut Vec<Manager>,
    applied: &Value,
) -> Result<Value, Vec<FieldConflict>> {
    let wanted = owned(place, applied);
    let mut merged = overlay(place, Some(live), applied);
    let changed = Difference::between(place, live, &merged).changed;
    let is_ours = |manager: &Manager| manager.applies && manager.name == who.name;
    let mut conflicts = Vec::new();
    for other in managers.iter_mut().filter(|manager| !is_ours(manager)) {
        let lost = other.fields.both(&changed);
        let names = lost.names().into_iter();
        conflicts.extend(names.map(|field| FieldConflict { manager: other.name.clone(), field }));
        if who.force {
            other.fields = std::mem::take(&mut other.fields).without(&lost);
        }
    }
    if !conflicts.is_empty() && !who.force {
        return Err(conflicts);
    }
    let mut kept = wanted.clone();
    managers.iter().filter(|manager| !is_ours(manager)).for_each(|other| kept.join(&other.fields));
    if let Some(last) = managers.iter().find(|manager| is_ours(manager)) {
        prune(place, &mut merged, &last.fields.clone().without(&wanted), &kept);
    }
    set(managers, who.name, true, who.api_version, wanted);
    Ok(merged)
}

/// Settles who owns what after somebody wrote the whole object in the old way: what it changed is its own now.
pub(super) fn update(
    place: Place<'_>,
    name: &str,
    api_version: &str,
    managers: &mut Vec<Manager>,
    (old, new): (&Value, &Value),
) {
    let Difference { changed, removed } = Difference::between(place, old, new);
    let changed = strip(changed);
    let mut lost = changed.clone();
    lost.join(&removed);
    let is_own = |manager: &Manager| !manager.applies && manager.name == name;
    for manager in managers.iter_mut().filter(|manager| !is_own(manager)) {
        manager.fields = std::mem::take(&mut manager.fields).without(&lost);
    }
    let mut own = managers
        .iter()
        .find(|manager| is_own(manager))
        .map_or_else(Fields::default, |own| own.fields.clone());
    own.join(&changed);
    set(managers, name, false, api_version, own.without(&removed));
}

/// As `metadata.managedFields` holds it.
pub(super) fn to_json(managers: &[Manager]) -> Value {
    let entry = |manager: &Manager| {
        json!({
            "manager": manager.name,
            "operation": if manager.applies { "Apply" } else { "Update" },
            "apiVersion": manager.api_version,
            "time": TIME,
            "fieldsType": "FieldsV1",
            "fieldsV1": manager.fields.to_json(),
        })
    };
    Value::Array(managers.iter().map(entry).collect())
}

fn set(managers: &mut Vec<Manager>, name: &str, applies: bool, api_version: &str, fields: Fields) {
    match managers.iter_mut().find(|manager| manager.applies == applies && manager.name == name) {
        Some(manager) => {
            manager.fields = fields;
            api_version.clone_into(&mut manager.api_version);
        }
        None => managers.push(Manager {
            name: name.to_owned(),
            applies,
            api_version: api_version.to_owned(),
            fields,
        }),
    }
    managers.retain(|manager| !manager.fields.is_empty());
}

/// The paths of an object that can be owned.
fn owned(place: Place<'_>, object: &Value) -> Fields {
    strip(place.fields(object))
}

fn strip(mut fields: Fields) -> Fields {
    fields.below.remove("f:apiVersion");
    fields.below.remove("f:kind");
    if let Some(mut metadata) = fields.below.remove("f:metadata") {
        for field in UNOWNED {
            metadata.below.remove(&format!("f:{field}"));
        }
        fields.add("f:metadata".to_owned(), &metadata);
    }
    fields
}
