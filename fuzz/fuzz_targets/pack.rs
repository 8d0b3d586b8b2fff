//! Any bytes as a pack, whole or cut short: it is indexed or refused, within the limits on memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::source::probe;

fuzz_target!(|bytes: &[u8]| {
    let folder = std::env::temp_dir().join(format!("standfast-fuzz-pack-{}", std::process::id()));
    for cut in [false, true] {
        probe::pack(&folder, bytes, cut);
    }
    let _ = std::fs::remove_dir_all(&folder);
});
