//! A look at everything that is desired and everything that is ours: each live object is reduced at once to what is to be done.

use super::canonical::digest;
use super::decide::{Decision, decide};
use super::dress::dress;
use super::placement::{Place, Standing, defined_kinds, places, stand};
use super::prune::{Finding, candidates, inspect};
use crate::model::{
    Desired, Digest, Gvk, Inventory, InventoryEntry, Live, Object, ObjectKey, OwnerLabel, Refusal,
};
use std::collections::{BTreeMap, BTreeSet};

/// One desired object, with what is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its key in the cluster.
    pub key: ObjectKey,
    /// The digest of the manifest as it is sent.
    pub digest: Digest,
    /// What is to be done.
    pub decision: Decision,
}

/// What a look at the cluster brought.
#[derive(Debug)]
pub struct Observed {
    /// The desired set, its objects dressed: with our marks and in their namespaces.
    pub desired: Desired,
    /// Which keys stand in it.
    pub standing: Standing,
    /// What is to be done, by place in the desired set.
    pub items: BTreeMap<Place, Item>,
    /// What will not be done.
    pub refused: Vec<Refusal>,
    /// What is in the inventory and not desired.
    pub left: Vec<Finding>,
}

/// A look under way.
#[derive(Debug)]
pub struct Survey {
    owner: OwnerLabel,
    wanted: BTreeMap<ObjectKey, Place>,
    candidates: BTreeSet<ObjectKey>,
    /// The applications that go back to last-good.
    back: BTreeSet<String>,
    observed: Observed,
}

impl Survey {
    /// Dresses the desired set in place and takes note of what is wrong with it. `scope` says whether the server serves a kind in
    /// namespaces.
    pub fn new(
        mut desired: Desired,
        owner: &OwnerLabel,
        scope: &dyn Fn(&Gvk) -> Option<bool>,
        inventory: &Inventory,
    ) -> Self {
        let defined = defined_kinds(&desired);
        let scope = |gvk: &Gvk| scope(gvk).or_else(|| defined.get(gvk).copied());
        let (standing, mut refused) = stand(&desired, &scope);
        let mut wanted = BTreeMap::new();
        for place in places(&desired) {
            let one = &mut desired.applications[place.application];
            let object = &mut one.objects[place.object];
            let Some(is_namespaced) = scope(object.gvk()) else { continue };
            let dressed = dress(object, owner, &one.application, is_namespaced);
            let Ok(dressed) = dressed.map_err(|refusal| refused.push(*refusal)) else { continue };
            wanted.entry(dressed.key()).or_insert(place);
            *object = dressed;
        }
        let candidates = candidates(inventory, &standing, &desired).cloned().collect();
        let observed = Observed { desired, standing, items: BTreeMap::new(), refused, left: Vec::new() };
        Self { owner: owner.clone(), wanted, candidates, back: BTreeSet::new(), observed }
    }

    /// The same where these applications go back to last-good: what holds data stays as the newer release made it.
    #[must_use]
    pub fn going_back(self, back: BTreeSet<String>) -> Self {
        Self { back, ..self }
    }

    /// The desired objects that nothing is known of yet, with the version of their manifests.
    pub fn wanted(&self) -> impl Iterator<Item = (&ObjectKey, &Object)> {
        self.wanted.iter().map(|(key, place)| (key, self.object(*place)))
    }

    /// Takes note of one object: what is to be done about it if it is desired, else what became of it. `known` is its entry in the
    /// inventory, and what it is addressed by.
    pub fn take(&mut self, key: &ObjectKey, live: Option<&Live>, known: Option<(&InventoryEntry, Gvk)>) {
        let Some(place) = self.wanted.remove(key) else {
            if let Some((entry, gvk)) = known.filter(|_| self.candidates.contains(key)) {
                let mut names = self.observed.desired.applications.iter().map(|one| &one.application.name);
                let is_removed = !names.any(|name| *name == entry.application);
                self.observed.left.push(inspect(key, &gvk, live, &self.owner, is_removed));
            }
            return;
        };
        let one = &self.observed.desired.applications[place.application];
        let object = &one.objects[place.object];
        let digest = digest(object);
        let entry = known.map(|(entry, _)| entry);
        match decide(object, digest, live, entry, &one.application.name, &self.owner) {
            Decision::Refuse(refusal) => self.observed.refused.push(refusal),
            Decision::Judge if self.back.contains(&one.application.name) && is_lasting(object.gvk()) => {
                self.observed
                    .items
                    .insert(place, Item { key: key.clone(), digest, decision: Decision::Unchanged });
            }
            decision => drop(self.observed.items.insert(place, Item { key: key.clone(), digest, decision })),
        }
    }

    /// The look is over.
    pub fn finish(self) -> Observed {
        self.observed
    }

    fn object(&self, place: Place) -> &Object {
        &self.observed.desired.applications[place.application].objects[place.object]
    }
}

/// Kinds that are never taken back to what they were: data is lost with them, or may not fit them any more.
fn is_lasting(gvk: &Gvk) -> bool {
    gvk.is("apiextensions.k8s.io", "CustomResourceDefinition")
        || gvk.is("", "Namespace")
        || gvk.is("", "PersistentVolumeClaim")
}
