//! What every store does: the one on disk and the one in memory.

use crate::support::store::{
    content, digest, entry, folder, life, of_object, pin, rendered, revision, settings,
};
use serde_json::json;
use standfast::model::{
    AllowPrune, Application, ApplicationFacts, Check, DesiredApplication, Facts, Inventory, OnRemoval,
    Rollback,
};
use standfast::store::fake::Memory;
use standfast::store::{self, Changes, Loaded, Snapshot, Store};
use std::time::Duration;

/// Runs a test on both; the function it gets boots the site again.
fn on_both(test: impl Fn(&dyn Fn() -> Box<dyn Store>)) {
    let memory = Memory::default();
    test(&|| Box::new(memory.open()));
    let folder = folder();
    test(&|| store::open(&settings(folder.path()), jiff::Timestamp::UNIX_EPOCH).unwrap());
}

#[test]
fn a_new_site_has_default_facts_and_a_known_empty_inventory() {
    on_both(|boot| {
        let new =
            Loaded { facts: Facts::default(), inventory: Some(Inventory::default()), notes: Vec::new() };
        assert_eq!(boot().load().unwrap(), new);
        assert_eq!(boot().load().unwrap(), new, "a boot without a save is still a new site");
    });
}

#[test]
fn what_was_saved_is_there_after_each_boot() {
    on_both(|boot| {
        let mut generation = 0;
        for moment in life() {
            let mut store = boot();
            store.load().unwrap();
            let mut facts = moment.facts.clone();
            assert!(store.save(&mut facts, &moment.changes).unwrap().is_empty());
            assert!(facts.generation > generation);
            generation = facts.generation;
            drop(store);
            let loaded = boot().load().unwrap();
            assert_eq!(loaded, Loaded { facts, inventory: Some(moment.inventory), notes: Vec::new() });
        }
    });
}

#[test]
fn saving_facts_alone_keeps_the_inventory() {
    on_both(|boot| {
        let mut store = boot();
        let moment = &life()[1];
        store.save(&mut moment.facts.clone(), &moment.changes).unwrap();
        let mut facts = store.load().unwrap().facts;
        facts.clock_floor = None;
        store.save(&mut facts, &Changes::default()).unwrap();
        drop(store);
        let loaded = boot().load().unwrap();
        assert_eq!((loaded.facts, loaded.inventory), (facts, Some(moment.inventory.clone())));
    });
}

#[test]
fn a_snapshot_is_kept_as_long_as_the_facts_need_it() {
    on_both(|boot| {
        let is_kept = |store: &mut Box<dyn Store>| {
            let found = (1..=4).filter(|number| store.snapshot(&digest(*number)).unwrap().is_some());
            found.collect::<Vec<u8>>()
        };
        let mut store = boot();
        let keep = (1..=4).map(|number| Snapshot::of(&rendered(number, 300_000))).collect();
        let mut facts = Facts { pinned: vec![revision(1)], ..Facts::default() };
        let steady = (Some((revision(3), digest(3))), Some((revision(2), digest(4))));
        let web =
            ApplicationFacts { last_good: steady.0, attempted: steady.1, ..ApplicationFacts::default() };
        facts.applications.insert("web".to_owned(), web);
        let changes = Changes { keep, pin: Some(pin(1, &[1, 2])), ..Changes::default() };
        store.save(&mut facts, &changes).unwrap();
        drop(store);

        let mut store = boot();
        assert_eq!(is_kept(&mut store), [1, 2, 3, 4], "what a save keeps survives it");
        assert_eq!(store.snapshot(&digest(1)).unwrap(), Some(rendered(1, 300_000)));
        assert_eq!(store.pinned(&revision(1)), Some(pin(1, &[1, 2])));
        assert_eq!(store.pinned(&revision(3)), None);
        let pinned = Changes { pin: Some(pin(3, &[2, 3])), ..Changes::default() };
        facts.pinned.insert(0, revision(3));
        store.save(&mut facts, &pinned).unwrap();
        assert_eq!(is_kept(&mut store), [1, 2, 3], "an attempt alone is not kept");
        facts.pinned.pop();
        store.save(&mut facts, &Changes::default()).unwrap();
        assert_eq!(is_kept(&mut store), [2, 3]);
        assert_eq!(store.pinned(&revision(1)), None);
        facts.pinned.clear();
        facts.last_good = Some(revision(3));
        store.save(&mut facts, &Changes::default()).unwrap();
        assert_eq!(is_kept(&mut store), [2, 3], "last-good is pinned too");
        facts.last_good = None;
        store.save(&mut facts, &Changes::default()).unwrap();
        drop(store);
        let mut store = boot();
        assert_eq!(is_kept(&mut store), [3], "the application was steady with it");
        assert_eq!(store.pinned(&revision(3)), None);
        store.save(&mut Facts::default(), &Changes::default()).unwrap();
        assert_eq!(is_kept(&mut store), Vec::<u8>::new());
    });
}

