//! Leases on a real server: read, created, replaced, each against the version that was seen.

use super::status::Status;
use super::wire::{Answer, Ask};
use super::{Kube, address, unexpected};
use crate::cluster::retry::retry;
use crate::cluster::{Error, Held, Kind, Lease, Leases};
use crate::model::Gvk;
use async_trait::async_trait;
use http::{Method, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde_json::{Value, json};
use std::time::Duration;

/// Times of a lease are written to the microsecond, always with all six digits: the server takes no other form.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

#[async_trait]
impl Leases for Kube {
    async fn read_lease(&self, namespace: &str, name: &str) -> Result<Option<Held>, Error> {
        let what = format!("get the lease {namespace}/{name}");
        let ask = Ask::get(what.clone(), path(&what, namespace, Some(name))?);
        let answer = retry(|| self.connection.send(&ask)).await?;
        match answer.status {
            StatusCode::OK => held(&what, &answer).map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(unexpected(&what, &answer, &Status::read(&answer.body))),
        }
    }

    async fn write_lease(
        &self,
        namespace: &str,
        name: &str,
        lease: &Lease,
        version: Option<&str>,
    ) -> Result<Option<Held>, Error> {
        let what = format!("write the lease {namespace}/{name}");
        let (method, path) = match version {
            Some(_) => (Method::PUT, path(&what, namespace, Some(name))?),
            None => (Method::POST, path(&what, namespace, None)?),
        };
        let ask = Ask {
            what: what.clone(),
            method,
            path,
            header: Some((header::CONTENT_TYPE, "application/json")),
            body: body(namespace, name, lease, version).to_string().into_bytes(),
            // Had a lost request written it, the next would take our own lease for somebody else's; then it is read again.
            is_repeatable: false,
        };
        let answer = retry(|| self.connection.send(&ask)).await?;
        match answer.status {
            code if code.is_success() => held(&what, &answer).map(Some),
            StatusCode::CONFLICT => Ok(None),
            _ => Err(unexpected(&what, &answer, &Status::read(&answer.body))),
        }
    }
}

fn path(what: &str, namespace: &str, name: Option<&str>) -> Result<String, Error> {
    let gvk = Gvk::new("coordination.k8s.io/v1", "Lease");
    let kind = Kind { plural: "leases".to_owned(), is_namespaced: true, is_listable: true };
    let path = match name {
        Some(name) => address::object(&gvk, &kind, Some(namespace), name),
        None => address::list(&gvk, &kind, Some(namespace)),
    };
    path.map_err(|why| Error::Address { what: what.to_owned(), why: why.to_string() })
}

fn body(namespace: &str, name: &str, lease: &Lease, version: Option<&str>) -> Value {
    let mut metadata = json!({"name": name, "namespace": namespace});
    if let Some(version) = version {
        metadata["resourceVersion"] = Value::from(version);
    }
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
        "spec": {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": lease.duration.as_secs().max(1),
            "acquireTime": PRINTER.timestamp_to_string(&lease.acquired),
            "renewTime": PRINTER.timestamp_to_string(&lease.renewed),
            "leaseTransitions": lease.transitions,
        },
    })
}

/// Reads an answer. What is missing in a lease that a person made counts as long over.
fn held(what: &str, answer: &Answer) -> Result<Held, Error> {
    let value: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Error::Answer { what: what.to_owned(), why: error.to_string() })?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let time = |pointer: &str| text(pointer).parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let lease = Lease {
        holder: text("/spec/holderIdentity").to_owned(),
        duration: Duration::from_secs(number("/spec/leaseDurationSeconds")),
        acquired: time("/spec/acquireTime"),
        renewed: time("/spec/renewTime"),
        transitions: number("/spec/leaseTransitions"),
    };
    Ok(Held { lease, version: text("/metadata/resourceVersion").to_owned() })
}
