//! One look at many objects: those that carry our label by lists, the rest one by one.

use super::{Cluster, Error, Kinds, Query};
use crate::model::{Gvk, Live, ObjectKey, OwnerLabel};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// How many requests are under way at once. The API server of a small node handles no more any faster.
pub const AT_ONCE: usize = 16;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sought {
    /// Objects, each in the version that it is read in.
    objects: BTreeMap<ObjectKey, Gvk>,
    /// Kinds whose objects are listed, in every version that one of them is sought in.
    kinds: BTreeSet<Gvk>,
}

/// Receives what is found, and `None` for what is sought and not there. Everything comes once.
pub type Found<'a> = &'a mut (dyn FnMut(&ObjectKey, Option<&Live>) + Send);

impl Sought {
    /// Adds an object, in the version it is wanted in: in another, its fields have other names.
    pub fn want(&mut self, key: &ObjectKey, gvk: &Gvk, kinds: &Kinds) {
        // A kind that was defined a moment ago may be served and not listed yet: the server is asked all the same.
        let served = kinds.served(gvk);
        self.kinds.extend(served.clone());
        self.objects.insert(key.clone(), served.unwrap_or_else(|| gvk.clone()));
    }

    /// Adds an object of which only matters that it is there, after all that is wanted: any version will do.
    pub fn know(&mut self, key: &ObjectKey, gvk: &Gvk, kinds: &Kinds) {
        if self.objects.contains_key(key) {
            return;
        }
        let listed = self.kinds.iter().find(|listed| listed.is(&gvk.group, &gvk.kind)).cloned();
        let served = listed.or_else(|| kinds.served(gvk));
        self.kinds.extend(served.clone());
        self.objects.insert(key.clone(), served.unwrap_or_else(|| gvk.clone()));
    }

    /// Looks for all of it; what carries `owner` and is not sought is handed over as well.
    pub async fn find(
        self,
        cluster: &dyn Cluster,
        owner: &OwnerLabel,
        found: Found<'_>,
    ) -> Result<(), Error> {
        let Self { mut objects, kinds } = self;
        let mut more = BTreeSet::new();
        for gvk in kinds {
            let query = Query { gvk, namespace: None, owner: Some(owner.clone()), limit: None };
            let mut each = |live: Live| {
                let key = live.key();
                let is_next = match objects.get(&key) {
                    // Another list may bring it in the version it is wanted in.
                    Some(wanted) => *wanted == live.gvk,
                    None => !more.contains(&key),
                };
                is_next.then(|| found(&key, Some(&live)));
                is_next.then(|| (objects.remove(&key), more.insert(key)));
            };
            cluster.list(&query, &mut each).await?;
        }
        get_all(cluster, objects, found).await
    }
}

/// Asks for objects one by one, but for those of namespaces that are not there.
async fn get_all(
    cluster: &dyn Cluster,
    objects: BTreeMap<ObjectKey, Gvk>,
    found: Found<'_>,
) -> Result<(), Error> {
    let absent = absent_namespaces(cluster, objects.keys()).await?;
    let is_nowhere = |key: &ObjectKey| key.namespace.as_ref().is_some_and(|name| absent.contains(name));
    let (nowhere, somewhere): (Vec<_>, Vec<_>) = objects.into_iter().partition(|(key, _)| is_nowhere(key));
    nowhere.iter().for_each(|(key, _)| found(key, None));
    let get =
        |(key, gvk): (ObjectKey, Gvk)| async move { Ok::<_, Error>((cluster.get(&gvk, &key).await?, key)) };
    let mut answers = stream::iter(somewhere.into_iter().map(get)).buffer_unordered(AT_ONCE);
    while let Some((live, key)) = answers.try_next().await? {
        found(&key, live.as_ref());
    }
    Ok(())
}

async fn absent_namespaces(
    cluster: &dyn Cluster,
    keys: impl Iterator<Item = &ObjectKey>,
) -> Result<BTreeSet<String>, Error> {
    let names: BTreeSet<String> = keys.filter_map(|key| key.namespace.clone()).collect();
    let gvk = Gvk::new("v1", "Namespace");
    let mut absent = BTreeSet::new();
    for name in names {
        let key = ObjectKey {
            group: String::new(),
            kind: "Namespace".to_owned(),
            namespace: None,
            name: name.clone(),
        };
        if cluster.get(&gvk, &key).await?.is_none() {
            absent.insert(name);
        }
    }
    Ok(absent)
}
