//! Deletion, and how its answers are read.

use super::status::Status;
use super::wire::{Answer, Ask};
use super::{Kube, address};
use crate::cluster::retry::{Tried, retry};
use crate::cluster::{Deleted, Error};
use crate::model::{Gvk, ObjectKey};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

impl Kube {
    /// Deletes the object with this uid, and only that.
    pub(super) async fn remove(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<Deleted, Error> {
        let what = format!("delete {key}");
        // Without its definition there are no objects of a kind.
        let Some((gvk, kind)) = self.resolve(&what, gvk).await? else { return Ok(Deleted::Gone) };
        let path = address::object(&gvk, &kind, key.namespace.as_deref(), &key.name)
            .map_err(|why| Error::Address { what: what.clone(), why: why.to_string() })?;
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions",
            "preconditions": {"uid": uid}, "propagationPolicy": "Background",
        });
        let ask = Ask {
            what,
            method: Method::DELETE,
            path,
            header: Some((header::CONTENT_TYPE, "application/json")),
            body: options.to_string().into_bytes(),
            is_repeatable: true,
        };
        let attempt =
            || async { self.connection.send(&ask).await.and_then(|answer| read(&ask.what, &answer)) };
        let deleted = retry(attempt).await?;
        if deleted.is_none() {
            self.forget_kinds().await;
        }
        Ok(deleted.unwrap_or(Deleted::Gone))
    }
}

/// What the answer means; `None` if the kind is not served any more.
fn read(what: &str, answer: &Answer) -> Tried<Option<Deleted>> {
    if answer.status.is_success() {
        return Tried::Done(Some(after(&answer.body)));
    }
    let status = Status::read(&answer.body);
    match answer.status {
        StatusCode::NOT_FOUND if status.is_about_kind() => Tried::Done(None),
        StatusCode::NOT_FOUND => Tried::Done(Some(Deleted::Gone)),
        StatusCode::CONFLICT if status.message.contains("UID in the precondition") => {
            Tried::Done(Some(Deleted::Another))
        }
        // A namespace that goes already says so in this way.
        StatusCode::CONFLICT if status.message.contains("is ensuring all content is removed") => {
            Tried::Done(Some(Deleted::Terminating))
        }
        StatusCode::CONFLICT => Tried::Again(Error::Busy { what: what.to_owned() }, None),
        _ => Tried::Stop(super::unexpected(what, answer, &status)),
    }
}

/// What a successful delete leaves. The server answers with a `Status` when the object is gone, and with the object when it waits for
/// something; but also with the object, unmarked, when a Service is gone, and marked when a Pod goes without grace.
fn after(body: &[u8]) -> Deleted {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let has = |pointer: &str| {
        value.pointer(pointer).is_some_and(|held| held.as_array().is_none_or(|list| !list.is_empty()))
    };
    let waits = has("/metadata/finalizers") || has("/spec/finalizers");
    let has_no_grace =
        value.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64) == Some(0);
    if has("/metadata/deletionTimestamp") && (waits || !has_no_grace) {
        Deleted::Terminating
    } else {
        Deleted::Gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_successful_delete_leaves() {
        let check = |body: Value, expect: Deleted| {
            assert_eq!(after(body.to_string().as_bytes()), expect, "{body}");
        };
        let marked = |more: Value| {
            let mut metadata = json!({"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"});
            metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "metadata": metadata })
        };
        check(json!({"kind": "Status", "status": "Success"}), Deleted::Gone);
        check(json!({"kind": "Service", "metadata": {"name": "a"}}), Deleted::Gone);
        check(marked(json!({"deletionGracePeriodSeconds": 0})), Deleted::Gone);
        check(marked(json!({"deletionGracePeriodSeconds": 0, "finalizers": []})), Deleted::Gone);
        check(marked(json!({"deletionGracePeriodSeconds": 30})), Deleted::Terminating);
        check(marked(json!({"deletionGracePeriodSeconds": 0, "finalizers": ["a/b"]})), Deleted::Terminating);
        check(
            json!({"metadata": {"deletionTimestamp": "t"}, "spec": {"finalizers": ["kubernetes"]}}),
            Deleted::Terminating,
        );
        check(marked(json!({})), Deleted::Terminating);
    }
}
