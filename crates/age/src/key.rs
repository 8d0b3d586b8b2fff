//! Keys that open files.

use crate::recipient::{self, Recipient};
use crate::stanza::Stanza;
use crate::{Error, FileKey, KeyError, bech32};
use curve25519_dalek::MontgomeryPoint;
use std::fmt;
use zeroize::Zeroizing;

/// A secret key.
#[derive(Clone)]
pub struct Key {
    secret: Zeroizing<[u8; 32]>,
    recipient: Recipient,
}

/// How a key of age's own begins, up to the separator.
const PREFIX: &str = "AGE-SECRET-KEY-";

impl Key {
    /// The one key in the file that `age-keygen` makes: comments and empty lines beside it are passed over.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let line = lines.next().filter(|line| line.starts_with(PREFIX)).ok_or(KeyError::None)?;
        if lines.next().is_some() {
            return Err(KeyError::Several);
        }
        let bytes = bech32::decode(line, PREFIX).ok_or(KeyError::Mistyped)?;
        let mut secret = Zeroizing::new([0; 32]);
        if bytes.len() != secret.len() {
            return Err(KeyError::Mistyped);
        }
        secret.copy_from_slice(&bytes);
        let recipient = Recipient::x25519(MontgomeryPoint::mul_base_clamped(*secret).to_bytes());
        Ok(Self { secret, recipient })
    }

    /// The key that belongs to an ed25519 SSH key: its X25519 secret and its public key.
    pub fn ssh_ed25519(agreement_secret: Zeroizing<[u8; 32]>, public_key: [u8; 32]) -> Option<Self> {
        let recipient = Recipient::ssh_ed25519(public_key)?;
        let is_pair = MontgomeryPoint::mul_base_clamped(*agreement_secret).to_bytes() == recipient.point();
        is_pair.then_some(Self { secret: agreement_secret, recipient })
    }

    /// Whom to encrypt for so that this key can read it.
    pub fn recipient(&self) -> Recipient {
        self.recipient.clone()
    }

    /// The file's key, if one of the stanzas is for this key.
    pub(crate) fn unwrap(&self, stanzas: &[Stanza<'_>]) -> Result<Option<FileKey>, Error> {
        for stanza in stanzas {
            if let Some(wrapped) = recipient::read(stanza)?
                && let Some(key) = self.recipient.unwrap(&self.secret, &wrapped)?
            {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for Key {
    /// Only whose it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.recipient)
    }
}
