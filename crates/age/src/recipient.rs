//! Whom a file is for: how its key is wrapped for them, and unwrapped by them.

use crate::stanza::{Owned, Stanza};
use crate::{Error, FileKey, derive};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use curve25519_dalek::MontgomeryPoint;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::Digest as _;
use zeroize::Zeroizing;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A key of age's own.
    X25519([u8; 32]),
    /// An SSH key: the point, and the key as SSH writes it.
    Ssh([u8; 32], Vec<u8>),
}

/// A wrapped file key that was read from a header.
#[derive(Debug)]
pub(crate) struct Wrapped {
    /// What tells which SSH key it is for; `None` for a key of age's own, which is tried.
    tag: Option<[u8; 4]>,
    share: [u8; 32],
    body: [u8; 32],
}

const X25519: &str = "X25519";
const X25519_INFO: &str = "age-encryption.org/v1/X25519";
const SSH: &str = "ssh-ed25519";
const SSH_INFO: &str = "age-encryption.org/v1/ssh-ed25519";

impl Recipient {
    pub(crate) fn x25519(point: [u8; 32]) -> Self {
        Self(Kind::X25519(point))
    }

    /// An ed25519 SSH key by its public bytes; `None` if they are not on the curve.
    pub fn ssh_ed25519(public_key: [u8; 32]) -> Option<Self> {
        let point = CompressedEdwardsY(public_key).decompress()?.to_montgomery().to_bytes();
        let mut wire = Vec::new();
        for part in [SSH.as_bytes(), &public_key] {
            wire.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            wire.extend_from_slice(part);
        }
        Some(Self(Kind::Ssh(point, wire)))
    }

    pub(crate) fn point(&self) -> [u8; 32] {
        match &self.0 {
            Kind::X25519(point) | Kind::Ssh(point, _) => *point,
        }
    }

    /// The stanza that gives this recipient the file's key.
    pub(crate) fn wrap(&self, file_key: &FileKey) -> Result<Owned, Error> {
        let mut ephemeral = Zeroizing::new([0; 32]);
        derive::random(&mut *ephemeral)?;
        let share = MontgomeryPoint::mul_base_clamped(*ephemeral).to_bytes();
        let key = self.shared(&ephemeral, self.point(), &share).ok_or(Error::WeakRecipient)?;
        let mut body = file_key.to_vec();
        cipher(&key)
            .seal_in_place_append_tag(nonce(), Aad::empty(), &mut body)
            .map_err(|_| Error::WeakRecipient)?;
        let arguments = match &self.0 {
            Kind::X25519(_) => vec![X25519.to_owned(), BASE64.encode(share)],
            Kind::Ssh(_, wire) => vec![SSH.to_owned(), BASE64.encode(tag(wire)), BASE64.encode(share)],
        };
        Ok(Owned { arguments, body })
    }

    /// The file's key, if the stanza is for the holder of this secret.
    pub(crate) fn unwrap(
        &self,
        secret: &Zeroizing<[u8; 32]>,
        wrapped: &Wrapped,
    ) -> Result<Option<FileKey>, Error> {
        let own = match &self.0 {
            Kind::X25519(_) => None,
            Kind::Ssh(_, wire) => Some(tag(wire)),
        };
        if own != wrapped.tag {
            return Ok(None);
        }
        let weak = Error::Header("a recipient's share gives no secret");
        let key = self.shared(secret, wrapped.share, &wrapped.share).ok_or(weak)?;
        let mut body = Zeroizing::new(wrapped.body);
        let opened = cipher(&key).open_in_place(nonce(), Aad::empty(), &mut *body);
        Ok(opened.ok().and_then(|bytes| <[u8; 16]>::try_from(&*bytes).ok()).map(Zeroizing::new))
    }

    /// The key that wraps the file's key: what this secret and that point have in common, bound to share and recipient. `None` if
    /// that is nothing, as for points that lead everybody to the same place.
    fn shared(
        &self,
        secret: &Zeroizing<[u8; 32]>,
        point: [u8; 32],
        share: &[u8; 32],
    ) -> Option<Zeroizing<[u8; 32]>> {
        let agreed = Zeroizing::new(MontgomeryPoint(point).mul_clamped(**secret).to_bytes());
        let salt = [*share, self.point()].concat();
        if *agreed == [0; 32] {
            return None;
        }
        Some(match &self.0 {
            Kind::X25519(_) => derive::hkdf(&*agreed, &salt, X25519_INFO),
            Kind::Ssh(_, wire) => {
                let tweak = derive::hkdf(b"", wire, SSH_INFO);
                let agreed = Zeroizing::new(MontgomeryPoint(*agreed).mul_clamped(*tweak).to_bytes());
                derive::hkdf(&*agreed, &salt, SSH_INFO)
            }
        })
    }
}

/// Reads a stanza of a kind that is known; `None` for any other, which is for somebody else.
pub(crate) fn read(stanza: &Stanza<'_>) -> Result<Option<Wrapped>, Error> {
    let wrong = |why| Err(Error::Header(why));
    let (tag, share) = match stanza.arguments.as_slice() {
        [X25519, share] => (None, share),
        [SSH, tag, share] => match bytes(tag) {
            Some(tag) => (Some(tag), share),
            None => return wrong("the tag of an SSH recipient is not one"),
        },
        [X25519 | SSH, ..] => return wrong("a recipient has too few or too many arguments"),
        _ => return Ok(None),
    };
    let Some(share) = bytes(share) else { return wrong("a recipient's share is not one") };
    let Ok(body) = <[u8; 32]>::try_from(stanza.body.as_slice()) else {
        return wrong("a recipient's wrapped key has another length");
    };
    Ok(Some(Wrapped { tag, share, body }))
}

/// So many bytes of base64.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// What tells an SSH key from others, without saying which it is.
fn tag(wire: &[u8]) -> [u8; 4] {
    let hash = sha2::Sha256::digest(wire);
    [hash[0], hash[1], hash[2], hash[3]]
}

pub(crate) fn cipher(key: &Zeroizing<[u8; 32]>) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &**key);
    LessSafeKey::new(key.expect("because a key of this cipher has 32 bytes"))
}

/// Each wrapping key is used once, so its number is always the first.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
