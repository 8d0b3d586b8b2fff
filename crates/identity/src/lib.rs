//! Who a machine is: one ed25519 key in an OpenSSH file, as `ssh-keygen` makes it.
//!
//! # What
//! [`Identity::load`] reads the key. It signs as `ssh-keygen -Y sign` does ([`Identity::sign_sshsig`]), and has an X25519 half that
//! others encrypt to ([`Identity::agreement_secret`]), as age's `ssh-ed25519` recipients use it.
//!
//! # Invariants
//! - The key is in memory as long as its [`Identity`], and is overwritten when that is dropped; so are the copies made on the way.
//!   Neither an error nor `Debug` output holds any of it.
//! - A file that others may read, an encrypted one and one of another kind of key are refused, each with the way out.
//!
//! # Not here
//! Making keys, checking signatures, and ssh itself, which reads the file on its own.
//!
//! # Dependencies
//! `ssh-key` knows OpenSSH's file and signature formats, `ed25519-dalek` the curve, `zeroize` overwrites.
//!
//! # Tests
//! `tests/ssh_keygen.rs`, with keys and checks by the real `ssh-keygen`.

mod error;
mod file;

use ed25519_dalek::SigningKey;
use ssh_key::private::KeypairData;
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

pub use error::{Error, Fault};

/// A machine's own key.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
}

impl Identity {
    /// Reads the key in a file that is for its owner alone.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let refused = |fault| Error { path: path.to_owned(), fault };
        let text = file::read(path).map_err(refused)?;
        Self::parse(&text).map_err(refused)
    }

    /// Reads the text of such a file.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        let key = match PrivateKey::from_openssh(text) {
            Ok(key) => key,
            Err(ssh_key::Error::AlgorithmUnknown | ssh_key::Error::AlgorithmUnsupported { .. }) => {
                return Err(Fault::Kind);
            }
            Err(error) => return Err(Fault::Format(error)),
        };
        if key.is_encrypted() {
            return Err(Fault::Encrypted);
        }
        match key.key_data() {
            KeypairData::Ed25519(pair) => Ok(Self { key: SigningKey::from(&pair.private) }),
            _ => Err(Fault::Kind),
        }
    }

    /// The public key as a line of an `authorized_keys` file, without a comment.
    pub fn public_line(&self) -> String {
        self.public().to_openssh().expect("because an ed25519 key always has an OpenSSH form")
    }

    /// The public key's bytes.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.public().fingerprint(HashAlg::Sha256).to_string()
    }

    /// The X25519 secret that belongs to the key.
    pub fn agreement_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_scalar_bytes())
    }

    /// An armored signature over a message, as `ssh-keygen -Y sign -n NAMESPACE` makes it. `None` without a namespace, for then it
    /// could be passed off as one made for something else.
    pub fn sign_sshsig(&self, namespace: &str, message: &[u8]) -> Option<String> {
        let key = PrivateKey::from(ssh_key::private::Ed25519Keypair::from(&self.key));
        let signature = key.sign(namespace, HashAlg::Sha512, message).ok()?;
        signature.to_pem(LineEnding::LF).ok()
    }

    fn public(&self) -> PublicKey {
        PublicKey::from(ssh_key::public::Ed25519PublicKey(self.public_key()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint())
    }
}
