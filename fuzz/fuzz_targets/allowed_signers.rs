//! Any file is read or refused, and a reason fits on a screen.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use standfast::trust::allowed_signers::parse;

fuzz_target!(|bytes: &[u8]| match parse(bytes) {
    Ok(signers) => {
        for signer in signers {
            assert!(!signer.name.0.chars().any(|c| c.is_control() && c != '\t'));
            let _ = signer.permits("git", Timestamp::UNIX_EPOCH);
        }
    }
    Err(faults) => assert!(faults.to_string().len() < 16 << 10),
});
