//! The facts file: two checksummed slots, written in turn.
//!
//! # Format
//! Two slots of one size, a power of two, so that they never share a block of the disk. A slot is a header of 72 bytes, little endian:
//! magic (8), format (4), slot size (8), generation (8), payload length (8), SHA-256 of the payload (32), CRC-32 of the 68 bytes
//! before (4); then the payload, a record of `record.rs`. A write goes to the slot that does not hold the newest record; that one is
//! never touched, so a torn write costs nothing. Both slots are filled when the file is made: zeros are always damage, and writing in
//! place needs no new space on a full disk. A record that outgrows its slot makes the file anew, atomically, with larger ones.

use super::Error;
use super::durable::{self, Disk, FILE_MODE};
use crate::model::Digest;
use std::cmp::Reverse;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The number of this format. Fields that an older agent may ignore do not change it.
const FORMAT: u32 = 1;
const MAGIC: [u8; 8] = *b"SFFACTS\0";
const HEADER: usize = 72;
/// Room for about a hundred applications; a multiple of every usual block size.
const FIRST_SLOT: usize = 64 * 1024;
/// Some ten thousand applications. What is larger is no record of ours.
const MAX_SLOT: usize = 4 * 1024 * 1024;

/// The file and where its newest record lies.
#[derive(Debug)]
pub(super) struct FactsFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    slot_size: usize,
    /// The slot, 0 or 1, that must not be touched.
    newest: u64,
    /// Whether the file has two whole slots; if not, the next write makes it anew.
    is_whole: bool,
}

/// What a file of facts holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// There is no file.
    Missing,
    /// The newest record that is whole, and whether the other slot is damaged: torn by a power cut, or worn.
    Record {
        /// The newest record.
        payload: Vec<u8>,
        /// Whether the other slot could not be read.
        other_is_damaged: bool,
    },
    /// No slot is whole. If both still say which generation they held, this is the higher one.
    Damaged(Option<u64>),
}

/// A slot whose header is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot<'a> {
    format: u32,
    size: usize,
    generation: u64,
    /// `None` if it does not fit its checksum.
    payload: Option<&'a [u8]>,
}

impl FactsFile {
    /// Reads the file at a path.
    pub(super) fn read(disk: Arc<dyn Disk>, path: PathBuf) -> Result<(Self, Found), Error> {
        let mut file = Self { disk, path, slot_size: FIRST_SLOT, newest: 0, is_whole: false };
        let bytes = match durable::read(&file.path, 2 * MAX_SLOT as u64) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((file, Found::Missing)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Ok((file, Found::Damaged(None)));
            }
            Err(source) => return Err(Error::Unreadable { path: file.path, source }),
        };
        let first = decode(&bytes);
        let half = first.map_or(bytes.len() / 2, |slot| slot.size);
        let second = bytes.get(half..).and_then(decode);
        if is_slot_size(half) {
            file.slot_size = half;
            file.is_whole = bytes.len() == 2 * half;
        }
        let found = file.judge(first, second)?;
        Ok((file, found))
    }

    /// Makes the file with its first record.
    pub(super) fn create(&mut self, generation: u64, payload: &[u8]) -> Result<(), Error> {
        let slot_size = self.size_for(payload)?;
        let mut bytes = encode(slot_size, generation, payload);
        bytes.resize(slot_size, 0);
        bytes.extend_from_within(..);
        durable::write_atomic(&*self.disk, &self.path, &bytes, FILE_MODE)
            .map_err(|source| Error::Unwritable { path: self.path.clone(), source })?;
        (self.slot_size, self.newest, self.is_whole) = (slot_size, 0, true);
        Ok(())
    }

    /// Writes a record; when this returns it survives a power cut, and until then the one before does.
    pub(super) fn write(&mut self, generation: u64, payload: &[u8]) -> Result<(), Error> {
        if !self.is_whole || self.size_for(payload)? > self.slot_size {
            return self.create(generation, payload);
        }
        let target = 1 - self.newest;
        let bytes = encode(self.slot_size, generation, payload);
        durable::write_slot(&*self.disk, &self.path, target * self.slot_size as u64, &bytes)
            .map_err(|source| Error::Unwritable { path: self.path.clone(), source })?;
        self.newest = target;
        Ok(())
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Finds the newest whole record and remembers its slot.
    fn judge(&mut self, first: Option<Slot<'_>>, second: Option<Slot<'_>>) -> Result<Found, Error> {
        let whole = |slot: Option<Slot<'_>>| slot.is_some_and(|slot| slot.payload.is_some());
        let newest = [first, second]
            .into_iter()
            .enumerate()
            .filter_map(|(index, slot)| slot.map(|slot| (index, slot)))
            .filter(|(_, slot)| slot.payload.is_some())
            .max_by_key(|(index, slot)| (slot.generation, Reverse(*index)));
        let Some((index, slot)) = newest else {
            let bound = first.zip(second).map(|(first, second)| first.generation.max(second.generation));
            return Ok(Found::Damaged(bound));
        };
        if slot.format > FORMAT {
            return Err(Error::FactsTooNew { path: self.path.clone(), format: slot.format });
        }
        self.newest = index as u64;
        let payload = slot.payload.unwrap_or_default().to_owned();
        Ok(Found::Record { payload, other_is_damaged: !(whole(first) && whole(second)) })
    }

    /// The smallest slot that holds a record, never smaller than it is now.
    fn size_for(&self, payload: &[u8]) -> Result<usize, Error> {
        let bytes = HEADER + payload.len();
        if bytes > MAX_SLOT {
            return Err(Error::FactsTooLarge { path: self.path.clone(), bytes, limit: MAX_SLOT });
        }
        Ok(bytes.next_power_of_two().max(self.slot_size))
    }
}

fn is_slot_size(size: usize) -> bool {
    size.is_power_of_two() && (FIRST_SLOT..=MAX_SLOT).contains(&size)
}

fn encode(slot_size: usize, generation: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(slot_size as u64).to_le_bytes());
    bytes.extend_from_slice(&generation.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(Digest::of(payload).as_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Reads a slot; `None` if its header is not whole.
fn decode(bytes: &[u8]) -> Option<Slot<'_>> {
    let header = bytes.get(..HEADER)?;
    let u32_at = |at: usize| header[at..at + 4].try_into().map(u32::from_le_bytes).ok();
    let u64_at = |at: usize| header[at..at + 8].try_into().map(u64::from_le_bytes).ok();
    let crc = u32_at(HEADER - 4)?;
    if header[..8] != MAGIC || crc32fast::hash(&header[..HEADER - 4]) != crc {
        return None;
    }
    let size = usize::try_from(u64_at(12)?).ok().filter(|size| is_slot_size(*size))?;
    let generation = u64_at(20)?;
    let length = usize::try_from(u64_at(28)?).ok()?;
    let payload = bytes
        .get(HEADER..HEADER.checked_add(length)?)
        .filter(|payload| Digest::of(payload).as_bytes() == &header[36..68]);
    Some(Slot { format: u32_at(8)?, size, generation, payload })
}
