//! A failure or a power cut at every single operation on the disk: what was promised is there after the next boot.

use crate::support::store::{content, entry, facts, folder, life, settings};
use jiff::Timestamp;
use standfast::store::faults::{Fault, FaultyDisk};
use standfast::store::{self, Changes, Settings};
use std::io::ErrorKind;
use std::sync::Arc;

/// How many of the life's moments were acknowledged, how many were tried, and with which operation the last save began.
#[derive(Default)]
struct Lived {
    acknowledged: usize,
    tried: usize,
    last_save: u64,
}

/// Lives on a disk that fails, going on after errors as the agent does.
fn live(disk: &FaultyDisk, settings: &Settings) -> Lived {
    let mut lived = Lived::default();
    let opened = store::open_on(Arc::new(disk.clone()), settings, Timestamp::UNIX_EPOCH);
    let Ok(mut store) = opened else { return lived };
    for (number, moment) in (1..).zip(life()) {
        lived.tried = number;
        if store.save(&mut moment.facts.clone(), &moment.changes).is_ok() {
            lived.acknowledged = number;
        }
    }
    // The world goes on: what failed before is made up for by a later save.
    lived.last_save = disk.operations();
    if store.save(&mut life().pop().unwrap().facts, &Changes::default()).is_ok() {
        lived.acknowledged = lived.tried;
    }
    lived
}

/// Boots on a good disk and checks that nothing acknowledged is lost and all is of one moment. Answers whether the inventory is known.
fn check_boot(settings: &Settings, lived: &Lived, story: &str) -> bool {
    let loaded = store::open(settings, Timestamp::UNIX_EPOCH)
        .and_then(|mut store| store.load())
        .unwrap_or_else(|error| panic!("{story}: {error}"));
    let found = content(&loaded.facts);
    let moments = life();
    let index = moments.iter().position(|moment| moment.facts == found);
    assert!(index.is_some() || found == standfast::model::Facts::default(), "{story}: facts of no moment");
    let at = index.map_or(0, |index| index + 1);
    assert!(at >= lived.acknowledged, "{story}: {} saves were acknowledged, found {at}", lived.acknowledged);
    assert!(at <= lived.tried, "{story}");
    let expected = at.checked_sub(1).map(|index| moments[index].inventory.clone()).unwrap_or_default();
    let known = loaded.inventory.is_some();
    assert_eq!(loaded.inventory.unwrap_or_else(|| expected.clone()), expected, "{story}");
    known
}

/// Runs a life for each operation of it, with a fault there.
fn at_every_operation(fault: Fault, check: impl Fn(&Settings, &Lived, u64, &str)) {
    let mut at = 0;
    loop {
        let folder = folder();
        let settings = settings(folder.path());
        let disk = FaultyDisk::with(at, fault);
        let lived = live(&disk, &settings);
        let story = format!("{fault:?} at operation {at}");
        check(&settings, &lived, at, &story);
        if disk.operations() <= at {
            assert!(
                at > 30,
                "the whole life took only {at} operations: they no longer pass through the disk"
            );
            return assert_eq!(lived.acknowledged, life().len());
        }
        at += 1;
    }
}

#[test]
fn a_power_cut_at_every_operation() {
    for fault in [Fault::Cut, Fault::Torn, Fault::Lost] {
        at_every_operation(fault, |settings, lived, _, story| {
            check_boot(settings, lived, story);
        });
    }
}

#[test]
fn a_power_cut_at_every_operation_and_the_cache_gone_with_it() {
    for fault in [Fault::Cut, Fault::Torn, Fault::Lost] {
        at_every_operation(fault, |settings, lived, _, story| {
            drop(std::fs::remove_dir_all(settings.directory.join("state")));
            // Before the first acknowledged save a site is new, and a new site's inventory is known.
            let known = check_boot(settings, lived, story);
            assert!(!known || lived.acknowledged == 0, "{story}: an inventory out of nowhere");
        });
    }
}

