//! Sealed records over the database: cut into pieces, each record with a checksum over its kind, key and contents.
//!
//! # Format
//! A record's bytes are its seal (32), the lengths of its key and its contents (8 each, little endian), the key, the contents; the
//! seal is SHA-256 over kind, key length, key and contents. They are cut into pieces under `kind (1), first bytes of SHA-256 of the
//! key (16), number of the piece (8, big endian)`. Pieces are small: the database never fsyncs a page over a quarter of its
//! segment, and puts up to 17 values on a page.

use super::sled::{Sled, Trouble};
use crate::model::Digest;
use serde::{Deserialize, Serialize};

/// Largest piece of a record.
const PIECE: usize = 4096;
/// Seal and lengths.
const PREFIX: usize = SEAL + 8 + 8;
const SEAL: usize = 32;
const KEY_HASH: usize = 16;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// What the cache holds, and of which generation.
    Meta = b'm' as isize,
    /// The copy of the facts.
    Facts = b'f' as isize,
    /// One inventory entry.
    Entry = b'i' as isize,
    /// A rendered application.
    Snapshot = b's' as isize,
    /// What a pinned revision consists of.
    Pin = b'p' as isize,
}

/// A record that fits its seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Its key.
    pub(super) key: Vec<u8>,
    /// Its contents.
    pub(super) contents: Vec<u8>,
    /// Its checksum.
    pub(super) seal: [u8; SEAL],
}

/// What some records add up to: it shows whether one is missing, old or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Summary {
    count: u64,
    sum: [u8; SEAL],
}

/// Changes that are to be made as one.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Edits {
    /// Puts a record in place of `before`; answers its seal.
    pub(super) fn put(
        &mut self,
        kind: Kind,
        key: &[u8],
        contents: &[u8],
        before: Option<&Sealed>,
    ) -> [u8; SEAL] {
        let seal = seal(kind, key, contents);
        let mut bytes = Vec::with_capacity(PREFIX + key.len() + contents.len());
        bytes.extend_from_slice(&seal);
        bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(contents.len() as u64).to_le_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(contents);
        let pieces = (0_u64..).zip(bytes.chunks(PIECE));
        self.0.extend(pieces.map(|(number, piece)| (raw_key(kind, key, number), Some(piece.to_owned()))));
        let new_pieces = pieces_of(bytes.len());
        let old_pieces = before.map_or(0, Sealed::pieces);
        self.0.extend((new_pieces..old_pieces).map(|number| (raw_key(kind, key, number), None)));
        seal
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, kind: Kind, record: &Sealed) {
        self.0.extend((0..record.pieces()).map(|number| (raw_key(kind, &record.key, number), None)));
    }

    /// Makes the changes.
    pub(super) fn apply(self, database: &Sled) -> Result<(), Trouble> {
        database.apply(self.0)
    }
}

impl Summary {
    /// Counts a record in.
    pub(super) fn add(&mut self, seal: [u8; SEAL]) {
        self.count += 1;
        self.mix(seal);
    }

    /// Takes a record out.
    pub(super) fn take(&mut self, seal: [u8; SEAL]) {
        self.count = self.count.saturating_sub(1);
        self.mix(seal);
    }

    fn mix(&mut self, seal: [u8; SEAL]) {
        self.sum.iter_mut().zip(seal).for_each(|(sum, byte)| *sum ^= byte);
    }
}

impl Sealed {
    fn pieces(&self) -> u64 {
        pieces_of(PREFIX + self.key.len() + self.contents.len())
    }
}

/// The record of a key; `None` if there is none.
pub(super) fn read(database: &Sled, kind: Kind, key: &[u8]) -> Result<Option<Sealed>, Trouble> {
    let mut pieces = Pieces::new(kind);
    let mut found = None;
    let mut number = 0;
    while let Some(piece) = database.get(&raw_key(kind, key, number))? {
        found = pieces.add(&raw_key(kind, key, number), &piece)?;
        if found.is_some() {
            break;
        }
        number += 1;
    }
    if found.is_none() {
        pieces.end()?;
    }
    Ok(found)
}

