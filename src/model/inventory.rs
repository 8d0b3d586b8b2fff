//! What we own in the cluster.

use super::baseline::Baseline;
use super::object::{Gvk, ObjectKey};
use std::collections::BTreeMap;

/// The ids of all objects that are ours, or may be: it is written before the first apply and cleared only after a delete is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// One entry an object.
    pub entries: BTreeMap<ObjectKey, InventoryEntry>,
    /// Whether it was put together from the cluster because our record was lost. Such an inventory never prunes until a whole
    /// revision has been steady.
    pub is_rebuilt: bool,
}

/// One object that is ours, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryEntry {
    /// The application it belongs to.
    pub application: String,
    /// The version it was last applied in.
    pub version: String,
    /// What our last apply left; `None` while it was never applied, or the record was lost.
    pub baseline: Option<Baseline>,
}

impl InventoryEntry {
    /// Group, version and kind by which the object with this key is addressed.
    pub fn gvk(&self, key: &ObjectKey) -> Gvk {
        Gvk { group: key.group.clone(), version: self.version.clone(), kind: key.kind.clone() }
    }
}
