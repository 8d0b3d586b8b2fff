//! The newest record's number and hash, kept apart from the log, so that records that vanish from its end are missed.
//!
//! # Format
//! Two slots of 4 KiB, so that they share no block of the disk; each holds one sealed line: the number and hash of the newest record,
//! and those of the record before the oldest that is kept. They are written in turn, in place: a torn write costs one step, and a full disk has room for it.

use super::chain::{Link, MOST_NUMBER};
use super::seal;
use crate::model::Digest;
use crate::store::durable::{self, Disk, FILE_MODE};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FORMAT: u32 = 1;
const SLOT: usize = 4096;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The newest record.
    pub(super) newest: Link,
    /// The record before the oldest one that is kept: where the chain begins.
    pub(super) before: Link,
}

/// What a file of heads holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// There is no file.
    Missing,
    /// No slot can be read.
    Damaged,
    /// The newest.
    Head(Head),
}

/// The file.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    /// The slot, 0 or 1, that holds the newest head and must not be touched; `None` where the file must be made.
    newest: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct Slot {
    format: u32,
    number: u64,
    newest: String,
    first: u64,
    before: String,
}

impl HeadFile {
    /// Reads the file at a path.
    pub(super) fn read(path: PathBuf) -> io::Result<(Self, Found)> {
        let bytes = match durable::read(&path, 2 * SLOT as u64) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Self { path, newest: None }, Found::Missing));
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Vec::new(),
            Err(error) => return Err(error),
        };
        let is_whole = bytes.len() == 2 * SLOT;
        let slots = bytes.chunks(SLOT).map(decode).enumerate();
        let age = |(_, head): &(usize, Head)| (head.newest.number, head.before.number);
        let newest = slots.filter_map(|(at, head)| Some((at, head?))).max_by_key(age);
        let found = newest.map_or(Found::Damaged, |(_, head)| Found::Head(head));
        Ok((Self { path, newest: newest.map(|(at, _)| at).filter(|_| is_whole) }, found))
    }

    /// Writes a head; until this returns, the one before it stands.
    pub(super) fn write(&mut self, disk: &dyn Disk, head: &Head) -> io::Result<()> {
        let line = encode(head)?;
        if let Some(newest) = self.newest {
            let target = 1 - newest;
            match durable::write_slot(disk, &self.path, (target * SLOT) as u64, &line) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                written => return written.map(|()| self.newest = Some(target)),
            }
        }
        let mut bytes = line;
        bytes.resize(SLOT, b'\n');
        bytes.extend_from_within(..);
        self.newest = None;
        durable::write_atomic(disk, &self.path, &bytes, FILE_MODE)?;
        self.newest = Some(0);
        Ok(())
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn encode(head: &Head) -> io::Result<Vec<u8>> {
    let slot = Slot {
        format: FORMAT,
        number: head.newest.number,
        newest: head.newest.hash.to_string(),
        first: head.before.number + 1,
        before: head.before.hash.to_string(),
    };
    let text = serde_json::to_string(&slot)?;
    Ok(seal::seal(&text[..text.len() - 1]).0.into_bytes())
}

fn decode(bytes: &[u8]) -> Option<Head> {
    let line = std::str::from_utf8(bytes.split(|byte| *byte == b'\n').next()?).ok()?;
    let slot: Slot = serde_json::from_str(line).ok().filter(|_| seal::is_whole(line))?;
    if slot.number.max(slot.first) > MOST_NUMBER {
        return None;
    }
    let link = |number, hash: &str| Some(Link { number, hash: hash.parse::<Digest>().ok()? });
    let head = Head {
        newest: link(slot.number, &slot.newest)?,
        before: link(slot.first.checked_sub(1)?, &slot.before)?,
    };
    Some(head)
}
