//! Looks at everything that is desired, and everything that is ours, and reduces each live object at once to what is to be done.

use super::build::Agent;
use crate::cluster::{Applied, ApplyMode, Kinds, Query};
use crate::health;
use crate::model::{
    Desired, Digest, Gvk, HealthStatus, Inventory, InventoryEntry, Live, Object, ObjectKey, OwnerLabel,
    Refusal, Trouble,
};
use crate::plan::{self, Decision, Finding, Place, Standing};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many requests are under way at once. The API server of a small node handles no more any faster.
pub(crate) const AT_ONCE: usize = 16;

/// One desired object, with what is to be done about it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(super) key: ObjectKey,
    pub(super) digest: Digest,
    pub(super) decision: Decision,
}

/// What a look at the cluster brought.
#[derive(Debug)]
pub(super) struct Observation {
    /// The desired set, its objects dressed: with our marks and in their namespaces.
    pub(super) desired: Desired,
    /// Which keys stand in it.
    pub(super) standing: Standing,
    /// What is to be done, by place in the desired set.
    pub(super) items: BTreeMap<Place, Item>,
    /// What will not be done.
    pub(super) refused: Vec<Refusal>,
    /// What is in the inventory and not desired.
    pub(super) left: Vec<Finding>,
    /// The health of the desired objects that are there.
    pub(super) health: BTreeMap<ObjectKey, HealthStatus>,
}

/// A look under way.
struct Sorting<'a> {
    agent: &'a Agent,
    owner: OwnerLabel,
    kinds: Arc<Kinds>,
    wanted: BTreeMap<ObjectKey, Place>,
    candidates: BTreeSet<ObjectKey>,
    seen: Observation,
}

impl Agent {
    /// Looks at the cluster. Reads only, but for the inventory, which is put together where our record of it is lost.
    pub(super) async fn observe(&mut self, desired: Desired) -> Result<Observation, Trouble> {
        let owner = self.owner();
        let kinds = self.kinds(&desired).await?;
        if self.inventory.is_none() {
            self.rebuild_inventory(&kinds, &owner).await?;
            self.recall_baselines(&kinds, &owner).await?;
        }
        let mut look = Sorting::new(self, owner, kinds, desired);
        let listed = look.list_ours().await?;
        look.get_the_rest(&listed).await?;
        Ok(look.seen)
    }

    /// Our owner label in this fleet.
    pub(super) fn owner(&self) -> OwnerLabel {
        self.work.owner.clone().unwrap_or_else(|| OwnerLabel::of("", &self.settings.local.name))
    }

    /// What the server serves, asked anew if it does not seem to know a desired kind.
    async fn kinds(&self, desired: &Desired) -> Result<Arc<Kinds>, Trouble> {
        let kinds = self.cluster.kinds(false).await?;
        let mut objects = desired.applications.iter().flat_map(|one| &one.objects);
        if objects.all(|object| kinds.get(object.gvk()).is_some()) {
            return Ok(kinds);
        }
        self.cluster.kinds(true).await.map_err(Trouble::from)
    }

    /// Puts the inventory together from the owner label.
    async fn rebuild_inventory(&mut self, kinds: &Kinds, owner: &OwnerLabel) -> Result<(), Trouble> {
        let mut inventory = Inventory { is_rebuilt: true, ..Inventory::default() };
        for gvk in kinds.listable() {
            let query = Query { gvk, namespace: None, owner: Some(owner.clone()), limit: None };
            let mut each = |live: Live| inventory.entries.extend(plan::recognise(&live, owner));
            self.cluster.list(&query, &mut each).await?;
        }
        self.work.is_rebuilt = true;
        self.inventory = Some(inventory);
        Ok(())
    }

