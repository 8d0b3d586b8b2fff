//! Snapshots and pins in the database.

use super::kept::Kept;
use super::sealed::{self, Edits, Kind, Sealed, Summary};
use super::sled::{Sled, Trouble};
use super::vault::{Vault, VaultError};
use super::{Changes, Pin, Snapshot};
use crate::model::{Digest, Facts, Revision};
use std::collections::{BTreeMap, BTreeSet};

/// Longest snapshot kept. What is longer is rendered again when it is needed.
const MAX_SNAPSHOT: usize = 16 * 1024 * 1024;

/// What lies there, by name, and the seals of its records.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    kept: Kept,
    seals: BTreeMap<(Kind, Vec<u8>), [u8; 32]>,
}

/// Applications that are not kept, for what they hold cannot be encrypted.
pub(super) type Refused<'a> = Vec<(&'a str, VaultError)>;

impl Shelf {
    /// Reads all of it through.
    pub(super) fn read(database: &Sled) -> Result<Self, Trouble> {
        let mut shelf = Self::default();
        sealed::scan(database, Kind::Snapshot, |record| {
            let digest = record.key.clone().try_into().map_err(|_| sealed::damaged())?;
            shelf.kept.snapshots.insert(Digest::from_bytes(digest));
            shelf.seals.insert((Kind::Snapshot, record.key), record.seal);
            Ok(())
        })?;
        sealed::scan(database, Kind::Pin, |record| {
            let pin = Pin::from_bytes(&record.contents).ok_or_else(sealed::damaged)?;
            shelf.kept.pins.insert(pin.revision.clone(), pin);
            shelf.seals.insert((Kind::Pin, record.key), record.seal);
            Ok(())
        })?;
        Ok(shelf)
    }

    /// What its records must add up to.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        self.seals.values().for_each(|seal| summary.add(*seal));
        summary
    }

    /// What a revision consists of, if it is pinned.
    pub(super) fn pinned(&self, revision: &Revision) -> Option<&Pin> {
        self.kept.pins.get(revision)
    }

    /// The shelf as it is after these changes, and the edits that lead there: new pins and snapshots come, and what the facts need no
    /// more goes.
    pub(super) fn edit<'a>(
        &self,
        database: &Sled,
        edits: &mut Edits,
        changes: &[&'a Changes],
        facts: &Facts,
        vault: &Vault,
    ) -> Result<(Self, Refused<'a>), Trouble> {
        let mut next = self.clone();
        for pin in changes.iter().filter_map(|change| change.pin.as_ref()) {
            next.kept.pins.insert(pin.revision.clone(), pin.clone());
        }
        next.kept = next.kept.needed(facts);
        let pins: Vec<Pin> = next.kept.pins.values().cloned().collect();
        for pin in pins.iter().filter(|pin| self.kept.pins.get(&pin.revision) != Some(pin)) {
            let key = pin.revision.to_string().into_bytes();
            let before = sealed::read(database, Kind::Pin, &key)?;
            let seal = edits.put(Kind::Pin, &key, &pin.to_bytes(), before.as_ref());
            next.seals.insert((Kind::Pin, key), seal);
        }
        let refused = next.put_snapshots(database, edits, changes, vault)?;
        let wanted = next.names();
        for (kind, key) in self.seals.keys().filter(|name| !wanted.contains(name)) {
            let before = sealed::read(database, *kind, key)?;
            before.iter().for_each(|before| edits.remove(*kind, before));
            next.seals.remove(&(*kind, key.clone()));
        }
        Ok((next, refused))
    }

    fn put_snapshots<'a>(
        &mut self,
        database: &Sled,
        edits: &mut Edits,
        changes: &[&'a Changes],
        vault: &Vault,
    ) -> Result<Refused<'a>, Trouble> {
        let mut refused = Vec::new();
        let all = changes.iter().flat_map(|change| &change.keep);
        let new: BTreeMap<Digest, &'a Snapshot> = all.map(|one| (one.digest(), one)).collect();
        for (digest, snapshot) in new.into_iter().filter(|(_, one)| one.contents().len() <= MAX_SNAPSHOT) {
            let before = sealed::read(database, Kind::Snapshot, digest.as_bytes())?;
            // Writing again what is there would only wear the flash.
            if before.as_ref().is_some_and(|before| is_same(before, snapshot, vault)) {
                self.kept.snapshots.insert(digest);
                continue;
            }
            let locked = snapshot.holds_secrets().then(|| vault.lock(snapshot.contents())).transpose();
            let locked = match locked {
                Ok(locked) => locked,
                Err(error) => {
                    refused.push((snapshot.name(), error));
                    // What was kept as it is before it was known to hold secrets does not stay.
                    let is_open = before.is_some_and(|before| !Vault::is_locked(&before.contents));
                    self.kept.snapshots.retain(|kept| *kept != digest || !is_open);
                    continue;
                }
            };
            let contents = locked.as_ref().unwrap_or(snapshot.contents());
            let seal = edits.put(Kind::Snapshot, digest.as_bytes(), contents, before.as_ref());
            self.seals.insert((Kind::Snapshot, digest.as_bytes().to_vec()), seal);
            self.kept.snapshots.insert(digest);
        }
        Ok(refused)
    }

    /// The records that there should be.
    fn names(&self) -> BTreeSet<(Kind, Vec<u8>)> {
        let pins = self.kept.pins.keys().map(|revision| (Kind::Pin, revision.to_string().into_bytes()));
        let snapshots = self.kept.snapshots.iter().map(|digest| (Kind::Snapshot, digest.as_bytes().to_vec()));
        pins.chain(snapshots).collect()
    }
}

/// Whether a snapshot is kept already just as it would be written. One that is encrypted to a key which is gone is not.
fn is_same(before: &Sealed, snapshot: &Snapshot, vault: &Vault) -> bool {
    if Vault::is_locked(&before.contents) != snapshot.holds_secrets() {
        return false;
    }
    if !snapshot.holds_secrets() {
        return before.contents == **snapshot.contents();
    }
    vault.unlock(&before.contents).is_ok_and(|contents| contents == *snapshot.contents())
}
