//! No bytes open but those that were encrypted, and reading any others ends in an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast_age::{Key, decrypt, encrypt};
use std::sync::LazyLock;

static KEY: LazyLock<Key> = LazyLock::new(|| {
    let text = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
    let key = Key::parse(text).expect("because it is a key");
    let file = encrypt(b"x", &[key.recipient()]).expect("because there are random numbers");
    assert!(decrypt(&file, std::slice::from_ref(&key)).is_ok());
    key
});

fuzz_target!(|bytes: &[u8]| {
    let file = [b"age-encryption.org/v1\n", bytes].concat();
    assert!(decrypt(&file, std::slice::from_ref(&KEY)).is_err());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Key::parse(text);
    }
});
