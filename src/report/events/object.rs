//! A notice as the Kubernetes object `Event`.

use super::notice::{About, Notice};
use crate::model::object::NotAnObject;
use crate::model::{Digest, Gvk, Live, Object, ObjectKey};
use crate::report::status_map;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Longest message that the API takes, in bytes.
const MOST_MESSAGE: usize = 1024;
/// Where events about what has no namespace lie, as Kubernetes itself has it.
const DEFAULT: &str = "default";

/// Where an event is told: its own name, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The event. The same thing for the same reason has the same name, so that it counts up.
    pub(super) event: ObjectKey,
    /// What it is about. For what is no object it is the status of the site.
    pub(super) involved: ObjectKey,
}

/// The kind of events that every version of Kubernetes serves, and that `kubectl describe` shows.
pub(super) fn gvk() -> Gvk {
    Gvk::new("v1", "Event")
}

/// Where a notice belongs.
pub(super) fn address(notice: &Notice, own_namespace: &str) -> Address {
    let involved = match &notice.about {
        About::Object(key) => key.clone(),
        About::Application(_) | About::Site => ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(own_namespace.to_owned()),
            name: status_map::NAME.to_owned(),
        },
    };
    let of = match &notice.about {
        About::Application(application) => application.as_str(),
        About::Object(_) | About::Site => "",
    };
    let digest = Digest::of(format!("{involved}\n{of}\n{}", notice.reason).as_bytes());
    let digest = digest.to_string();
    let tail = &digest[digest.len() - 16..];
    let event = ObjectKey {
        group: String::new(),
        kind: "Event".to_owned(),
        namespace: Some(involved.namespace.clone().unwrap_or_else(|| DEFAULT.to_owned())),
        name: format!("standfast-{tail}"),
    };
    Address { event, involved }
}

/// The event, counted up from the one that stands there.
pub(super) fn object(
    notice: &Notice,
    address: &Address,
    involved: (Option<&Gvk>, Option<&Live>),
    before: Option<&Live>,
    now: Timestamp,
) -> Result<Object, NotAnObject> {
    let now = now.round(jiff::Unit::Second).unwrap_or(now).to_string();
    let known = |field: &str| before.and_then(|live| live.value.get(field));
    let count = known("count").and_then(Value::as_u64).unwrap_or_default();
    let first = known("firstTimestamp").and_then(Value::as_str).unwrap_or(&now).to_owned();
    let key = &address.involved;
    let mut about = json!({"kind": key.kind, "name": key.name});
    let (gvk, live) = involved;
    let fields = [
        ("namespace", key.namespace.clone()),
        ("apiVersion", gvk.map(Gvk::api_version)),
        ("uid", live.map(|live| live.uid().to_owned())),
    ];
    for (name, text) in fields {
        about[name] = text.map_or(Value::Null, Value::from);
    }
    if let Some(about) = about.as_object_mut() {
        about.retain(|_, value| !value.is_null());
    }
    let end = notice.message.floor_char_boundary(MOST_MESSAGE);
    Object::new(json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": address.event.name, "namespace": address.event.namespace},
        "involvedObject": about,
        "reason": notice.reason,
        "message": &notice.message[..end],
        "type": if notice.is_warning { "Warning" } else { "Normal" },
        "count": count.saturating_add(notice.count.into()).min(i32::MAX.unsigned_abs().into()),
        "firstTimestamp": first,
        "lastTimestamp": now,
        "source": {"component": "standfast"},
        "reportingComponent": "standfast",
        "reportingInstance": "",
    }))
}
