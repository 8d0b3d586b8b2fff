//! Encrypts what holds Secrets before it is kept, to a key that this machine has and the disk alone does not.
//!
//! The key is read when it is needed and forgotten after, so a rotated one counts at once. What was encrypted to another key cannot be
//! read any more; that is no error, for last-good is rendered again from the objects.

use super::Encryption;
use standfast_age::{Key, decrypt, encrypt};
use standfast_identity::Identity;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How every encrypted file begins; what is kept as it is begins as JSON does.
const INTRO: &[u8] = b"age-encryption.org/";
/// Most bytes of a credential: a key with some comments has 200.
const MAX_CREDENTIAL: usize = 16 << 10;

/// Encrypts and decrypts.
#[derive(Debug, Clone)]
pub(super) struct Vault {
    encryption: Option<Encryption>,
}

/// Why something cannot be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub(super) enum VaultError {
    /// The site has no key.
    #[error(
        "the site has no key to encrypt to: give it an identity, or a systemd credential with a key of age's"
    )]
    NoKey,
    /// The identity cannot be used.
    #[error(transparent)]
    Identity(#[from] standfast_identity::Error),
    /// The credential cannot be read.
    #[error("reading the credential {}: {source}", path.display())]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The credential holds no key.
    #[error("the credential {}: {why}", path.display())]
    NotAKey {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The encryption itself.
    #[error(transparent)]
    Age(#[from] standfast_age::Error),
}

impl Vault {
    pub(super) fn new(encryption: Option<Encryption>) -> Self {
        Self { encryption }
    }

    /// Whether contents were encrypted.
    pub(super) fn is_locked(contents: &[u8]) -> bool {
        contents.starts_with(INTRO)
    }

    /// Encrypts contents to the site's key.
    pub(super) fn lock(&self, contents: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(encrypt(contents, &[self.key()?.recipient()])?)
    }

    /// Decrypts what was encrypted to the site's key.
    pub(super) fn unlock(&self, contents: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Ok(decrypt(contents, &[self.key()?])?)
    }

    fn key(&self) -> Result<Key, VaultError> {
        match &self.encryption {
            None => Err(VaultError::NoKey),
            Some(Encryption::Credential(path)) => credential(path),
            Some(Encryption::Identity(path)) => {
                let identity = Identity::load(path)?;
                Ok(Key::ssh_ed25519(identity.agreement_secret(), identity.public_key())
                    .expect("because both halves come from one key"))
            }
        }
    }
}

/// A key of age's own, in the file that `age-keygen` makes.
fn credential(path: &Path) -> Result<Key, VaultError> {
    let unreadable = |source| VaultError::Unreadable { path: path.to_owned(), source };
    let not_a_key = |why: String| VaultError::NotAKey { path: path.to_owned(), why };
    let mut bytes = Zeroizing::new(vec![0; MAX_CREDENTIAL + 1]);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut length = 0;
    loop {
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    if length > MAX_CREDENTIAL {
        return Err(not_a_key(format!("it is larger than {MAX_CREDENTIAL} bytes, and so not a key")));
    }
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| not_a_key("it is not text".to_owned()))?;
    Key::parse(text).map_err(|error| not_a_key(error.to_string()))
}
