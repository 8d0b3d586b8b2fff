//! Facts, inventories and a short life of a site, for tests of the store.

use serde_json::json;
use standfast::model::{
    ApplicationFacts, Baseline, CommitId, DesiredApplication, Digest, Facts, Floor, Hash, Inventory,
    InventoryEntry, Object, ObjectKey, Quarantine, Revision, Suspension, fake,
};
use standfast::store::{Changes, Pin, Settings, Snapshot};
use std::path::Path;
use std::time::Duration;

/// What a site knows at one moment, and the changes that led there.
pub(crate) struct Moment {
    pub(crate) facts: Facts,
    pub(crate) changes: Changes,
    pub(crate) inventory: Inventory,
}

/// What a site saves from its first revision to its third, each with a higher floor.
pub(crate) fn life() -> Vec<Moment> {
    let all = [
        Changes { put: vec![entry("a", false), entry("b", false)], ..Changes::default() },
        Changes {
            put: vec![entry("a", true), entry("b", true)],
            keep: vec![Snapshot::of(&rendered(2, 20_000))],
            ..Changes::default()
        },
        Changes {
            put: vec![entry("c", true)],
            remove: vec![entry("b", true).0],
            keep: vec![Snapshot::of(&rendered(3, 100))],
            pin: Some(pin(2, &[2])),
            ..Changes::default()
        },
    ];
    let mut inventory = Inventory::default();
    (1..)
        .zip(all)
        .map(|(number, changes)| {
            inventory.entries.extend(changes.put.iter().cloned());
            changes.remove.iter().for_each(|key| drop(inventory.entries.remove(key)));
            Moment { facts: facts(number), changes, inventory: inventory.clone() }
        })
        .collect()
}

/// Facts whose floor is revision `number`, with something in every field.
pub(crate) fn facts(number: u8) -> Facts {
    let application = ApplicationFacts {
        attempted: Some((revision(number), digest(number))),
        last_good: Some((revision(number - 1), digest(number - 1))),
        quarantine: Some(Quarantine {
            digest: digest(9),
            revision: revision(9),
            reason: "CrashLoop".to_owned(),
        }),
        deadline_spent: Duration::from_micros(1_500_001),
    };
    Facts {
        generation: 0,
        floor: Some(Floor {
            revision: revision(number),
            accepted: format!("2026-08-0{number}T10:00:00.25Z").parse().unwrap(),
            began: commit(1),
            signer: "release@example.com SHA256:abc".to_owned(),
        }),
        clock_floor: Some(format!("2026-08-0{number}T10:00:01Z").parse().unwrap()),
        last_good: Some(revision(number - 1)),
        pinned: vec![revision(number - 1), revision(0)],
        suspended: Some(Suspension {
            reason: "stocktaking".to_owned(),
            since: format!("2026-08-0{number}T09:00:00Z").parse().unwrap(),
            until: None,
        }),
        applications: [("web".to_owned(), application), ("new".to_owned(), ApplicationFacts::default())]
            .into(),
    }
}

/// The facts without the number of their write.
pub(crate) fn content(facts: &Facts) -> Facts {
    Facts { generation: 0, ..facts.clone() }
}

/// An object of ours.
pub(crate) fn entry(name: &str, applied: bool) -> (ObjectKey, InventoryEntry) {
    let key = ObjectKey {
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("pos".to_owned()),
        name: name.to_owned(),
    };
    let baseline = applied.then(|| Baseline {
        desired: digest(1),
        // Longer than one piece of a record.
        fields: format!("{{\"f:spec\":{{\"f:{}\":{{}}}}}}", name.repeat(5000)),
        values: digest(2),
    });
    (key, InventoryEntry { application: "web".to_owned(), version: "v1".to_owned(), baseline })
}

/// An application that rendered this digest: a ConfigMap that takes about so many bytes.
pub(crate) fn rendered(number: u8, size: usize) -> DesiredApplication {
    of_object(
        number,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "data": {"x": "x".repeat(size)}}),
    )
}

/// An application that rendered this digest: one object.
pub(crate) fn of_object(number: u8, object: serde_json::Value) -> DesiredApplication {
    let objects = vec![Object::new(object).unwrap()];
    DesiredApplication { application: fake::application("web"), objects, digest: digest(number) }
}

/// A revision of which application `n` rendered digest `n`.
pub(crate) fn pin(number: u8, digests: &[u8]) -> Pin {
    let applications = digests.iter().map(|number| (number.to_string(), digest(*number))).collect();
    Pin { revision: revision(number), applications }
}

pub(crate) fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

/// A temporary folder, in memory where there is one: these tests fsync thousands of times, and what a power cut loses they say themselves.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn settings(directory: &Path) -> Settings {
    Settings::new(directory.join("state-of-site"))
}

pub(crate) fn revision(number: u8) -> Revision {
    Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: commit(number) }
}

fn commit(number: u8) -> CommitId {
    CommitId(Hash::Sha1([number; 20]))
}
