//! Signing, for the demo and for tests. A site never signs commits.

use super::NAMESPACE;
use super::sshsig::signed_data;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{Algorithm, HashAlg, LineEnding, Signature, SshSig};

/// The bytes of a commit with a signature by this key, as `git commit -S` with `gpg.format=ssh` makes them.
/// `unsigned` is a SHA-1 repository's commit without a signature.
pub fn sign(unsigned: &[u8], key: &SigningKey) -> Vec<u8> {
    let armor = armor(unsigned, key, NAMESPACE, HashAlg::Sha512);
    let headers = unsigned.windows(2).position(|pair| pair == b"\n\n").map_or(unsigned.len(), |end| end + 1);
    let header = format!("gpgsig {}\n", armor.trim_end().replace('\n', "\n "));
    [&unsigned[..headers], header.as_bytes(), &unsigned[headers..]].concat()
}

/// The line that allows this key in an allowed signers file.
pub fn allowed_line(name: &str, key: &VerifyingKey) -> String {
    let key = ssh_key::PublicKey::from(Ed25519PublicKey(key.to_bytes()));
    let key = key.to_openssh().expect("because an ed25519 key always has an OpenSSH form");
    format!("{name} namespaces=\"{NAMESPACE}\" {key}\n")
}

pub(super) fn armor(payload: &[u8], key: &SigningKey, namespace: &str, hash: HashAlg) -> String {
    let message = signed_data(namespace, hash, payload).expect("because both hash functions are known");
    let public = KeyData::Ed25519(Ed25519PublicKey(key.verifying_key().to_bytes()));
    Signature::new(Algorithm::Ed25519, key.sign(&message).to_bytes())
        .and_then(|signature| SshSig::new(public, namespace, hash, signature))
        .and_then(|signature| signature.to_pem(LineEnding::LF))
        .expect("because an ed25519 signature in a named namespace always has an armor")
}
