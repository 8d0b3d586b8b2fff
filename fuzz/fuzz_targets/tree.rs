//! Any bytes as a tree object: it is read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::source::probe;

fuzz_target!(|bytes: &[u8]| {
    probe::tree(bytes);
});
