//! What is seen of what is ours, as watches tell it: how much of an object is kept is what a comparison needs, never the object.

use super::baseline::has_drifted;
use crate::model::{Gvk, Health, HealthStatus, Inventory, InventoryEntry, Live, ObjectKey};
use std::collections::{BTreeMap, BTreeSet};

/// What is seen of what is ours.
#[derive(Debug, Default)]
pub struct Ledger {
    seen: BTreeMap<ObjectKey, Seen>,
    /// Kinds, in the version they are followed in, and whether all of each has been told.
    followed: BTreeMap<Gvk, bool>,
    /// What may differ from what we applied.
    suspects: BTreeSet<ObjectKey>,
}

/// One object, reduced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// Counts the beginnings of its kind's watch.
    is_fresh: bool,
    /// The server's version of it, which only grows; 0 where it is no number.
    version: u64,
    health: Health,
    /// Why it is not Current; empty where it is.
    message: Box<str>,
}

/// What is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct News {
    /// Something may differ from what we applied.
    pub drift: bool,
    /// Something's health is another.
    pub health: bool,
}

impl Ledger {
    /// A watch of a kind begins: what is known of it may be old.
    pub fn begin(&mut self, gvk: &Gvk) {
        self.followed.insert(gvk.clone(), false);
        self.seen
            .iter_mut()
            .filter(|(key, _)| key.is(&gvk.group, &gvk.kind))
            .for_each(|(_, seen)| seen.is_fresh = false);
    }

    /// An object as it is now.
    pub fn see(&mut self, live: &Live, entry: Option<&InventoryEntry>, health: HealthStatus) -> News {
        let key = live.key();
        let Some(entry) = entry.filter(|entry| entry.version == live.gvk.version) else {
            return News::default();
        };
        let drift = entry.baseline.as_ref().is_some_and(|baseline| has_drifted(live, baseline));
        if drift {
            self.suspects.insert(key.clone());
        }
        News { drift, health: self.note(live, health) }
    }

    /// An object that is gone, or lost our label.
    pub fn lose(&mut self, key: &ObjectKey, entry: Option<&InventoryEntry>) -> News {
        let health = self.seen.remove(key).is_some();
        let drift = entry.is_some_and(|entry| entry.baseline.is_some());
        if drift {
            self.suspects.insert(key.clone());
        }
        News { drift, health: health && drift }
    }

    /// All of a kind has been told: what was not is not there, or without our label.
    pub fn complete(&mut self, gvk: &Gvk, inventory: &Inventory) -> News {
        self.followed.insert(gvk.clone(), true);
        let is_of = |key: &ObjectKey, version: &str| key.is(&gvk.group, &gvk.kind) && version == gvk.version;
        let missing = |(key, entry): &(&ObjectKey, &InventoryEntry)| {
            is_of(key, &entry.version)
                && entry.baseline.is_some()
                && self.seen.get(*key).is_none_or(|seen| !seen.is_fresh)
        };
        let missing: Vec<ObjectKey> =
            inventory.entries.iter().filter(missing).map(|(key, _)| key.clone()).collect();
        missing.iter().for_each(|key| drop(self.seen.remove(key)));
        let news = News { drift: !missing.is_empty(), health: !missing.is_empty() };
        self.suspects.extend(missing);
        news
    }

    /// A watch broke off: nothing is known of its kind until it is complete again.
    pub fn broke(&mut self, gvk: &Gvk) {
        self.followed.insert(gvk.clone(), false);
    }

    /// Forgets kinds that are followed no more.
    pub fn retain(&mut self, gvks: &BTreeSet<Gvk>) {
        self.followed.retain(|gvk, _| gvks.contains(gvk));
    }

    /// What a watch, our own write, or a look at one object showed. They overtake each other: what is older than what is known changes
    /// nothing. Answers whether the health is another.
    pub fn note(&mut self, live: &Live, health: HealthStatus) -> bool {
        let (key, version) = (live.key(), live.resource_version().parse().unwrap_or(0));
        if self.seen.get(&key).is_some_and(|known| known.is_fresh && known.version > version && version > 0) {
            return false;
        }
        let message = if health.health == Health::Current { Box::default() } else { health.message.into() };
        let seen = Seen { is_fresh: true, version, health: health.health, message };
        let before = self.seen.insert(key, seen.clone());
        before.is_none_or(|before| (before.health, before.message) != (seen.health, seen.message))
    }

    /// Suspects everything that is ours and not seen. Costs no request.
    pub fn compare(&mut self, inventory: &Inventory) {
        let unseen = inventory
            .entries
            .iter()
            .filter(|(key, entry)| entry.baseline.is_some() && !self.seen.contains_key(*key));
        self.suspects.extend(unseen.map(|(key, _)| key.clone()));
    }

    /// Gives out what may differ.
    pub fn take_suspects(&mut self) -> BTreeSet<ObjectKey> {
        std::mem::take(&mut self.suspects)
    }

    /// Takes back what could not be looked at.
    pub fn suspect(&mut self, keys: impl IntoIterator<Item = ObjectKey>) {
        self.suspects.extend(keys);
    }

    /// Whether everything that is ours is followed.
    pub fn is_complete(&self, gvks: &BTreeSet<Gvk>) -> bool {
        gvks.iter().all(|gvk| self.followed.get(gvk) == Some(&true))
    }

    /// An object's health, if it is there.
    pub fn health(&self, key: &ObjectKey) -> Option<HealthStatus> {
        let seen = self.seen.get(key)?;
        Some(HealthStatus { key: key.clone(), health: seen.health, message: seen.message.to_string() })
    }

    /// How many objects are known.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(version: &str) -> Live {
        let metadata = json!({"name": "a", "namespace": "b", "resourceVersion": version});
        Live { gvk: Gvk::new("apps/v1", "Deployment"), value: json!({"metadata": metadata}) }
    }

    fn note(ledger: &mut Ledger, version: &str, health: Health) -> bool {
        let live = live(version);
        ledger.note(&live, HealthStatus { key: live.key(), health, message: "why".to_owned() })
    }

    #[test]
    fn an_answer_that_a_watch_overtook_changes_nothing() {
        let mut ledger = Ledger::default();
        assert!(note(&mut ledger, "10", Health::Current));
        assert!(!note(&mut ledger, "9", Health::InProgress), "as text it would be newer");
        assert_eq!(ledger.health(&live("").key()).unwrap().health, Health::Current);
        assert!(note(&mut ledger, "11", Health::InProgress));
        // A cluster that was put back to what it was counts anew.
        ledger.begin(&Gvk::new("apps/v1", "Deployment"));
        assert!(note(&mut ledger, "3", Health::Current));
    }
}
