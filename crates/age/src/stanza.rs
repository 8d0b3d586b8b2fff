//! A stanza of the header: a recipient's kind, its arguments, and the wrapped key.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use std::fmt::Write as _;

/// A stanza that was read.
#[derive(Debug)]
pub(crate) struct Stanza<'a> {
    /// The kind comes first.
    pub(crate) arguments: Vec<&'a str>,
    pub(crate) body: Vec<u8>,
}

/// A stanza that is to be written.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) arguments: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// Letters in a full line of a body.
const LINE: usize = 64;
/// Most bytes of a body: the largest recipient of age itself has 1,700.
const MAX_BODY: usize = 16 << 10;
/// Most arguments.
const MAX_ARGUMENTS: usize = 16;

impl Owned {
    pub(crate) fn write(&self, text: &mut String) {
        let body = BASE64.encode(&self.body);
        let _ = writeln!(text, "-> {}", self.arguments.join(" "));
        let mut rest = body.as_str();
        while rest.len() >= LINE {
            let (line, after) = rest.split_at(LINE);
            let _ = writeln!(text, "{line}");
            rest = after;
        }
        let _ = writeln!(text, "{rest}");
    }
}

impl<'a> Stanza<'a> {
    /// Reads the stanza whose first line this is; `next` gives the lines of its body.
    pub(crate) fn read(
        first: &'a str,
        mut next: impl FnMut() -> Result<&'a str, Error>,
    ) -> Result<Self, Error> {
        let words =
            first.strip_prefix("-> ").ok_or(Error::Header("a recipient does not begin with `-> `"))?;
        let arguments: Vec<&str> = words.split(' ').take(MAX_ARGUMENTS + 1).collect();
        let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        if arguments.len() > MAX_ARGUMENTS || !arguments.iter().all(is_word) {
            return Err(Error::Header("the arguments of a recipient are not words"));
        }
        let mut text = String::new();
        loop {
            let line = next()?;
            if line.len() > LINE || text.len() + line.len() > MAX_BODY {
                return Err(Error::Header("a recipient's wrapped key is too long"));
            }
            text.push_str(line);
            if line.len() < LINE {
                break;
            }
        }
        let body =
            BASE64.decode(text).map_err(|_| Error::Header("a recipient's wrapped key is not base64"))?;
        Ok(Self { arguments, body })
    }
}
