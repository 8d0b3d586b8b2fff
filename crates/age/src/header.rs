//! The header: whom the file is for, and a check that nobody changed that.

use crate::stanza::{Owned, Stanza};
use crate::{Error, FileKey, derive};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ring::hmac;

/// A header that was read and is not checked yet.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) stanzas: Vec<Stanza<'a>>,
    /// What the check covers.
    covered: &'a [u8],
    check: [u8; 32],
}

const INTRO: &str = "age-encryption.org/v1";
const END: &str = "---";
/// Longest line; a line of a body has 64 letters, and one that names a recipient some hundred more.
const MAX_LINE: usize = 4096;
/// Most recipients: each makes work for who reads.
const MAX_STANZAS: usize = 64;

impl<'a> Header<'a> {
    /// Reads the header of a file; the rest is the payload.
    pub(crate) fn read(file: &'a [u8]) -> Result<(Self, &'a [u8]), Error> {
        let mut rest = file;
        if line(&mut rest).ok() != Some(INTRO) {
            return Err(Error::NotAge);
        }
        let mut stanzas = Vec::new();
        loop {
            let before = file.len() - rest.len();
            let first = line(&mut rest)?;
            match first.strip_prefix(END) {
                Some(_) if stanzas.is_empty() => return Err(Error::Header("it is for nobody")),
                Some(check) => {
                    let (covered, check) = (&file[..before + END.len()], read_check(check)?);
                    return Ok((Self { stanzas, covered, check }, rest));
                }
                None if stanzas.len() == MAX_STANZAS => {
                    return Err(Error::Header("it has too many recipients"));
                }
                None => stanzas.push(Stanza::read(first, || line(&mut rest))?),
            }
        }
    }

    /// Whether who wrote it knew the file's key.
    pub(crate) fn check(&self, key: &FileKey) -> Result<(), Error> {
        hmac::verify(&mac_key(key), self.covered, &self.check).map_err(|_| Error::Forged)
    }

    /// The bytes of a new header.
    pub(crate) fn write(stanzas: Vec<Owned>, key: &FileKey) -> Vec<u8> {
        let mut text = format!("{INTRO}\n");
        stanzas.iter().for_each(|stanza| stanza.write(&mut text));
        text.push_str(END);
        let check = hmac::sign(&mac_key(key), text.as_bytes());
        format!("{text} {}\n", BASE64.encode(check)).into_bytes()
    }
}

/// What stands behind the dashes.
fn read_check(text: &str) -> Result<[u8; 32], Error> {
    let bytes = text.strip_prefix(' ').and_then(|text| BASE64.decode(text).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Error::Header("its last line is not a check"))
}

fn mac_key(key: &FileKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &*derive::hkdf(&**key, b"", "header"))
}

/// Takes one line off, without its end.
fn line<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Error> {
    let within = &rest[..rest.len().min(MAX_LINE)];
    let end = within.iter().position(|byte| *byte == b'\n').ok_or(Error::Header("a line has no end"))?;
    let (line, after) = rest.split_at(end);
    *rest = &after[1..];
    std::str::from_utf8(line).map_err(|_| Error::Header("a line is not text"))
}
