//! From a rendered manifest to what is sent: our marks, the namespace, and nothing that only the server may say.

use super::refusal::refusal;
use crate::model::{
    APPLICATION_ANNOTATION, Application, Gvk, ON_REMOVAL_ANNOTATION, OWNER_LABEL, Object, ObjectKey,
    OnRemoval, OwnerLabel, Refusal, RefusalReason,
};
use serde_json::{Map, Value};

/// The value of [`ON_REMOVAL_ANNOTATION`].
pub(super) const KEEP: &str = "keep";
/// Where a namespaced object goes that names no namespace, and whose application has no default either.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Metadata that the server writes. Exported manifests carry it; sent back, some of it is refused and some is a condition
/// on the version of long ago.
const SERVER_METADATA: [&str; 8] = [
    "managedFields",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

/// Fields of built-in kinds that are maps with keys of the user's own. There the server reads a `null` as an empty value.
const FREE_MAPS: [&str; 13] = [
    "annotations",
    "binaryData",
    "data",
    "default",
    "defaultRequest",
    "hard",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "parameters",
    "requests",
    "stringData",
];

/// Makes a rendered manifest ready to be sent: our label and annotation, the default namespace, and without what only the
/// server writes. In built-in kinds a `null` means that the field is not written, as everywhere in Kubernetes (sent as it is, it
/// would take the field's ownership), and what others write by design is left to them.
///
/// Refused if its labels or annotations are no mapping: then it could not be marked as ours.
pub fn dress(
    object: &Object,
    owner: &OwnerLabel,
    application: &Application,
    is_namespaced: bool,
) -> Result<Object, Box<Refusal>> {
    let key = key_of(object, application, is_namespaced);
    let refused = |what: String| {
        Box::new(refusal(&application.name, &key, RefusalReason::Invalid, format!("{key}: {what}")))
    };
    let mut value = object.value();
    if super::order::is_builtin(object.gvk()) {
        drop_nulls(&mut value);
    }
    drop_filled_by_others(object.gvk(), &mut value);
    let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) else {
        return Err(refused("it has no metadata".to_owned()));
    };
    metadata.retain(|field, _| !SERVER_METADATA.contains(&field.as_str()));
    match &key.namespace {
        Some(namespace) => metadata.insert("namespace".to_owned(), Value::from(namespace.as_str())),
        None => metadata.remove("namespace"),
    };
    mark(metadata, "labels", &[(OWNER_LABEL, owner.as_str())]).map_err(refused)?;
    // What is kept when it leaves its application is kept when all of it leaves.
    let is_kept = application.on_removal == OnRemoval::Keep || !application.prune;
    let marks = [(APPLICATION_ANNOTATION, application.name.as_str()), (ON_REMOVAL_ANNOTATION, KEEP)];
    mark(metadata, "annotations", if is_kept { &marks } else { &marks[..1] }).map_err(refused)?;
    Object::new(value).map_err(|error| refused(error.to_string()))
}

/// Sets entries of `metadata.labels` or `metadata.annotations`.
fn mark(metadata: &mut Map<String, Value>, field: &str, marks: &[(&str, &str)]) -> Result<(), String> {
    let entries = metadata.entry(field).or_insert(Value::Null);
    if entries.is_null() {
        *entries = Value::Object(Map::new());
    }
    let Some(entries) = entries.as_object_mut() else {
        return Err(format!("metadata.{field} is not a mapping; write it as `name: value` lines"));
    };
    entries.extend(marks.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))));
    Ok(())
}

/// What identifies a rendered object in the cluster: namespaced objects without a namespace go to the application's default,
/// and a namespace on a cluster-scoped object means nothing, as with kubectl.
pub fn key_of(object: &Object, application: &Application, is_namespaced: bool) -> ObjectKey {
    let fallback = application.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    let namespace = is_namespaced.then(|| object.namespace().unwrap_or(fallback).to_owned());
    ObjectKey { namespace, ..object.key() }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            let below = map.iter_mut().filter(|(key, _)| !FREE_MAPS.contains(&key.as_str()));
            below.for_each(|(_, value)| drop_nulls(value));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Fields that a manifest may hold and that somebody else writes by design. Sent, they would be ours, and undone for ever:
/// an empty `caBundle`, which injectors fill (cert-manager's, or a controller's own), and the rules of an aggregated role, of
/// which Kubernetes' documentation says that its controller overwrites them.
fn drop_filled_by_others(gvk: &Gvk, value: &mut Value) {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => {
            let webhooks = value.get_mut("webhooks").and_then(Value::as_array_mut);
            webhooks.into_iter().flatten().for_each(|one| drop_empty_bundle(one.get_mut("clientConfig")));
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            drop_empty_bundle(value.pointer_mut("/spec/conversion/webhook/clientConfig"));
        }
        ("apiregistration.k8s.io", "APIService") => drop_empty_bundle(value.get_mut("spec")),
        ("rbac.authorization.k8s.io", "ClusterRole") if value.get("aggregationRule").is_some() => {
            value.as_object_mut().map(|map| map.remove("rules"));
        }
        _ => {}
    }
}

fn drop_empty_bundle(config: Option<&mut Value>) {
    if let Some(map) = config.and_then(Value::as_object_mut)
        && map.get("caBundle").is_some_and(|bundle| bundle == "")
    {
        map.remove("caBundle");
    }
}
