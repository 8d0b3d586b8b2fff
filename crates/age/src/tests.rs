//! Laws, and what damage does.

use super::*;
use proptest::prelude::*;

/// A key of age's own with this secret, by way of the text that `age-keygen` would print.
const KEY: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

fn key() -> Key {
    Key::parse(KEY).unwrap()
}

#[test]
fn what_a_key_file_may_hold() {
    let check = |text: &str, expect: Result<(), KeyError>| {
        assert_eq!(Key::parse(text).map(drop), expect, "{text}");
    };
    check(KEY, Ok(()));
    check(&format!("# created: 2026\n# public key: age1…\n{KEY}\n\n"), Ok(()));
    check(&format!("  {KEY}\r\n"), Ok(()));
    check("", Err(KeyError::None));
    check("# nothing\n", Err(KeyError::None));
    check("a passphrase", Err(KeyError::None));
    check(&KEY.to_lowercase(), Err(KeyError::None));
    check(&format!("{KEY}\n{KEY}"), Err(KeyError::Several));
    check(&KEY[..KEY.len() - 1], Err(KeyError::Mistyped));
    check(&KEY.replace('X', "V"), Err(KeyError::Mistyped));
    check(&KEY.replace('X', "x"), Err(KeyError::Mistyped));
    check(&KEY.replace('X', "B"), Err(KeyError::Mistyped));
    check("AGE-SECRET-KEY-1", Err(KeyError::Mistyped));
    check("AGE-SECRET-KEY-PQ-1QQQ", Err(KeyError::Mistyped));
    let shown = format!("{:?}", key());
    assert!(shown.starts_with("Key(Recipient(X25519(") && !shown.contains("EGTZ"), "{shown}");
}

#[test]
fn every_changed_byte_and_every_cut_is_noticed() {
    let file = encrypt(b"what is kept", &[key().recipient()]).unwrap();
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(decrypt(&changed, &[key()]).is_err(), "byte {at}");
        assert!(decrypt(&file[..at], &[key()]).is_err(), "cut at {at}");
    }
    let longer = [file.as_slice(), b"x"].concat();
    assert_eq!(decrypt(&longer, &[key()]).unwrap_err(), Error::Damaged);
}

#[test]
fn nobody_and_somebody_else() {
    assert_eq!(encrypt(b"x", &[]).unwrap_err(), Error::NoRecipient);
    let file = encrypt(b"x", &[Recipient::x25519([9; 32])]).unwrap();
    assert_eq!(decrypt(&file, &[key()]).unwrap_err(), Error::NoKey);
    assert_eq!(decrypt(&file, &[]).unwrap_err(), Error::NoKey);
    assert_eq!(encrypt(b"x", &[Recipient::x25519([0; 32])]).unwrap_err(), Error::WeakRecipient);
    let both = encrypt(b"x", &[Recipient::x25519([9; 32]), key().recipient()]).unwrap();
    assert_eq!(decrypt(&both, &[key()]).unwrap().as_slice(), b"x");
}

#[test]
fn headers_that_ask_for_too_much() {
    let header = |stanzas: &str| format!("age-encryption.org/v1\n{stanzas}--- {}\n", "A".repeat(43));
    let check = |stanzas: &str, expect: Error| {
        assert_eq!(decrypt(header(stanzas).as_bytes(), &[key()]).unwrap_err(), expect);
    };
    check("", Error::Header("it is for nobody"));
    check("-> other\n\n", Error::NoKey);
    check(&"-> other\n\n".repeat(65), Error::Header("it has too many recipients"));
    let long = format!("-> other {}\n\n", "x".repeat(5000));
    check(&long, Error::Header("a line has no end"));
    let many = format!("-> {}\n\n", ["x"; 17].join(" "));
    check(&many, Error::Header("the arguments of a recipient are not words"));
    let body = format!("-> other\n{}\n", format!("{}\n", "A".repeat(64)).repeat(300));
    check(&body, Error::Header("a recipient's wrapped key is too long"));
    assert_eq!(decrypt(b"", &[key()]).unwrap_err(), Error::NotAge);
    assert_eq!(decrypt(b"age-encryption.org/v2\n", &[key()]).unwrap_err(), Error::NotAge);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_encrypted_is_read_again(contents in prop::collection::vec(any::<u8>(), 0..300), more in 0..3usize) {
        let contents = contents.repeat(more * 400 + 1);
        let file = encrypt(&contents, &[key().recipient()]).unwrap();
        let again = decrypt(&file, &[key()]).unwrap();
        prop_assert_eq!(&*again, &contents);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(-> ?[a-zA-Z0-9 /+]{0,70}\n|[A-Za-z0-9+/]{0,66}\n|--- ?[A-Za-z]{43}\n){0,6}") {
        let _ = decrypt(&bytes, &[key()]);
        let file = [b"age-encryption.org/v1\n", text.as_bytes(), &bytes].concat();
        let _ = decrypt(&file, &[key()]);
    }
}

#[test]
fn the_last_chunk_may_be_full() {
    for length in [(64 << 10) - 1, 64 << 10, (64 << 10) + 1, 128 << 10] {
        let contents = vec![7; length];
        let file = encrypt(&contents, &[key().recipient()]).unwrap();
        assert_eq!(decrypt(&file, &[key()]).unwrap().as_slice(), contents, "{length}");
        assert_eq!(decrypt(&file[..file.len() - 1], &[key()]).unwrap_err(), Error::Damaged);
    }
}
