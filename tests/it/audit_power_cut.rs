//! The audit log and the disk below it: a power cut, a failure and a torn write at every operation, and a disk that stays full.

use crate::support::audited::{Told, clock, copy, faults, files, kinds, live, open, records, told};
use crate::support::store::folder;
use standfast::model::Moment;
use standfast::report::Sink;
use standfast::report::audit::{self, Audit, Limits, Link};
use standfast::store::durable::RealDisk;
use standfast::store::faults::{Fault, FaultyDisk};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// Small enough that a life begins several files and lets some go.
const LIMITS: Limits = Limits { segment: 1500, total: 5000 };
const PASSES: u8 = 3;

/// A life on a disk with a fault; the end of the log as the agent last knew it to be durable.
fn live_on(disk: &FaultyDisk, directory: &Path) -> Option<Link> {
    let audit = open(disk.clone(), directory, LIMITS);
    let newest = audit.newest();
    for one in (1..=PASSES).flat_map(told) {
        one.tell(&audit);
        let is_urgent = matches!(&one, Told::Moment(Moment::Intending(_) | Moment::Accepted { .. }));
        let known = newest.get();
        assert!(
            !is_urgent || known.end.is_some() || known.lost > 0,
            "an intent that is neither written nor lost"
        );
    }
    drop(audit);
    newest.get().end
}

fn at_every_operation(fault: Fault, check: impl Fn(&Path, Option<Link>, &str)) {
    let mut at = 0;
    loop {
        let folder = folder();
        let directory = folder.path().join("audit");
        let disk = FaultyDisk::with(at, fault);
        let end = live_on(&disk, &directory);
        check(&directory, end, &format!("{fault:?} at operation {at}"));
        if disk.operations() <= at {
            assert!(
                at > 100,
                "the whole life took only {at} operations: they no longer pass through the disk"
            );
            return;
        }
        at += 1;
    }
}

/// The log reads, has all that was acknowledged, and the next start goes on with it.
fn check_boot(directory: &Path, end: Option<Link>, story: &str) {
    let all = |story: &str| {
        let report = audit::verify(directory).unwrap_or_else(|error| panic!("{story}: {error}"));
        assert_eq!(report.faults, [], "{story}");
        report
    };
    if let Some(end) = end {
        all(story);
        let kept = records(directory).into_iter().find(|record| record.number == end.number);
        assert_eq!(kept.map(|record| record.hash), Some(end.hash.to_string()), "{story}: {end:?}");
    }
    live(directory, LIMITS, 1);
    let report = all(&format!("{story}, after another start"));
    assert_eq!(report.torn, 0, "{story}");
    assert!(report.newest > end.map(|end| end.number), "{story}");
    let oldest_file = fs::metadata(&files(directory)[0]).unwrap().len();
    let total: u64 = files(directory).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(total <= LIMITS.total + oldest_file, "{story}: {total} bytes");
}

#[test]
fn a_power_cut_at_every_operation() {
    for fault in [Fault::Cut, Fault::Torn, Fault::Lost] {
        at_every_operation(fault, check_boot);
    }
}

#[test]
fn one_failure_at_every_operation_is_a_gap_at_most() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        at_every_operation(Fault::Once(kind), |directory, end, story| {
            let report = audit::verify(directory).unwrap();
            assert_eq!(report.faults, [], "{story}");
            assert!(end.is_some(), "{story}");
            let gaps = records(directory).iter().filter(|record| record.kind == "gap").count();
            assert_eq!(report.lost > 0, gaps > 0, "{story}");
            assert!(gaps <= 1, "{story}");
            check_boot(directory, end, story);
        });
    }
}

