//! The payload, in chunks that can be neither changed, moved nor cut off.

use crate::recipient::cipher;
use crate::{Error, FileKey, derive};
use ring::aead::{Aad, LessSafeKey, Nonce};
use zeroize::Zeroizing;

/// Bytes of contents in a chunk.
const CHUNK: usize = 64 << 10;
/// What the cipher adds to each.
const TAG: usize = 16;
/// Random bytes before the first one.
const SALT: usize = 16;

/// Appends the payload of these contents to a file.
pub(crate) fn seal(file: &mut Vec<u8>, contents: &[u8], key: &FileKey) -> Result<(), Error> {
    let mut salt = [0; SALT];
    derive::random(&mut salt)?;
    let cipher = payload_cipher(key, &salt);
    file.reserve(SALT + contents.len() + (contents.len() / CHUNK + 1) * TAG);
    file.extend_from_slice(&salt);
    let mut rest = contents;
    for number in 0.. {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK));
        let begin = file.len();
        file.extend_from_slice(chunk);
        let tag = cipher
            .seal_in_place_separate_tag(nonce(number, after.is_empty()), Aad::empty(), &mut file[begin..])
            .map_err(|_| Error::Damaged)?;
        file.extend_from_slice(tag.as_ref());
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    Ok(())
}

/// The contents of a payload, all of it.
pub(crate) fn open(payload: &[u8], key: &FileKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (salt, mut rest) =
        payload.split_at_checked(SALT).ok_or(Error::Header("it ends before its contents"))?;
    let cipher = payload_cipher(key, salt);
    // Of its final size, so that no copy of what it holds is left behind where it grew.
    let mut contents = Zeroizing::new(Vec::with_capacity(rest.len()));
    let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK + TAG));
    for number in 0.. {
        let (sealed, after) = rest.split_at(rest.len().min(CHUNK + TAG));
        chunk.clear();
        chunk.extend_from_slice(sealed);
        let opened = cipher
            .open_in_place(nonce(number, after.is_empty()), Aad::empty(), &mut chunk)
            .map_err(|_| Error::Damaged)?;
        // Only contents that are empty as a whole have an empty chunk.
        if opened.is_empty() && number > 0 {
            return Err(Error::Damaged);
        }
        contents.extend_from_slice(opened);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    Ok(contents)
}

fn payload_cipher(key: &FileKey, salt: &[u8]) -> LessSafeKey {
    cipher(&derive::hkdf(&**key, salt, "payload"))
}

/// The number of the chunk, and whether it is the last one.
fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}
