//! Files in the age format (`age-encryption.org/v1`), as the programs `age` and `rage` write and read them.
//!
//! # What
//! [`encrypt`] seals bytes for the holders of some keys, [`decrypt`] opens them with a [`Key`]: one of age's own
//! (`AGE-SECRET-KEY-1…`, as `age-keygen` prints it), or an ed25519 SSH key.
//!
//! # Invariants
//! - Nothing is handed out of a file that is not whole: every byte of it is covered by an authentication that was checked.
//! - The header is read as strictly as the format says, and within limits, before anything is computed from it.
//! - Keys and opened contents are overwritten when they are dropped; no error and no `Debug` output holds any of them. What `ring`
//!   keeps on the stack while it works is not overwritten.
//!
//! # Not here
//! Passphrases, plugins, the hybrid keys of newer versions (their recipients are passed over), armor, streams larger than memory.
//!
//! # Dependencies
//! `ring` for the cipher, the key derivation and random numbers, `curve25519-dalek` for X25519 with keys that are kept (ring's are for
//! one use), `base64`, `sha2` for the tags of SSH keys. The crate `age` itself is not used: it would bring 64 crates, among them RSA,
//! P-256, ML-KEM and a second SHA-2, and texts in several languages.
//!
//! # Tests
//! `tests/vectors.rs`, the format's own test vectors; `tests/programs.rs`, against the real `age`; laws and damage in `tests.rs`.

mod bech32;
mod derive;
mod error;
mod header;
mod key;
mod recipient;
mod stanza;
mod stream;
#[cfg(test)]
mod tests;

use header::Header;
use zeroize::Zeroizing;

pub use error::{Error, KeyError};
pub use key::Key;
pub use recipient::Recipient;

/// A key that is made for one file.
type FileKey = Zeroizing<[u8; 16]>;

/// Encrypts bytes for each of these recipients.
///
/// # Errors
/// [`Error::NoRandom`], and [`Error::NoRecipient`] where nobody could read it.
pub fn encrypt(contents: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Error> {
    if recipients.is_empty() {
        return Err(Error::NoRecipient);
    }
    let mut key: FileKey = Zeroizing::new([0; 16]);
    derive::random(&mut *key)?;
    let stanzas = recipients.iter().map(|recipient| recipient.wrap(&key)).collect::<Result<_, _>>()?;
    let mut file = Header::write(stanzas, &key);
    stream::seal(&mut file, contents, &key)?;
    Ok(file)
}

/// Decrypts a whole file with whichever of these keys fits.
///
/// # Errors
/// What is wrong with it, or that no key fits.
pub fn decrypt(file: &[u8], keys: &[Key]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (header, payload) = Header::read(file)?;
    for key in keys {
        if let Some(file_key) = key.unwrap(&header.stanzas)? {
            header.check(&file_key)?;
            return stream::open(payload, &file_key);
        }
    }
    Err(Error::NoKey)
}