    /// Finds out anew what our last applies left. All of last-good's objects were applied from here, so a dry-run of each, with
    /// force, tells which fields were ours and what they held: what others took of them since is drift, and no conflict.
    async fn recall_baselines(&mut self, kinds: &Arc<Kinds>, owner: &OwnerLabel) -> Result<(), Trouble> {
        let Some(last_good) = self.facts.last_good.clone() else { return Ok(()) };
        // Where it cannot be rendered any more, the server's word on each object has to do.
        let Ok((desired, _)) = self.desire(&last_good).await else { return Ok(()) };
        let look = Sorting::new(self, owner.clone(), Arc::clone(kinds), desired);
        let cluster = &self.cluster;
        let mode = ApplyMode { dry_run: true, force: true, create_only: false };
        let recall = |(key, place): (&ObjectKey, &Place)| {
            let one = &look.seen.desired.applications[place.application];
            let object = &one.objects[place.object];
            let (key, application) = (key.clone(), one.application.name.clone());
            async move {
                let baseline = match cluster.apply(object, mode).await? {
                    Applied::Live(live) => plan::take(&live, object, plan::digest(object)),
                    _ => None,
                };
                let version = object.gvk().version.clone();
                Ok::<_, Trouble>((key, InventoryEntry { application, version, baseline }))
            }
        };
        let recalled: Vec<_> = stream::iter(look.wanted.iter().map(recall).collect::<Vec<_>>())
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        self.inventory.get_or_insert_default().entries.extend(recalled);
        Ok(())
    }
}

impl<'a> Sorting<'a> {
    /// Dresses the desired set in place and takes note of what is wrong with it.
    fn new(agent: &'a Agent, owner: OwnerLabel, kinds: Arc<Kinds>, mut desired: Desired) -> Self {
        let defined = plan::defined_kinds(&desired);
        let scope =
            |gvk: &Gvk| kinds.get(gvk).map(|kind| kind.is_namespaced).or_else(|| defined.get(gvk).copied());
        let (standing, mut refused) = plan::stand(&desired, &scope);
        let mut wanted = BTreeMap::new();
        for place in plan::places(&desired) {
            let one = &mut desired.applications[place.application];
            let object = &mut one.objects[place.object];
            let Some(is_namespaced) = scope(object.gvk()) else { continue };
            let dressed = plan::dress(object, &owner, &one.application, is_namespaced);
            let Ok(dressed) = dressed.map_err(|refusal| refused.push(*refusal)) else { continue };
            wanted.entry(dressed.key()).or_insert(place);
            *object = dressed;
        }
        let candidates = agent
            .inventory
            .iter()
            .flat_map(|ours| plan::candidates(ours, &standing, &desired))
            .cloned()
            .collect();
        let (items, left, health) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let seen = Observation { desired, standing, items, refused, left, health };
        Self { agent, owner, kinds, wanted, candidates, seen }
    }

    fn inventory(&self) -> impl Iterator<Item = (&ObjectKey, Gvk)> {
        let entries = self.agent.inventory.iter().flat_map(|inventory| &inventory.entries);
        entries.map(|(key, entry)| {
            (key, Gvk { group: key.group.clone(), version: entry.version.clone(), kind: key.kind.clone() })
        })
    }

    /// The desired object with this key, while it is not sorted yet.
    fn object(&self, key: &ObjectKey) -> Option<&Object> {
        let place = self.wanted.get(key)?;
        self.seen.desired.applications.get(place.application)?.objects.get(place.object)
    }

    fn wanted(&self) -> impl Iterator<Item = (&ObjectKey, Gvk)> {
        self.wanted.keys().filter_map(|key| Some((key, self.object(key)?.gvk().clone())))
    }

    /// Lists by owner label, kind by kind; answers with the keys that came.
    async fn list_ours(&mut self) -> Result<BTreeSet<ObjectKey>, Trouble> {
        // What is desired is read in the version of its manifest, for in another its fields have other names.
        let served = |(_, gvk): (&ObjectKey, Gvk)| self.kinds.served(&gvk);
        let mut gvks: BTreeSet<Gvk> = self.wanted().filter_map(served).collect();
        for gvk in self.inventory().filter_map(served) {
            let is_in = gvks.iter().any(|known| known.is(&gvk.group, &gvk.kind));
            gvks.extend((!is_in).then_some(gvk));
        }
        let mut listed = BTreeSet::new();
        for gvk in gvks {
            let query = Query { gvk, namespace: None, owner: Some(self.owner.clone()), limit: None };
            let cluster = Arc::clone(&self.agent.cluster);
            let mut each = |live: Live| self.take(&live, &mut listed);
            cluster.list(&query, &mut each).await?;
        }
        Ok(listed)
    }