#[test]
fn a_snapshot_reads_back_whole_but_for_values_that_were_put_in() {
    on_both(|boot| {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"},
                            "spec": {"x": [1.5, 1e300, -7, null, true, "\u{e9}\n\"", {"z": 1, "a": []}]}});
        let mut desired = of_object(1, object);
        desired.application = Application {
            depends_on: ["base".to_owned()].into(),
            namespace: Some("pos".to_owned()),
            prune: false,
            allow_prune: [AllowPrune::Claim, AllowPrune::All].into(),
            on_removal: OnRemoval::Keep,
            recreate: ["Job".to_owned()].into(),
            pull_deadline: Some(Duration::from_secs(7)),
            waits_for_addresses: true,
            checks: vec![Check {
                group: "g".to_owned(),
                kind: "K".to_owned(),
                current: "true".to_owned(),
                in_progress: None,
                failed: Some("false".to_owned()),
            }],
            rollback: Rollback::Site,
            ..desired.application
        };
        let with_values = Some([("A".to_owned(), "b".to_owned())].into());
        let filled = DesiredApplication {
            application: Application { substitute: with_values, ..desired.application.clone() },
            ..desired.clone()
        };
        let mut store = boot();
        let changes = Changes { keep: vec![Snapshot::of(&filled)], ..Changes::default() };
        store.save(&mut Facts::default(), &changes).unwrap();
        drop(store);
        assert_eq!(boot().snapshot(&digest(1)).unwrap(), Some(desired));
    });
}

#[test]
fn an_inventory_is_replaced_as_a_whole() {
    on_both(|boot| {
        let mut store = boot();
        let moment = &life()[1];
        let mut facts = moment.facts.clone();
        store.save(&mut facts, &moment.changes).unwrap();
        for is_rebuilt in [true, false] {
            let put = vec![entry("a", false), entry("z", true)];
            let changes = Changes { put, rebuilt: Some(is_rebuilt), ..Changes::default() };
            store.save(&mut facts, &changes).unwrap();
            drop(store);
            store = boot();
            let expected = Inventory { entries: changes.put.into_iter().collect(), is_rebuilt };
            assert_eq!(store.load().unwrap().inventory, Some(expected));
        }
    });
}

#[test]
fn what_is_put_and_removed_at_once_is_gone() {
    on_both(|boot| {
        let (key, entry) = entry("a", true);
        let changes = Changes { put: vec![(key.clone(), entry)], remove: vec![key], ..Changes::default() };
        let mut store = boot();
        store.save(&mut Facts::default(), &changes).unwrap();
        drop(store);
        assert_eq!(boot().load().unwrap().inventory, Some(Inventory::default()));
    });
}

#[test]
fn a_lost_cache_costs_the_inventory_until_it_is_rebuilt() {
    let memory = Memory::default();
    let folder = folder();
    let settings = settings(folder.path());
    let in_memory = || -> Box<dyn Store> { Box::new(memory.open()) };
    let on_disk = || store::open(&settings, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let lose_file = || std::fs::remove_dir_all(settings.directory.join("state")).unwrap();
    let check = |boot: &dyn Fn() -> Box<dyn Store>, lose: &dyn Fn()| {
        let moment = &life()[1];
        let mut facts = moment.facts.clone();
        boot().save(&mut facts, &moment.changes).unwrap();
        lose();
        let mut store = boot();
        let loaded = store.load().unwrap();
        assert_eq!((loaded.facts, loaded.inventory), (facts.clone(), None));

        let loose = Changes { put: vec![entry("loose", false)], ..Changes::default() };
        store.save(&mut facts, &loose).unwrap();
        drop(store);
        assert_eq!(boot().load().unwrap().inventory, None, "a single entry does not make an inventory");

        let whole = Changes { put: vec![entry("a", false)], rebuilt: Some(true), ..Changes::default() };
        boot().save(&mut facts, &whole).unwrap();
        let inventory = boot().load().unwrap().inventory.unwrap();
        assert!(inventory.is_rebuilt);
        assert_eq!(inventory.entries.into_iter().collect::<Vec<_>>(), whole.put);
    };
    check(&in_memory, &|| memory.lose_cache());
    check(&on_disk, &lose_file);
}

#[test]
fn memory_fails_and_loses_power_as_it_is_told() {
    let saves = |at: u64, cut: bool| {
        let memory = Memory::default();
        let mut store = memory.open();
        if cut {
            memory.cut_before(at);
        } else {
            memory.fail_at(at);
        }
        let saved: Vec<_> = life()
            .iter()
            .map(|moment| store.save(&mut moment.facts.clone(), &moment.changes).is_ok())
            .collect();
        let loaded = memory.open().load().unwrap();
        let found = life().iter().position(|moment| content(&loaded.facts) == moment.facts);
        (saved, found, loaded.inventory.map(|inventory| inventory.entries.len()))
    };
    // Each save has two effects: the cache's, which may fail, and the facts'.
    assert_eq!(saves(2, false), (vec![true, true, true], Some(2), Some(2)));
    assert_eq!(saves(3, false), (vec![true, false, true], Some(2), Some(2)));
    assert_eq!(saves(4, false), (vec![true, true, true], Some(2), None));
    assert_eq!(saves(2, true), (vec![true, false, false], Some(0), Some(2)));
    assert_eq!(saves(3, true), (vec![true, false, false], Some(0), Some(2)));
    assert_eq!(saves(0, true), (vec![false, false, false], None, Some(0)));
}