#[test]
fn a_disk_that_is_full_for_a_while_costs_what_happened_meanwhile_and_says_so() {
    for kind in [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem] {
        at_every_operation(Fault::From(kind), check_boot);
    }
    // Full from the first intent until the first pass is over, then there is room again.
    let folder = folder();
    let directory = folder.path().join("audit");
    let full = FaultyDisk::default();
    let audit = open(full.clone(), &directory, Limits::default());
    let all = told(1);
    all[..2].iter().for_each(|one| one.tell(&audit));
    let before = audit.newest().get().end.unwrap().number;
    let operations = full.operations();
    (operations..operations + 200).for_each(|at| full.add(at, Fault::Once(ErrorKind::StorageFull)));
    all[2..].iter().for_each(|one| one.tell(&audit));
    let lost = audit.newest().get().lost;
    assert!(lost > 3 && full.operations() < operations + 200, "{lost} lost");
    while full.operations() < operations + 200 {
        told(2)[2].tell(&audit);
    }
    told(3)[2].tell(&audit);
    let gap = records(&directory).into_iter().find(|record| record.number == before + 1).unwrap();
    assert_eq!(gap.kind, "gap");
    assert!(gap.what["lost"].as_u64().unwrap() > lost);
    assert_eq!(gap.what["why"], ErrorKind::StorageFull.to_string());
    drop(audit);
    assert_eq!(faults(&directory), Vec::<String>::new());
    assert_eq!(kinds(&directory)[usize::try_from(before).unwrap() + 1..], ["intend", "ended"]);
}

#[test]
fn a_log_that_ends_at_any_byte_is_read_up_to_there_and_mended() {
    let folder = folder();
    let directory = folder.path().join("audit");
    let audit = open(RealDisk, &directory, Limits::default());
    told(1).iter().for_each(|one| one.tell(&audit));
    let head = fs::read(directory.join("head")).unwrap();
    let file = files(&directory).pop().unwrap();
    let before = fs::read(&file).unwrap();
    let count = records(&directory).len();
    told(2).iter().take(3).for_each(|one| one.tell(&audit));
    let after = fs::read(&file).unwrap();
    drop(audit);
    for end in before.len()..after.len() {
        let cut = tempfile::tempdir_in(folder.path()).unwrap();
        copy(&directory, cut.path());
        fs::write(cut.path().join("head"), &head).unwrap();
        fs::write(cut.path().join(file.file_name().unwrap()), &after[..end]).unwrap();
        let whole = after[..end].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        let report = audit::verify(cut.path()).unwrap();
        assert_eq!((report.faults, report.torn), (vec![], (end - whole) as u64), "{end}");
        assert!(report.records >= count as u64);
        live(cut.path(), Limits::default(), 1);
        assert_eq!(faults(cut.path()), Vec::<String>::new(), "{end}");
        let torn: Vec<_> = records(cut.path()).into_iter().filter(|record| record.kind == "torn").collect();
        match end - whole {
            0 => assert_eq!(torn, []),
            bytes => assert_eq!(
                torn.iter().map(|torn| torn.what["bytes"].as_u64().unwrap()).collect::<Vec<_>>(),
                [bytes as u64]
            ),
        }
    }
}

#[test]
fn a_folder_that_is_removed_under_a_running_agent_is_made_anew_and_missed() {
    let folder = folder();
    let directory = folder.path().join("audit");
    let audit = open(RealDisk, &directory, Limits::default());
    told(1).iter().for_each(|one| one.tell(&audit));
    fs::remove_dir_all(&directory).unwrap();
    told(2).iter().for_each(|one| one.tell(&audit));
    drop(audit);
    let found = faults(&directory);
    assert!(found.iter().any(|fault| fault.contains("was removed while the agent wrote to it")), "{found:?}");
    assert!(kinds(&directory).contains(&"gap".to_owned()));
}

#[test]
fn a_place_that_cannot_be_written_stops_nobody() {
    let folder = folder();
    fs::write(folder.path().join("file"), "").unwrap();
    let audit = Audit::new(Arc::new(RealDisk), folder.path().join("file/audit"), Limits::default(), clock());
    told(1).iter().for_each(|one| one.tell(&audit));
    assert_eq!(audit.newest().get().end, None);
    assert!(audit.newest().get().lost > 5);
    audit.moment(&Moment::Fetching);
}
