//! What the outbox must still know after a restart: what was delivered last, and the number it had.

use super::pace::Delivered;
use crate::model::Digest;
use crate::store::durable::{self, Disk, FILE_MODE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

const FORMAT: u32 = 1;
/// A file of ours has some 200 bytes.
const MOST: u64 = 4096;

/// The file.
#[derive(Debug)]
pub(super) struct Kept {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// The number of the last report.
    pub(super) sequence: u64,
    /// What was delivered last; `None` if that is not known.
    pub(super) last: Option<Delivered>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    sequence: u64,
    essence: String,
    delivered: Timestamp,
}

impl Kept {
    /// Reads the file. One that is not there, or cannot be read, costs one report too many.
    pub(super) fn read(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        let stored = durable::read(&path, MOST).ok();
        let stored = stored.and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok());
        let last = stored.as_ref().and_then(|stored| {
            Some(Delivered { essence: stored.essence.parse::<Digest>().ok()?, at: stored.delivered })
        });
        Self { disk, path, sequence: stored.map_or(0, |stored| stored.sequence), last }
    }

    /// The number of the next report: higher than that of any before. It goes by the time, so that it grows even if this file is lost.
    pub(super) fn next(&mut self, now: Timestamp) -> u64 {
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        self.sequence = now.max(self.sequence + 1);
        self.sequence
    }

    /// Writes down what was delivered.
    pub(super) fn keep(&mut self, last: Delivered) -> io::Result<()> {
        self.last = Some(last);
        let stored = Stored {
            format: FORMAT,
            sequence: self.sequence,
            essence: last.essence.to_string(),
            delivered: last.at,
        };
        durable::write_atomic(&*self.disk, &self.path, &serde_json::to_vec(&stored)?, FILE_MODE)
    }
}
