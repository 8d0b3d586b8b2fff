//! Signatures by SSH keys, judged by the keyring.

use super::Verifier;
use super::commit::SignedPayload;
use super::keyring::Keyring;
use super::sshsig::SshSignature;
use crate::model::Verification;
use jiff::Timestamp;

/// The real adapter of port [`Verifier`]: `gpg.format=ssh` signatures by ed25519 keys of the keyring.
#[derive(Debug, Clone)]
pub struct Ssh {
    keyring: Keyring,
}

/// The namespace in which git has commits signed.
pub const NAMESPACE: &str = "git";
/// Most characters of a foreign namespace that a message shows.
const SHOWN: usize = 40;

impl Ssh {
    /// A verifier that accepts the keys of this keyring.
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring }
    }
}

impl Verifier for Ssh {
    fn verify(&self, signed: &SignedPayload, at: Timestamp) -> Verification {
        let Some(armor) = &signed.signature else { return Verification::Unsigned };
        let signature = match SshSignature::read(armor) {
            Ok(signature) => signature,
            Err(verification) => return verification,
        };
        let fingerprint = signature.fingerprint();
        let lines = self.keyring.lines_of(&signature.key);
        let Some(first) = lines.first() else { return Verification::UnknownKey { fingerprint } };
        if !signature.fits(&signed.payload) {
            return Verification::Bad { fingerprint };
        }
        let not_allowed =
            |signer, why| Verification::NotAllowed { signer, fingerprint: fingerprint.clone(), why };
        if signature.namespace != NAMESPACE {
            let shown: String = signature.namespace.chars().take(SHOWN).collect();
            return not_allowed(
                first.name.clone(),
                format!("the signature is made for namespace {shown:?}, not for git"),
            );
        }
        // A key may have several lines, one for each span of time: any that permits is enough; else the last one says why not.
        let mut refused = None;
        for line in lines {
            match line.permits(NAMESPACE, at) {
                Ok(()) => return Verification::Good { signer: line.name.clone(), fingerprint },
                Err(why) => refused = Some(not_allowed(line.name.clone(), why.to_string())),
            }
        }
        refused.unwrap_or(Verification::UnknownKey { fingerprint })
    }
}
