//! One SSH signature as OpenSSH's PROTOCOL.sshsig defines it, read strictly and checked against bytes.

use crate::model::Verification;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::Digest as _;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, Fingerprint, HashAlg, LineEnding, SshSig};

/// A signature by an ed25519 key, in the one form that `ssh-keygen -Y sign` writes.
#[derive(Debug, Clone)]
pub(super) struct SshSignature {
    pub(super) key: [u8; 32],
    pub(super) namespace: String,
    hash: HashAlg,
    signature: Signature,
}

/// Most bytes of an armored signature; an ed25519 one has 300, RSA with 16,384 bits has 6,000.
const MAX_ARMOR: usize = 16 << 10;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const ED25519: &str = "ssh-ed25519";

impl SshSignature {
    /// Reads an armor. What is not a well-formed SSH signature by an ed25519 key is answered as the verification it amounts to.
    ///
    /// Only the exact armor of OpenSSH is taken. The armor is part of the commit's bytes and so of its id, but no signature covers
    /// it: if two armors of one signature were accepted, a mirror could make a twin of a commit and strand the sites that took it.
    pub(super) fn read(armor: &[u8]) -> Result<Self, Verification> {
        if armor.len() > MAX_ARMOR {
            return malformed(format!("it has {} bytes, more than {MAX_ARMOR}", armor.len()));
        }
        let Ok(text) = std::str::from_utf8(armor) else { return malformed("it is not text") };
        if let Some(kind) = foreign_kind(text) {
            return Err(Verification::Unsupported(kind));
        }
        let signature = match SshSig::from_pem(text) {
            Ok(signature) => signature,
            Err(error) => return malformed(error.to_string()),
        };
        let (KeyData::Ed25519(key), Algorithm::Ed25519) = (signature.public_key(), signature.algorithm())
        else {
            return malformed("its key and its signature are of different kinds");
        };
        if signature.version() != SshSig::VERSION || !signature.reserved().is_empty() {
            return malformed("it uses a version or a field that PROTOCOL.sshsig does not define");
        }
        if signature.to_pem(LineEnding::LF).ok().as_deref() != Some(text) {
            return malformed(
                "its armor is not exactly what ssh-keygen writes: sign the commit again with git and ssh-keygen",
            );
        }
        let Ok(bytes) = Signature::from_slice(signature.signature_bytes()) else {
            return malformed("it does not have 64 bytes");
        };
        Ok(Self {
            key: key.0,
            namespace: signature.namespace().to_owned(),
            hash: signature.hash_alg(),
            signature: bytes,
        })
    }

    /// Whether this signature was made over exactly these bytes, in its own namespace. Signatures that fit several keys or
    /// messages (small-order points, a scalar out of range) never do.
    pub(super) fn fits(&self, payload: &[u8]) -> bool {
        let Some(message) = signed_data(&self.namespace, self.hash, payload) else { return false };
        VerifyingKey::from_bytes(&self.key)
            .is_ok_and(|key| key.verify_strict(&message, &self.signature).is_ok())
    }

    /// The key's fingerprint as OpenSSH prints it.
    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.key)
    }
}

/// `SHA256:…` of an ed25519 key, as `ssh-keygen -l` prints it.
pub(super) fn fingerprint(key: &[u8; 32]) -> String {
    let key = KeyData::Ed25519(ssh_key::public::Ed25519PublicKey(*key));
    Fingerprint::new(HashAlg::Sha256, &key).to_string()
}

/// The blob that is really signed: magic, namespace, an empty reserved field, the hash's name and the payload's hash.
pub(super) fn signed_data(namespace: &str, hash: HashAlg, payload: &[u8]) -> Option<Vec<u8>> {
    let digest = match hash {
        HashAlg::Sha256 => sha2::Sha256::digest(payload).to_vec(),
        HashAlg::Sha512 => sha2::Sha512::digest(payload).to_vec(),
        _ => return None,
    };
    let mut blob = b"SSHSIG".to_vec();
    for part in [namespace.as_bytes(), b"", hash.as_str().as_bytes(), &digest] {
        blob.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
        blob.extend_from_slice(part);
    }
    Some(blob)
}

/// Names a signature of a kind that is not accepted here; `None` for ed25519 and for what cannot be named.
fn foreign_kind(text: &str) -> Option<String> {
    if text.starts_with("-----BEGIN PGP ") {
        return Some("an OpenPGP signature".to_owned());
    }
    if text.starts_with("-----BEGIN SIGNED MESSAGE") {
        return Some("an X.509 signature".to_owned());
    }
    let blob = first_bytes(text.strip_prefix(BEGIN)?);
    // Magic, version and the length of the key come before the key's own first field, its type.
    let rest = blob.strip_prefix(b"SSHSIG")?.get(8..)?;
    let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
    let kind = std::str::from_utf8(rest.get(4..)?.get(..length)?).ok()?;
    let is_name = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_graphic());
    (is_name && kind != ED25519).then(|| format!("an SSH signature by a key of type {kind}"))
}

/// The first bytes of base64 text, up to what is not base64. For naming what is refused, never for judging.
fn first_bytes(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for byte in text.bytes().take(140).filter(|byte| *byte != b'\n') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    bytes
}

fn malformed<T>(why: impl Into<String>) -> Result<T, Verification> {
    Err(Verification::Malformed(why.into()))
}