    /// Takes an object of a list, unless another list brings it in the version that it is wanted in.
    fn take(&mut self, live: &Live, listed: &mut BTreeSet<ObjectKey>) {
        let key = live.key();
        let wanted = self.object(&key).map(|object| self.kinds.served(object.gvk()));
        if wanted.is_none_or(|gvk| gvk.as_ref() == Some(&live.gvk)) && listed.insert(key.clone()) {
            self.sort(Some(live), &key);
        }
    }

    /// Looks one by one at what is expected, or might be in the way, and did not come with the lists.
    async fn get_the_rest(&mut self, listed: &BTreeSet<ObjectKey>) -> Result<(), Trouble> {
        let asked: BTreeMap<ObjectKey, Gvk> = self
            .inventory()
            .chain(self.wanted())
            .filter(|(key, _)| !listed.contains(*key))
            .map(|(key, gvk)| (key.clone(), gvk))
            .collect();
        let absent = self.absent_namespaces(asked.keys()).await?;
        let is_nowhere =
            |key: &ObjectKey| key.namespace.as_ref().is_some_and(|namespace| absent.contains(namespace));
        let mut somewhere = Vec::new();
        for (key, gvk) in asked {
            // A kind that was defined a moment ago may be served and not listed yet: the server is asked all the same.
            match is_nowhere(&key) {
                true => self.sort(None, &key),
                false => somewhere.push((key, self.kinds.served(&gvk).unwrap_or(gvk))),
            }
        }
        let cluster = Arc::clone(&self.agent.cluster);
        let get = |(key, gvk): (ObjectKey, Gvk)| {
            let cluster = Arc::clone(&cluster);
            async move { cluster.get(&gvk, &key).await.map(|live| (key, live)).map_err(Trouble::from) }
        };
        let mut answers = stream::iter(somewhere).map(get).buffer_unordered(AT_ONCE);
        while let Some((key, live)) = answers.try_next().await? {
            self.sort(live.as_ref(), &key);
        }
        Ok(())
    }

    /// Namespaces that are not there: nothing in them needs to be asked for.
    async fn absent_namespaces(
        &self,
        keys: impl Iterator<Item = &ObjectKey>,
    ) -> Result<BTreeSet<String>, Trouble> {
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
            if self.agent.cluster.get(&gvk, &key).await?.is_none() {
                absent.insert(name);
            }
        }
        Ok(absent)
    }

    /// Takes note of one object: what is to be done about it if it is desired, else what became of it.
    fn sort(&mut self, live: Option<&Live>, key: &ObjectKey) {
        let entry = self.agent.inventory.as_ref().and_then(|inventory| inventory.entries.get(key));
        let Some(place) = self.wanted.remove(key) else {
            if let Some(entry) = entry.filter(|_| self.candidates.contains(key)) {
                let gvk =
                    Gvk { group: key.group.clone(), version: entry.version.clone(), kind: key.kind.clone() };
                let gvk = self.kinds.served(&gvk).unwrap_or(gvk);
                let is_removed = !self
                    .seen
                    .desired
                    .applications
                    .iter()
                    .any(|one| one.application.name == entry.application);
                self.seen.left.push(plan::inspect(key, &gvk, live, &self.owner, is_removed));
            }
            return;
        };
        let one = &self.seen.desired.applications[place.application];
        let object = &one.objects[place.object];
        let digest = plan::digest(object);
        if let Some(live) = live {
            self.seen.health.insert(key.clone(), health::judge(live));
        }
        match plan::decide(object, digest, live, entry, &one.application.name, &self.owner) {
            Decision::Refuse(refusal) => self.seen.refused.push(refusal),
            decision => drop(self.seen.items.insert(place, Item { key: key.clone(), digest, decision })),
        }
    }
}
