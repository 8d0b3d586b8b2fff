//! The only file that knows sled.
//!
//! sled 0.34 is unmaintained, hence what is held against it here and in `cache.rs`:
//! - `flush` ends in `sync_file_range`, which makes neither the file's length nor the disk's own cache durable: we fsync after it.
//! - Without its flusher thread it writes when we say so and at no other time.
//! - A value over a quarter of a segment goes to a file of its own that is never fsynced: `cache.rs` cuts values into pieces.
//! - Some damage makes it panic. Release builds abort then, which the opening marker counts; elsewhere the panic is caught here.
//! - Other damage it does not notice: `cache.rs` seals all that it keeps.

use super::error::advice;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How much sled keeps in memory, in bytes: last-good is read at boot and at a rollback, never in between.
const CACHE_CAPACITY: u64 = 256 * 1024;
/// A database that was just closed keeps its lock until sled's own threads have let go of the file.
const LOCK_RETRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// An ordered map on disk.
#[derive(Debug)]
pub(super) struct Sled {
    database: sled::Db,
    path: PathBuf,
}

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// What lies on disk is broken, and will be at the next try too.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The disk or another process does not let us; what lies there may be fine.
    #[error("{0}")]
    Unavailable(String),
}

impl Trouble {
    /// What a failed operation on the disk means.
    pub(super) fn unavailable(error: &io::Error) -> Self {
        Self::Unavailable(match error.kind() {
            io::ErrorKind::Other => error.to_string(),
            _ => advice(error).to_owned(),
        })
    }
}

impl Sled {
    /// Opens the database in a folder that is there.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let config = || {
            sled::Config::new()
                .path(path)
                .cache_capacity(CACHE_CAPACITY)
                .flush_every_ms(None)
                .mode(sled::Mode::LowSpace)
                .open()
        };
        let mut tries = 0;
        loop {
            match guarded(config) {
                Err(Trouble::Unavailable(why)) if is_lock(&why) && tries < LOCK_RETRIES => {
                    tries += 1;
                    thread::sleep(LOCK_PAUSE);
                }
                opened => return opened.map(|database| Self { database, path: path.to_owned() }),
            }
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        guarded(|| Ok(self.database.get(key)?.map(|value| value.to_vec())))
    }

    /// Visits all keys that start with a prefix, in order, until the visitor fails.
    pub(super) fn scan(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut pairs = self.database.scan_prefix(prefix);
        while let Some((key, value)) = guarded(|| pairs.next().transpose())? {
            visit(&key, &value)?;
        }
        Ok(())
    }

    /// Writes all changes as one: after a power cut all are there or none. They are durable after [`Self::flush`].
    pub(super) fn apply(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), Trouble> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        guarded(|| self.database.apply_batch(batch))
    }

    /// Makes everything written so far survive a power cut.
    pub(super) fn flush(&self) -> Result<(), Trouble> {
        guarded(|| {
            self.database.flush()?;
            File::open(self.path.join("db"))?.sync_all()?;
            Ok(())
        })
    }

    /// How many bytes it takes on disk.
    #[cfg(test)]
    pub(super) fn size_on_disk(&self) -> u64 {
        self.database.size_on_disk().unwrap_or_default()
    }
}

/// Runs sled's code and says what its failure means.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    // What sled leaves behind when it panics is never used again: the caller drops the database.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| judge(&error)),
        Err(_) => Err(Trouble::Damaged("the database code gave up on it".to_owned())),
    }
}

fn judge(error: &sled::Error) -> Trouble {
    match error {
        sled::Error::Io(error) => match error.kind() {
            // A file is shorter than its own headers say, a piece of it is gone, or something else stands in its place.
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Trouble::Damaged(error.to_string()),
            _ => Trouble::unavailable(error),
        },
        sled::Error::Corruption { .. } => Trouble::Damaged("its log does not fit its checksums".to_owned()),
        other => Trouble::Damaged(other.to_string()),
    }
}

/// sled has no error of its own for a lock that another holds.
fn is_lock(why: &str) -> bool {
    why.contains("could not acquire lock")
}
