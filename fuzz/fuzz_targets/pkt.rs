//! Any bytes as what a git server says: it is understood or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::source::probe;

fuzz_target!(|answers: &[u8]| {
    probe::talk(answers);
});
