//! What the server serves, by aggregated discovery: two requests for everything.
//!
//! A kind that was defined a moment ago is served before it stands there: where its group is not new, the server puts its discovery
//! together only once a minute. So a version of a group that is missing is asked for by itself, once.

use super::status::Status;
use super::wire::{Answer, Ask};
use super::{Kube, address};
use crate::cluster::retry::retry;
use crate::cluster::{Error, Kind, Kinds};
use crate::model::Gvk;
use http::{StatusCode, header};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Kubernetes 1.27 and later answer with everything at once if asked so.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/// What was last read.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The kinds.
    pub(super) kinds: Arc<Kinds>,
    /// Groups of which the server itself does not know now what they hold: the server behind them does not answer.
    pub(super) stale: Arc<BTreeSet<String>>,
    /// Kinds that their group was asked for by itself, in vain.
    absent: Arc<BTreeSet<Gvk>>,
}

/// One version of a group, by itself.
#[derive(Deserialize, Default)]
struct Alone {
    #[serde(default)]
    resources: Vec<AloneResource>,
}

#[derive(Deserialize)]
struct AloneResource {
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: GroupName,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct GroupName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "version")]
    name: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(rename = "resource")]
    plural: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl Kube {
    /// What is served, from memory if that is there and nothing has happened since that may have changed it.
    pub(super) async fn known(&self, fresh: bool) -> Result<Known, Error> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|_| !fresh) {
            return Ok(known.clone());
        }
        let mut read = Known::default();
        let mut kinds = Kinds::default();
        let mut stale = BTreeSet::new();
        for root in ["/api", "/apis"] {
            let list = self.discover(root).await?;
            list.items.into_iter().for_each(|group| take(group, &mut kinds, &mut stale));
        }
        read.kinds = Arc::new(kinds);
        read.stale = Arc::new(stale);
        Ok(known.insert(read).clone())
    }

    /// The same, with this kind if it is served at all.
    pub(super) async fn known_with(&self, gvk: &Gvk) -> Result<Known, Error> {
        let known = self.known(false).await?;
        let is_told = known.kinds.get(gvk).is_some() || known.absent.contains(gvk);
        if is_told || gvk.group.is_empty() || known.stale.contains(&gvk.group) {
            return Ok(known);
        }
        let alone = self.discover_alone(gvk).await?;
        let mut now = self.known.lock().await;
        let now = now.get_or_insert(known);
        let kinds = Arc::make_mut(&mut now.kinds);
        for resource in alone.resources.into_iter().filter(|resource| !resource.name.contains('/')) {
            let gvk = Gvk { kind: resource.kind, ..gvk.clone() };
            let is_listable = resource.verbs.iter().any(|verb| verb == "list");
            let kind = Kind { plural: resource.name, is_namespaced: resource.namespaced, is_listable };
            kinds.preferred.entry((gvk.group.clone(), gvk.kind.clone())).or_insert(gvk.version.clone());
            kinds.all.entry(gvk).or_insert(kind);
        }
        if kinds.get(gvk).is_none() {
            Arc::make_mut(&mut now.absent).insert(gvk.clone());
        }
        Ok(now.clone())
    }

    /// A kind that was not served may be served from now on: the next look asks for it again.
    pub(super) async fn forget_absence(&self, gvk: &Gvk) {
        if let Some(known) = self.known.lock().await.as_mut() {
            Arc::make_mut(&mut known.absent).remove(gvk);
        }
    }

    /// Makes the next look at the kinds a fresh one.
    pub(super) async fn forget_kinds(&self) {
        *self.known.lock().await = None;
    }

    /// What the server says of one version of a group; nothing where it is not served.
    async fn discover_alone(&self, gvk: &Gvk) -> Result<Alone, Error> {
        let Ok(path) = address::version(gvk) else { return Ok(Alone::default()) };
        let ask = Ask::get(format!("list what it serves below {path}"), path);
        let answer = retry(|| self.connection.send(&ask)).await?;
        match answer.status {
            StatusCode::OK => serde_json::from_slice(&answer.body)
                .map_err(|error| Error::Answer { what: ask.what, why: error.to_string() }),
            _ => Ok(Alone::default()),
        }
    }

    async fn discover(&self, root: &str) -> Result<List, Error> {
        let what = format!("list what it serves below {root}");
        let mut ask = Ask::get(what.clone(), root.to_owned());
        ask.header = Some((header::ACCEPT, AGGREGATED));
        let answer = retry(|| self.connection.send(&ask)).await?;
        let Answer { status, body } = answer;
        match status {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN => {
                return Err(Error::Forbidden { what, message: Status::read(&body).words() });
            }
            _ => {
                let message = Status::read(&body).words();
                return Err(Error::Server { what, status: status.as_u16(), message });
            }
        }
        let unreadable = |why: String| Error::Answer { what: what.clone(), why };
        let list: List = serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))?;
        if list.kind != "APIGroupDiscoveryList" {
            return Err(unreadable(format!(
                "it came as {:?}: Kubernetes 1.27 or later is needed",
                super::words::bounded(&list.kind)
            )));
        }
        Ok(list)
    }
}

/// Takes over one group. Its versions come in the server's order of preference.
fn take(group: Group, kinds: &mut Kinds, stale: &mut BTreeSet<String>) {
    let name = group.metadata.name;
    for version in group.versions {
        if version.freshness == "Stale" {
            stale.insert(name.clone());
        }
        for resource in version.resources {
            let Some(kind) = resource.response_kind.map(|kind| kind.kind).filter(|kind| !kind.is_empty())
            else {
                continue;
            };
            let is_listable = resource.verbs.iter().any(|verb| verb == "list");
            let is_namespaced = resource.scope == "Namespaced";
            kinds.preferred.entry((name.clone(), kind.clone())).or_insert_with(|| version.name.clone());
            let gvk = Gvk { group: name.clone(), version: version.name.clone(), kind };
            kinds.all.entry(gvk).or_insert(Kind { plural: resource.plural, is_namespaced, is_listable });
        }
    }
}
