//! Watches, by `kube`'s watcher: one for each kind, of what carries our label.
//!
//! The watcher lists first (as a stream where the server can, which holds one object at a time, else by small pages), then follows. It
//! goes on by itself where a server ends a watch in the usual way. Any error ends the stream here: whoever reads it begins anew, with
//! the connection of then, and so with the kubeconfig and the credential of then.

use super::connection::{Connection, Current};
use super::words;
use super::{Kube, unreachable};
use crate::cluster::{Error, Watch, Watched};
use crate::model::{Gvk, Live, OWNER_LABEL, OwnerLabel};
use futures::stream::{self, BoxStream, StreamExt};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, ApiResource};
use kube::core::DynamicResourceScope;
use kube::runtime::watcher::{self, Config, Event};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many objects are asked for at a time where the server does not stream its lists.
const PAGE: u32 = 50;

/// Whether the server streams its lists, as far as it is known; it is asked to until it refuses.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams(Arc<AtomicBool>);

/// One watch under way.
struct Following {
    events: BoxStream<'static, watcher::Result<Event<Raw>>>,
    gvk: Gvk,
    connection: Arc<Connection>,
    current: Current,
    streams: Streams,
    is_ended: bool,
}

impl Kube {
    /// Follows what carries our label among one kind.
    pub(super) async fn follow(&self, gvk: &Gvk, owner: &OwnerLabel) -> Result<Watch, Error> {
        let what = format!("watch every {gvk}");
        let Some((gvk, kind)) = self.resolve(&what, gvk).await? else {
            // A kind that is not served has no objects, and nothing to follow.
            return Ok(stream::iter([Watched::Begun, Watched::Complete]).boxed());
        };
        let current = self.connection.get().await?;
        let resource = ApiResource {
            group: gvk.group.clone(),
            version: gvk.version.clone(),
            api_version: gvk.api_version(),
            kind: gvk.kind.clone(),
            plural: kind.plural,
        };
        let api: Api<Raw> = Api::all_with(current.client.clone(), &resource);
        let mut config = Config::default().labels(&format!("{OWNER_LABEL}={}", owner.as_str()));
        config = if self.streams.are_refused() { config.page_size(PAGE) } else { config.streaming_lists() };
        let following = Following {
            events: watcher::watcher(api, config).boxed(),
            gvk,
            connection: Arc::clone(&self.connection),
            current,
            streams: self.streams.clone(),
            is_ended: false,
        };
        Ok(stream::unfold(following, Following::next).boxed())
    }
}

impl Following {
    async fn next(mut self) -> Option<(Watched, Self)> {
        if self.is_ended {
            return None;
        }
        let watched = match self.events.next().await? {
            Ok(Event::Init) => Watched::Begun,
            Ok(Event::InitApply(raw) | Event::Apply(raw)) => Watched::Seen(self.live(raw)),
            Ok(Event::Delete(raw)) => Watched::Gone(self.live(raw)),
            Ok(Event::InitDone) => Watched::Complete,
            Err(error) => {
                self.is_ended = true;
                Watched::Broken(self.explain(error).await)
            }
        };
        Some((watched, self))
    }

    fn live(&self, raw: Raw) -> Live {
        let mut value = raw.value;
        if let Some(object) = value.as_object_mut() {
            // In lists of built-in kinds the server leaves out what the list's own kind says.
            object.insert("apiVersion".to_owned(), Value::from(self.gvk.api_version()));
            object.insert("kind".to_owned(), Value::from(self.gvk.kind.clone()));
        }
        Live { gvk: self.gvk.clone(), value }
    }

    async fn explain(&mut self, error: watcher::Error) -> Error {
        let what = format!("watch every {}", self.gvk);
        let status = match error {
            watcher::Error::WatchError(status)
            | watcher::Error::InitialListFailed(kube::Error::Api(status))
            | watcher::Error::WatchStartFailed(kube::Error::Api(status))
            | watcher::Error::WatchFailed(kube::Error::Api(status)) => *status,
            watcher::Error::InitialListFailed(cause)
            | watcher::Error::WatchStartFailed(cause)
            | watcher::Error::WatchFailed(cause) => {
                return unreachable(what, self.current.server.clone(), cause);
            }
            watcher::Error::NoResourceVersion => {
                return Error::Answer { what, why: "it shows no resourceVersion".to_owned() };
            }
        };
        // The option itself, or what goes with it, is unknown or switched off there.
        if ["sendInitialEvents", "resourceVersionMatch"].iter().any(|option| status.message.contains(option))
        {
            self.streams.refuse();
        }
        let message = words::bounded(&status.message);
        match status.code {
            401 => {
                self.connection.forget(&self.current).await;
                Error::Unauthorized { server: self.current.server.clone() }
            }
            403 => Error::Forbidden { what, message },
            code => Error::Server { what, status: code, message },
        }
    }
}

impl Streams {
    fn are_refused(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn refuse(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// An object as it came, with the part of its metadata that the watcher itself reads.
#[derive(Clone)]
struct Raw {
    metadata: ObjectMeta,
    value: Value,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if !value.is_object() {
            return Err(D::Error::custom("an item that is no object"));
        }
        let text = |pointer| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let metadata = ObjectMeta {
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
            resource_version: text("/metadata/resourceVersion"),
            ..ObjectMeta::default()
        };
        Ok(Self { metadata, value })
    }
}

impl std::fmt::Debug for Raw {
    /// Only its name: it may be a Secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raw({:?})", self.metadata.name)
    }
}

impl kube::Resource for Raw {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
