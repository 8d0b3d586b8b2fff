//! Raw tree objects, read.

use crate::model::artifact::{Entry, EntryKind};
use crate::model::{BlobId, Hash, TreeId};
use std::collections::BTreeSet;

/// Why bytes are not a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TreeError {
    /// A line of it is cut off or not as git writes it.
    #[error("entry {0} is cut off or not as git writes it")]
    Malformed(usize),
    /// A name that no path can hold, or that is not UTF-8.
    #[error("entry {0} has a name that is empty, holds a slash or is not UTF-8: {1:?}")]
    Name(usize, String),
    /// Two lines of one name.
    #[error("it has two entries named {0:?}")]
    Twice(String),
}

/// Most characters of a foreign name that a message shows.
const SHOWN: usize = 80;

/// Reads a tree whose ids are of the same hash function as `like`.
pub(super) fn read(raw: &[u8], like: &Hash) -> Result<Vec<Entry>, TreeError> {
    let mut entries = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let index = entries.len() + 1;
        let (entry, after) = entry(rest, like, index)?;
        entries.push(entry);
        rest = after;
    }
    let mut names = BTreeSet::new();
    match entries.iter().find(|entry| !names.insert(entry.name.as_str())) {
        Some(entry) => Err(TreeError::Twice(entry.name.chars().take(SHOWN).collect())),
        None => Ok(entries),
    }
}

/// One line, `MODE NAME\0ID`, and what follows it.
fn entry<'a>(raw: &'a [u8], like: &Hash, index: usize) -> Result<(Entry, &'a [u8]), TreeError> {
    let malformed = || TreeError::Malformed(index);
    let end = raw.iter().position(|&byte| byte == 0).ok_or_else(malformed)?;
    let space = raw[..end].iter().position(|&byte| byte == b' ').ok_or_else(malformed)?;
    let mode = mode(&raw[..space]).ok_or_else(malformed)?;
    let name = &raw[space + 1..end];
    let (id, after) = raw[end + 1..].split_at_checked(like.as_bytes().len()).ok_or_else(malformed)?;
    let id = Hash::from_bytes(id).ok_or_else(malformed)?;
    let refused = || TreeError::Name(index, String::from_utf8_lossy(name).chars().take(SHOWN).collect());
    let name = std::str::from_utf8(name).map_err(|_| refused())?;
    if name.is_empty() || name.contains('/') {
        return Err(refused());
    }
    // The upper bits alone say what it is; old git wrote group-writable files, and other tools pad with zeros.
    let kind = match mode & 0o170_000 {
        0o040_000 => EntryKind::Tree(TreeId(id)),
        0o100_000 => EntryKind::File(BlobId(id)),
        0o120_000 => EntryKind::Link(BlobId(id)),
        0o160_000 => EntryKind::Submodule,
        _ => return Err(malformed()),
    };
    Ok((Entry { name: name.to_owned(), kind }, after))
}

fn mode(digits: &[u8]) -> Option<u32> {
    let fine = (5..=7).contains(&digits.len()) && digits.iter().all(|digit| (b'0'..=b'7').contains(digit));
    fine.then(|| digits.iter().fold(0, |mode, digit| mode << 3 | u32::from(digit - b'0')))
}
