//! What is known of the links, on disk: one small file beside the objects.

use super::health::Health;
use super::spent::Spent;
use crate::source::objects::replace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The form that is written. A file of another one is not read: it costs a few bytes to learn anew.
const FORMAT: u32 = 1;
/// Largest file that is read.
const LARGEST: u64 = 256 * 1024;
/// It is written once in so many seconds, for flash wears; after so many bytes over the link at once, for a budget is to be kept.
const EVERY: u64 = 3600;
const BYTES: u64 = 256 * 1024;

/// What is kept of one mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub health: Health,
    pub compared: u64,
    pub spent: Spent,
}

/// The file, and what happened since it was written.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    written: u64,
    failing: u32,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    mirrors: BTreeMap<String, Kept>,
}

impl File {
    /// The file below an object database's folder.
    pub(super) fn below(folder: &Path) -> Self {
        Self { path: folder.join("link.json"), written: 0, failing: 0, bytes: 0 }
    }

    /// What was kept, by mirror.
    pub(super) fn read(&self) -> BTreeMap<String, Kept> {
        let mut text = Vec::new();
        let read = std::fs::File::open(&self.path).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
        let document = read.ok().and_then(|_| serde_json::from_slice::<Document>(&text).ok());
        document
            .filter(|document| document.format == FORMAT)
            .map(|document| document.mirrors)
            .unwrap_or_default()
    }

    /// So many bytes went over a link.
    pub(super) fn note(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether what happened since is worth writing.
    pub(super) fn is_due(&self, is_last: bool, failing: u32, now: u64) -> bool {
        let is_news = self.bytes > 0 || failing != self.failing;
        let is_old = now.checked_sub(self.written).is_none_or(|age| age >= EVERY);
        is_news && (is_last || is_old || self.bytes >= BYTES || failing != self.failing)
    }

    /// Writes it. A disk that refuses takes nothing from the link.
    pub(super) fn write(&mut self, mirrors: &BTreeMap<String, Kept>, failing: u32, now: u64) {
        let document = Document { format: FORMAT, mirrors: mirrors.clone() };
        let written = serde_json::to_vec(&document).map_err(std::io::Error::other);
        match written.and_then(|text| replace(&self.path, &text)) {
            Ok(()) => (self.written, self.failing, self.bytes) = (now, failing, 0),
            Err(error) => tracing::debug!(path = %self.path.display(), %error, "what links cost is not kept"),
        }
    }
}
