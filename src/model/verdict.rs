//! What became of one signature.

use std::fmt;

/// A principal of the allowed signers file, as written there: `alice@example.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignerName(pub String);

/// The result of checking one commit's signature. A bad signature is a value, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// A key that may sign made this signature over exactly these bytes.
    Good {
        /// Who that key belongs to.
        signer: SignerName,
        /// The key's fingerprint, `SHA256:…` as OpenSSH prints it.
        fingerprint: String,
    },
    /// There is no signature.
    Unsigned,
    /// The signature is of a kind that is not accepted here (named).
    Unsupported(String),
    /// No signer has this key.
    UnknownKey {
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The key may not sign commits at this time, or not in this namespace.
    NotAllowed {
        /// Who the key belongs to.
        signer: SignerName,
        /// The key's fingerprint.
        fingerprint: String,
        /// What is wrong, for people: "valid until 2026-01-01T00:00:00Z".
        why: String,
    },
    /// The signature does not fit the bytes: one of them was changed.
    Bad {
        /// The fingerprint of the key that the signature names.
        fingerprint: String,
    },
    /// The signature cannot be read.
    Malformed(String),
}

impl Verification {
    /// Whether the commit may count as signed.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }
}

impl fmt::Display for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good { signer, fingerprint } => write!(f, "signed by {signer} ({fingerprint})"),
            Self::Unsigned => f.write_str("it is not signed"),
            Self::Unsupported(kind) => write!(f, "its signature is {kind}, which is not accepted here"),
            Self::UnknownKey { fingerprint } => write!(f, "no allowed signer has its key {fingerprint}"),
            Self::NotAllowed { signer, fingerprint, why } => {
                write!(f, "the key {fingerprint} of {signer} may not sign it: {why}")
            }
            Self::Bad { fingerprint } => {
                write!(f, "its signature by key {fingerprint} does not fit its content: it was tampered with")
            }
            Self::Malformed(why) => write!(f, "its signature cannot be read: {why}"),
        }
    }
}
