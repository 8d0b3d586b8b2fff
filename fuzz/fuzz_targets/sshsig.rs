//! One key and one payload have one good armor: the one that the key's owner made.
#![no_main]

use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use standfast::model::Hash;
use standfast::trust::fake::raw;
use standfast::trust::{Commit, Keyring, SignedPayload, Ssh, Verifier, allowed_line, sign};
use std::path::Path;
use std::sync::LazyLock;

const UNSIGNED: &[u8] = b"tree 0101010101010101010101010101010101010101\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n";

static KNOWN: LazyLock<(Ssh, SignedPayload)> = LazyLock::new(|| {
    let key = SigningKey::from_bytes(&[1; 32]);
    let line = allowed_line("alice", &key.verifying_key());
    let keyring = Keyring::parse(line.as_bytes(), Path::new("allowed_signers"))
        .expect("because one line allows one key");
    let commit = raw(&Hash::Sha1([0; 20]), sign(UNSIGNED, &key));
    let honest = Commit::read(&commit).expect("because it is well-formed").signed;
    let verifier = Ssh::new(keyring);
    assert!(verifier.verify(&honest, Timestamp::UNIX_EPOCH).is_good());
    (verifier, honest)
});

fuzz_target!(|armor: &[u8]| {
    let (verifier, honest) = &*KNOWN;
    let offered = SignedPayload { signature: Some(armor.to_vec()), ..honest.clone() };
    let is_good = verifier.verify(&offered, Timestamp::UNIX_EPOCH).is_good();
    assert!(!is_good || offered == *honest);
});