/// Visits all records of a kind; fails at the first that does not fit its seal.
pub(super) fn scan(
    database: &Sled,
    kind: Kind,
    mut visit: impl FnMut(Sealed) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut pieces = Pieces::new(kind);
    database.scan(&[kind as u8], |key, piece| match pieces.add(key, piece)? {
        Some(record) => visit(record),
        None => Ok(()),
    })?;
    pieces.end()
}

/// A record that is being put together.
#[derive(Debug)]
struct Pieces {
    kind: Kind,
    bytes: Vec<u8>,
    next: u64,
    id: Vec<u8>,
}

impl Pieces {
    fn new(kind: Kind) -> Self {
        Self { kind, bytes: Vec::new(), next: 0, id: Vec::new() }
    }

    /// Adds a piece; answers the record when it was the last one.
    fn add(&mut self, raw_key: &[u8], piece: &[u8]) -> Result<Option<Sealed>, Trouble> {
        let (id, number) = split_key(raw_key).ok_or_else(damaged)?;
        if self.next == 0 {
            id.clone_into(&mut self.id);
        }
        if self.id != id || number != self.next {
            return Err(damaged());
        }
        self.bytes.extend_from_slice(piece);
        self.next += 1;
        let (key, contents) = lengths(&self.bytes).ok_or_else(damaged)?;
        if ((self.bytes.len() - PREFIX) as u64) < key.saturating_add(contents) {
            return Ok(None);
        }
        self.next = 0;
        let bytes = std::mem::take(&mut self.bytes);
        open(self.kind, raw_key, &bytes).map(Some).ok_or_else(damaged)
    }

    /// Fails if a record's last pieces are missing.
    fn end(&self) -> Result<(), Trouble> {
        if self.next == 0 { Ok(()) } else { Err(damaged()) }
    }
}

fn pieces_of(length: usize) -> u64 {
    length.div_ceil(PIECE) as u64
}

/// The lengths of key and contents, as the first piece says.
fn lengths(bytes: &[u8]) -> Option<(u64, u64)> {
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    Some((number(SEAL)?, number(SEAL + 8)?))
}

/// Checks a whole record; `None` if it is not what was written under this key.
fn open(kind: Kind, raw: &[u8], bytes: &[u8]) -> Option<Sealed> {
    let (key_length, length) = lengths(bytes)?;
    let (key, contents) = bytes.get(PREFIX..)?.split_at_checked(usize::try_from(key_length).ok()?)?;
    let expected = seal(kind, key, contents);
    let is_own = raw_key(kind, key, 0)[..=KEY_HASH] == raw[..=KEY_HASH];
    (is_own && contents.len() as u64 == length && bytes[..SEAL] == expected).then(|| Sealed {
        key: key.to_owned(),
        contents: contents.to_owned(),
        seal: expected,
    })
}

fn seal(kind: Kind, key: &[u8], contents: &[u8]) -> [u8; SEAL] {
    use sha2::Digest as _;
    let hasher = sha2::Sha256::new_with_prefix([kind as u8]);
    hasher
        .chain_update((key.len() as u64).to_le_bytes())
        .chain_update(key)
        .chain_update(contents)
        .finalize()
        .into()
}

fn raw_key(kind: Kind, key: &[u8], number: u64) -> Vec<u8> {
    let mut raw = Vec::with_capacity(1 + KEY_HASH + 8);
    raw.push(kind as u8);
    raw.extend_from_slice(&Digest::of(key).as_bytes()[..KEY_HASH]);
    raw.extend_from_slice(&number.to_be_bytes());
    raw
}

fn split_key(raw: &[u8]) -> Option<(&[u8], u64)> {
    let (id, number) = raw.split_at_checked(1 + KEY_HASH)?;
    Some((id, u64::from_be_bytes(number.try_into().ok()?)))
}

pub(super) fn damaged() -> Trouble {
    Trouble::Damaged("a record does not fit its checksum".to_owned())
}