#[test]
fn one_failure_at_every_operation_loses_nothing_at_all() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        at_every_operation(Fault::Once(kind), |settings, lived, at, story| {
            let known = check_boot(settings, lived, story);
            assert!(
                known || lived.tried == 0 || at >= lived.last_save,
                "{story}: the cache was not brought up to date again"
            );
        });
    }
}

#[test]
fn a_disk_that_fills_up_or_turns_read_only_keeps_what_it_has() {
    for kind in [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem] {
        at_every_operation(Fault::From(kind), |settings, lived, _, story| {
            check_boot(settings, lived, story);
            let aside = std::fs::read_dir(&settings.directory).is_ok_and(|entries| {
                entries.flatten().any(|e| e.file_name().to_string_lossy().contains("damaged"))
            });
            assert!(!aside, "{story}: a cache was set aside");
        });
    }
}

#[test]
fn a_second_power_cut_while_booting_after_the_first() {
    let folder = folder();
    let settings = settings(folder.path());
    let lived = live(&FaultyDisk::default(), &settings);
    for at in 0.. {
        let disk = FaultyDisk::with(at, Fault::Lost);
        drop(store::open_on(Arc::new(disk.clone()), &settings, Timestamp::UNIX_EPOCH));
        let whole = disk.operations() <= at;
        // Two openings that end in the middle may cost the cache, never the facts.
        check_boot(&settings, &lived, &format!("second cut at {at}"));
        if whole {
            break;
        }
    }
}

#[test]
fn power_cuts_after_a_finished_boot_do_not_count_against_the_cache() {
    let folder = folder();
    let settings = settings(folder.path());
    let lived = live(&FaultyDisk::default(), &settings);
    for _ in 0..4 {
        let disk = FaultyDisk::default();
        let mut store = store::open_on(Arc::new(disk.clone()), &settings, Timestamp::UNIX_EPOCH).unwrap();
        disk.add(disk.operations(), Fault::Lost);
        assert!(store.save(&mut life()[2].facts.clone(), &Changes::default()).is_err());
    }
    assert!(check_boot(&settings, &lived, "after four cuts"), "the cache was given up");
}

#[test]
fn a_cache_that_took_a_failed_save_and_missed_the_next_is_stale() {
    let folder = folder();
    let settings = settings(folder.path());
    let disk = FaultyDisk::default();
    let mut store = store::open_on(Arc::new(disk.clone()), &settings, Timestamp::UNIX_EPOCH).unwrap();
    let mut facts = facts(1);
    let save = |name: &str| Changes { put: vec![entry(name, false)], ..Changes::default() };
    // Two operations of a save are the cache's, then come the facts'.
    disk.add(disk.operations() + 2, Fault::Once(ErrorKind::StorageFull));
    assert!(store.save(&mut facts, &save("a")).is_err());
    disk.add(disk.operations(), Fault::Once(ErrorKind::StorageFull));
    assert_eq!(store.save(&mut facts, &save("b")).unwrap().len(), 1);
    drop(store);
    let inventory = store::open(&settings, Timestamp::UNIX_EPOCH).unwrap().load().unwrap().inventory;
    assert_eq!(inventory, None, "it lacks what the second save put in");
}

#[test]
fn a_site_boots_and_reads_its_last_good_on_a_full_or_read_only_disk() {
    for kind in [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem] {
        let folder = folder();
        let settings = settings(folder.path());
        live(&FaultyDisk::default(), &settings);
        let disk = FaultyDisk::with(0, Fault::From(kind));
        let mut store = store::open_on(Arc::new(disk), &settings, Timestamp::UNIX_EPOCH).unwrap();
        let loaded = store.load().unwrap();
        let last = life().pop().unwrap();
        assert_eq!(content(&loaded.facts), last.facts);
        assert_eq!(loaded.inventory, None);
        assert!(loaded.notes.iter().any(|note| note.contains("going on without it")), "{:?}", loaded.notes);
        let error = store.save(&mut last.facts.clone(), &last.changes).unwrap_err();
        assert!(error.to_string().contains("could not write the facts to"), "{error}");
    }
}
