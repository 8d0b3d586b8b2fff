//! Whose a live object is.
//!
//! Three marks, none of which is enough alone: the owner label (controllers copy labels), our `Apply` entry in the managed fields
//! (every site's agent has the same manager name), and our inventory (a record can be lost, and an object deleted and made anew).

use super::baseline::has_drifted;
use super::managed;
use crate::model::{Baseline, InventoryEntry, Live, OWNER_LABEL, OwnerLabel};
use serde_json::Value;

/// Whose a live object is, as far as writing it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Ours: it may be written.
    Ours,
    /// Nothing shows that we ever applied it; the managers that own its fields.
    Foreign(Vec<String>),
    /// Another site's or fleet's agent keeps it, under this label.
    OtherSite(String),
}

/// Whether a live object may be deleted by us: our label, and our `Apply` entry, and no controller that owns it.
pub fn is_ours_to_prune(live: &Live, owner: &OwnerLabel) -> bool {
    has_label(live, owner) && has_entry(live) && !has_controller(live)
}

/// Whether drift of a live object may be undone by us: it is in our inventory and has our `Apply` entry, label or not.
pub fn is_ours_to_heal(live: &Live, in_inventory: bool) -> bool {
    in_inventory && has_entry(live)
}

/// The label of the other site that keeps this object: the label is not ours, it is owned by our manager name, which every
/// agent has, and it is not what our own last apply left (a site or fleet that was renamed has a new label).
pub fn other_site<'a>(live: &'a Live, owner: &OwnerLabel, baseline: Option<&Baseline>) -> Option<&'a str> {
    let label = live.label(OWNER_LABEL).filter(|label| *label != owner.as_str())?;
    let path = ["f:metadata", "f:labels", &format!("f:{OWNER_LABEL}")];
    let is_applied = managed::ours(live).is_some_and(|fields| super::fields::owns(fields, &path));
    let is_our_last = baseline.is_some_and(|baseline| !has_drifted(live, baseline));
    (is_applied && !is_our_last).then_some(label)
}

/// Whose a live object is that the desired set names.
pub fn whose(live: &Live, owner: &OwnerLabel, entry: Option<&InventoryEntry>) -> Whose {
    if let Some(label) = other_site(live, owner, entry.and_then(|entry| entry.baseline.as_ref())) {
        return Whose::OtherSite(label.chars().take(63).collect());
    }
    let is_labelled = has_label(live, owner) && has_entry(live);
    if is_labelled || is_ours_to_heal(live, entry.is_some()) {
        return Whose::Ours;
    }
    Whose::Foreign(managed::managers(live))
}

/// Whether it carries our owner label.
pub(super) fn has_label(live: &Live, owner: &OwnerLabel) -> bool {
    live.label(OWNER_LABEL) == Some(owner.as_str())
}

/// Whether our `Apply` entry stands in its managed fields.
pub(super) fn has_entry(live: &Live) -> bool {
    managed::ours(live).is_some()
}

/// Whether a controller owns it: then it comes and goes with that controller's object.
pub(super) fn has_controller(live: &Live) -> bool {
    let references = live.value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    references
        .into_iter()
        .flatten()
        .any(|reference| reference.get("controller").and_then(Value::as_bool).unwrap_or_default())
}
