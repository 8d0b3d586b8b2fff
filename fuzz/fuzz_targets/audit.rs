//! Whatever stands in an export of an audit log: it is judged, in few words, and what is whole counts up by one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::report::audit::verify_export;
use std::path::Path;

fuzz_target!(|export: &[u8]| {
    let report = verify_export(export, Path::new("export")).expect("because memory can be read");
    assert!(report.faults.len() <= 20);
    if report.faults.is_empty()
        && let (Some(oldest), Some(newest)) = (report.oldest, report.newest)
    {
        assert_eq!(newest - oldest + 1, report.records);
    }
});
