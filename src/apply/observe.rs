//! Looks at everything that is desired, and everything that is ours.

use super::Applier;
use crate::cluster::{AT_ONCE, Applied, ApplyMode, Kinds, Query, Sought};
use crate::health::RuleBook;
use crate::model::{Desired, Gvk, HealthStatus, Inventory, InventoryEntry, Live, ObjectKey, Trouble};
use crate::plan::{self, Observed, Survey};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a look at the cluster brought.
#[derive(Debug)]
pub(super) struct Seen {
    /// What is to be done.
    pub(super) observed: Observed,
    /// The health of the desired objects that are there.
    pub(super) health: BTreeMap<ObjectKey, HealthStatus>,
}

impl Applier {
    /// Looks at the cluster. Reads only.
    pub(super) async fn observe(&self, desired: Desired) -> Result<Seen, Trouble> {
        let kinds = self.kinds(&desired).await?;
        self.eyes.lock().rules = RuleBook::of(&desired);
        let (mut survey, sought) = self.survey(desired, &kinds);
        let mut seen = BTreeMap::new();
        let eyes = Arc::clone(&self.eyes);
        let mut found = |key: &ObjectKey, live: Option<&Live>| {
            let sight = eyes.lock();
            let entry = sight.entry(key);
            let served = |gvk: Gvk| kinds.served(&gvk).unwrap_or(gvk);
            survey.take(key, live, entry.map(|entry| (entry, served(entry.gvk(key)))));
            let application = entry.map_or("", |entry| entry.application.as_str());
            seen.extend(live.map(|live| (key.clone(), sight.rules.judge(application, live))));
        };
        sought.find(self.cluster.as_ref(), &self.owner, &mut found).await?;
        let observed = survey.finish();
        seen.retain(|key, _| observed.standing.application_of(key).is_some());
        Ok(Seen { observed, health: seen })
    }

    /// Puts the inventory together from the cluster. All of last-good's objects were applied from here, so a dry-run of each, with
    /// force, tells which fields were ours and what they held: what others took of them since is drift, and no conflict. Where
    /// last-good is not at hand, the server's word on each object has to do.
    pub(crate) async fn rebuild(&mut self, last_good: Option<Desired>) -> Result<(), Trouble> {
        let kinds = self.cluster.kinds(true).await?;
        let mut inventory = self.rebuilt_inventory(&kinds).await?;
        if let Some(last_good) = last_good {
            inventory.entries.extend(self.recalled_baselines(last_good, &kinds).await?);
        }
        self.is_rebuilt = true;
        self.eyes.lock().inventory = Some(inventory);
        Ok(())
    }

    /// A survey of `desired`, and all that is to be looked for.
    fn survey(&self, desired: Desired, kinds: &Kinds) -> (Survey, Sought) {
        let sight = self.eyes.lock();
        let empty = Inventory::default();
        let inventory = sight.inventory.as_ref().unwrap_or(&empty);
        let scope = |gvk: &Gvk| kinds.get(gvk).map(|kind| kind.is_namespaced);
        let survey = Survey::new(desired, &self.owner, &scope, inventory).going_back(self.back.clone());
        let mut sought = Sought::default();
        survey.wanted().for_each(|(key, object)| sought.want(key, object.gvk(), kinds));
        inventory.entries.iter().for_each(|(key, entry)| sought.know(key, &entry.gvk(key), kinds));
        (survey, sought)
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

    /// The inventory put together from the owner label.
    async fn rebuilt_inventory(&self, kinds: &Kinds) -> Result<Inventory, Trouble> {
        let mut inventory = Inventory { is_rebuilt: true, ..Inventory::default() };
        for gvk in kinds.listable() {
            let query = Query { gvk, namespace: None, owner: Some(self.owner.clone()), limit: None };
            let mut each = |live: Live| inventory.entries.extend(plan::recognise(&live, &self.owner));
            self.cluster.list(&query, &mut each).await?;
        }
        Ok(inventory)
    }

    async fn recalled_baselines(
        &self,
        last_good: Desired,
        kinds: &Kinds,
    ) -> Result<Vec<(ObjectKey, InventoryEntry)>, Trouble> {
        let (survey, _) = self.survey(last_good, kinds);
        let mode = ApplyMode { dry_run: true, force: true, create_only: false };
        let places: Vec<_> = survey.wanted().map(|(key, _)| key.clone()).collect();
        let observed = survey.finish();
        let recall = |(application, object): (String, crate::model::Object)| async move {
            let baseline = match self.cluster.apply(&object, mode).await? {
                Applied::Live(live) => plan::take(&live, &object, plan::digest(&object)),
                _ => None,
            };
            let version = object.gvk().version.clone();
            Ok::<_, Trouble>((object.key(), InventoryEntry { application, version, baseline }))
        };
        let of = |one: crate::model::DesiredApplication| {
            let name = one.application.name;
            one.objects.into_iter().map(move |object| (name.clone(), object))
        };
        let objects = observed.desired.applications.into_iter().flat_map(of);
        let objects: Vec<_> = objects.filter(|(_, object)| places.contains(&object.key())).collect();
        stream::iter(objects.into_iter().map(recall)).buffer_unordered(AT_ONCE).try_collect().await
    }
}
