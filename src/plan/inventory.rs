//! How the inventory changes: the union before the first apply, a removal only when a delete is confirmed.

use super::managed;
use super::ownership::{has_entry, has_label};
use super::placement::Standing;
use crate::model::{
    APPLICATION_ANNOTATION, Baseline, Inventory, InventoryEntry, Live, ObjectKey, OwnerLabel,
};
use std::collections::BTreeMap;

/// The inventory as it must be written before the first apply: all that is ours, and all that may be ours from now on.
/// `versions` gives the version in which an object is going to be applied, for the entries that are new.
pub fn union(
    inventory: &Inventory,
    standing: &Standing,
    version: &dyn Fn(&ObjectKey) -> String,
) -> Inventory {
    let mut all = inventory.clone();
    all.entries.extend(additions(inventory, standing, version));
    all
}

/// What must be added to the inventory, or changed in it, before the first apply.
pub fn additions(
    inventory: &Inventory,
    standing: &Standing,
    version: &dyn Fn(&ObjectKey) -> String,
) -> BTreeMap<ObjectKey, InventoryEntry> {
    let addition = |(key, application): (&ObjectKey, &str)| {
        let entry = match inventory.entries.get(key) {
            Some(entry) if entry.application == application => return None,
            Some(entry) => InventoryEntry { application: application.to_owned(), ..entry.clone() },
            None => {
                InventoryEntry { application: application.to_owned(), version: version(key), baseline: None }
            }
        };
        Some((key.clone(), entry))
    };
    standing.iter().filter_map(addition).collect()
}

/// Notes an apply that the server confirmed, or a dry-run that showed that none is needed.
pub fn applied(
    inventory: &mut Inventory,
    key: &ObjectKey,
    application: &str,
    version: &str,
    baseline: Baseline,
) {
    let entry = InventoryEntry {
        application: application.to_owned(),
        version: version.to_owned(),
        baseline: Some(baseline),
    };
    inventory.entries.insert(key.clone(), entry);
}

/// Puts an inventory together from what the cluster holds, where the record was lost: objects with our label and our `Apply`
/// entry. What our last applies left is not known then.
pub fn rebuild<'a>(live: impl Iterator<Item = &'a Live>, owner: &OwnerLabel) -> Inventory {
    let entries: BTreeMap<_, _> = live.filter_map(|live| recognise(live, owner)).collect();
    Inventory { entries, is_rebuilt: true }
}

/// The entry of one live object that is ours by its marks, for an inventory that is put together object by object.
pub fn recognise(live: &Live, owner: &OwnerLabel) -> Option<(ObjectKey, InventoryEntry)> {
    if !has_label(live, owner) || !has_entry(live) {
        return None;
    }
    let version = managed::our_version(live).and_then(|text| text.rsplit('/').next());
    let entry = InventoryEntry {
        application: live.annotation(APPLICATION_ANNOTATION).unwrap_or_default().to_owned(),
        version: version.unwrap_or(&live.gvk.version).to_owned(),
        baseline: None,
    };
    Some((live.key(), entry))
}
