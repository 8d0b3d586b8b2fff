//! Server-side apply, and how its answers are read.
//!
//! # Creating without taking over
//! An apply changes an object that is there; there is no flag against it. But a `resourceVersion` in the applied object is a precondition
//! that an existing object must meet, and none that a missing one must: with a version that no object can have, the server creates
//! what is absent (201) and answers 409 for what is there, whatever it holds, forced or not, dry-run or not. So a first apply needs one
//! request an object and still never takes what is not ours. The contract test asks the real server for all of this.

use super::Kube;
use super::address;
use super::status::Status;
use super::wire::{Answer, Ask};
use super::words;
use crate::cluster::retry::{Tried, retry};
use crate::cluster::{Applied, ApplyMode, Error, Kind, manifest};
use crate::model::{FIELD_MANAGER, Live, Object};
use http::{Method, StatusCode, header};
use serde_json::Value;

/// The highest version that fits into what a server keeps them in; it counts up from one.
const NO_VERSION: &str = "9223372036854775807";

/// Kinds whose objects make other kinds.
const DEFINES_KINDS: [(&str, &str); 2] =
    [("apiextensions.k8s.io", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService")];

impl Kube {
    /// Applies, and reads the answer.
    pub(super) async fn patch(&self, object: &Object, mode: ApplyMode) -> Result<Applied, Error> {
        let gvk = object.gvk();
        let kind = match self.resolve(&what(object), gvk).await? {
            Some((served, kind)) if served == *gvk => kind,
            other => {
                self.forget_absence(gvk).await;
                let instead = other.map(|(other, _)| format!("; it serves {other}")).unwrap_or_default();
                return Ok(Applied::NoPlace(format!("the server does not serve {gvk}{instead}")));
            }
        };
        let path = match address::object(gvk, &kind, object.namespace(), object.name()) {
            Ok(path) => path,
            Err(why) => return Ok(Applied::Refused(why.to_string())),
        };
        let ask = ask(object, mode, &path);
        let attempt = || async {
            self.connection.send(&ask).await.and_then(|answer| read(object, &kind, mode, &answer))
        };
        let applied = retry(attempt).await?;
        let changes_kinds = DEFINES_KINDS.iter().any(|(group, kind)| gvk.is(group, kind));
        if changes_kinds || matches!(applied, Applied::NoPlace(_)) {
            self.forget_kinds().await;
        }
        Ok(applied)
    }
}

fn ask(object: &Object, mode: ApplyMode, path: &str) -> Ask {
    let mut wish = manifest::wish(object);
    if mode.create_only
        && let Some(metadata) = wish.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("resourceVersion".to_owned(), Value::from(NO_VERSION));
    }
    let mut target = format!("{path}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict");
    if mode.force {
        target.push_str("&force=true");
    }
    if mode.dry_run {
        target.push_str("&dryRun=All");
    }
    Ask {
        what: what(object),
        method: Method::PATCH,
        path: target,
        header: Some((header::CONTENT_TYPE, "application/apply-patch+yaml")),
        body: wish.to_string().into_bytes(),
        // Had the lost request created the object, the next would take our own object for somebody else's.
        is_repeatable: mode.dry_run || !mode.create_only,
    }
}

fn what(object: &Object) -> String {
    format!("apply {}", object.key())
}

/// What the answer means.
pub(super) fn read(object: &Object, kind: &Kind, mode: ApplyMode, answer: &Answer) -> Tried<Applied> {
    if answer.status.is_success() {
        return live(object, mode, answer);
    }
    let status = Status::read(&answer.body);
    let is_about_it = status.is_about(object.name(), &object.gvk().kind, &kind.plural);
    match answer.status {
        StatusCode::CONFLICT => {
            let conflicts = status.conflicts();
            if mode.create_only && (is_about_it || !conflicts.is_empty()) {
                Tried::Done(Applied::Exists)
            } else if conflicts.is_empty() {
                // Somebody else was faster, at the object or at a quota: the server itself has tried five times by now.
                Tried::Again(Error::Busy { what: what(object) }, None)
            } else {
                Tried::Done(Applied::Conflict(conflicts))
            }
        }
        StatusCode::UNPROCESSABLE_ENTITY if status.is_immutable() => {
            Tried::Done(Applied::Immutable(words(object, &status)))
        }
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN if status.is_about_namespace() => {
            Tried::Done(Applied::NoPlace(words(object, &status)))
        }
        StatusCode::NOT_FOUND if status.is_about_kind() => {
            Tried::Done(Applied::NoPlace(format!("the server does not serve {} any more", object.gvk())))
        }
        code if code.is_client_error() || status.is_about_the_object() => {
            Tried::Done(Applied::Refused(words(object, &status)))
        }
        _ => Tried::Stop(super::unexpected(&what(object), answer, &status)),
    }
}

/// The object in a successful answer.
fn live(object: &Object, mode: ApplyMode, answer: &Answer) -> Tried<Applied> {
    let mut value: Value = match serde_json::from_slice(&answer.body) {
        Ok(value) => value,
        Err(error) => {
            return Tried::Stop(Error::Answer { what: what(object), why: error.to_string() });
        }
    };
    if mode.dry_run
        && mode.create_only
        && let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut)
    {
        // Our precondition, which a dry-run echoes.
        metadata.remove("resourceVersion");
    }
    Tried::Done(Applied::Live(Live { gvk: object.gvk().clone(), value }))
}

/// The server's words on an object, without what a Secret holds.
fn words(object: &Object, status: &Status) -> String {
    if object.gvk().is("", "Secret") {
        words::masked(&status.text(), &object.value())
    } else {
        status.words()
    }
}
