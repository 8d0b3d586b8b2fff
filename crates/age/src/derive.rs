//! Keys from other keys.

use crate::Error;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// 32 bytes of derived key.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF with SHA-256.
pub(crate) fn hkdf(secret: &[u8], salt: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info.as_bytes()], Length)
        .and_then(|output| output.fill(&mut *key))
        .expect("because 32 bytes are less than HKDF can give");
    key
}

/// Fills a place with random bytes.
pub(crate) fn random(place: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(place).map_err(|_| Error::NoRandom)
}
