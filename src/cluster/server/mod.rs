//! A real API server, through `kube`.
//!
//! # What
//! [`Kube`]: connection, discovery, lists, apply and delete as plain HTTP requests with JSON values, for an agent that knows objects only
//! as such; and what a person asks about the server itself. `kube` brings kubeconfigs and watches; the connections are of its kind
//! (HTTP/1.1: as many as there are requests at a time), made in `client.rs`.
//!
//! # Invariants
//! Every answer is limited in bytes and time. Nothing but what is served is remembered. A request is repeated only where that is
//! safe.
//!
//! # Not here
//! How many requests run at a time (`agent`).
//!
//! # Tests
//! Beside each file for what can be told without a server; `tests/it/cluster_contract` for the rest.

mod about;
pub(super) mod address;
mod apply;
mod certificates;
mod client;
mod connection;
mod delete;
mod discovery;
mod foreign;
mod lease;
mod list;
mod status;
#[cfg(test)]
mod tests;
mod watch;
mod wire;
mod words;

use super::retry::retry;
use super::{Applied, ApplyMode, Cluster, Deleted, Each, Error, Kind, Kinds, Query, Watch};
use crate::model::{Gvk, Live, Object, ObjectKey, OwnerLabel};
pub use about::Right;
use async_trait::async_trait;
pub use certificates::Certificates;
use connection::Connection;
use discovery::Known;
use http::StatusCode;
use jiff::Timestamp;
use standfast_tls::Clock;
use status::Status;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;
use wire::{Answer, Ask, unreachable};

/// Where the cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The kubeconfig to use, and to use anew whenever it changes.
    pub kubeconfig: PathBuf,
}

/// A real API server.
#[derive(Debug)]
pub struct Kube {
    connection: Arc<Connection>,
    streams: watch::Streams,
    known: Mutex<Option<Known>>,
}

impl Kube {
    /// A client for the cluster of this kubeconfig, whose certificates are judged by `clock`. Nothing is read or connected yet: a site whose k3s has not started is no error.
    /// Must be used within a tokio runtime.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        Self {
            connection: Arc::new(Connection::new(settings, clock)),
            streams: watch::Streams::default(),
            known: Mutex::new(None),
        }
    }

    /// The version to address objects of a kind by: the one asked for, else the server's own choice; `None` if none is served.
    /// It is an error if the server itself does not know, for then nothing may be taken for gone.
    async fn resolve(&self, what: &str, gvk: &Gvk) -> Result<Option<(Gvk, Kind)>, Error> {
        let known = self.known_with(gvk).await?;
        if let Some(kind) = known.kinds.get(gvk) {
            return Ok(Some((gvk.clone(), kind.clone())));
        }
        let preferred = known.kinds.preferred.get(&(gvk.group.clone(), gvk.kind.clone()));
        let other = preferred.map(|version| Gvk { version: version.clone(), ..gvk.clone() });
        let found = other.and_then(|gvk| known.kinds.get(&gvk).cloned().map(|kind| (gvk, kind)));
        if found.is_none() && known.stale.contains(&gvk.group) {
            let message = format!("it does not know at present what group {} holds", gvk.group);
            return Err(Error::Server { what: what.to_owned(), status: 503, message });
        }
        Ok(found)
    }
}

#[async_trait]
impl Cluster for Kube {
    fn date(&self) -> Option<Timestamp> {
        self.connection.date()
    }

    async fn kinds(&self, fresh: bool) -> Result<Arc<Kinds>, Error> {
        Ok(self.known(fresh).await?.kinds)
    }

    async fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Result<Option<Live>, Error> {
        let what = format!("get {key}");
        let Some((gvk, kind)) = self.resolve(&what, gvk).await? else { return Ok(None) };
        let path = address::object(&gvk, &kind, key.namespace.as_deref(), &key.name)
            .map_err(|why| Error::Address { what: what.clone(), why: why.to_string() })?;
        let ask = Ask::get(what, path);
        let answer = retry(|| self.connection.send(&ask)).await?;
        match answer.status {
            StatusCode::OK => {
                let value = serde_json::from_slice(&answer.body)
                    .map_err(|error| Error::Answer { what: ask.what, why: error.to_string() })?;
                Ok(Some(Live { gvk, value }))
            }
            StatusCode::NOT_FOUND => {
                if Status::read(&answer.body).is_about_kind() {
                    self.forget_kinds().await;
                }
                Ok(None)
            }
            _ => Err(unexpected(&ask.what, &answer, &Status::read(&answer.body))),
        }
    }

    async fn list(&self, query: &Query, each: Each<'_>) -> Result<(), Error> {
        self.pages(query, each).await
    }

    async fn watch(&self, gvk: &Gvk, owner: &OwnerLabel) -> Result<Watch, Error> {
        self.follow(gvk, owner).await
    }

    async fn apply(&self, object: &Object, mode: ApplyMode) -> Result<Applied, Error> {
        self.patch(object, mode).await
    }

    async fn delete(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<Deleted, Error> {
        self.remove(gvk, key, uid).await
    }
}

/// An answer that no rule expects, as an error.
fn unexpected(what: &str, answer: &Answer, status: &Status) -> Error {
    let (what, message) = (what.to_owned(), status.words());
    match answer.status {
        StatusCode::FORBIDDEN => Error::Forbidden { what, message },
        code => Error::Server { what, status: code.as_u16(), message },
    }
}
