//! Opening the cache so that a broken one cannot keep the agent from starting.
//!
//! A marker beside the cache counts how often opening it was begun and not ended: the process died in it. After two such openings,
//! or when it opens damaged, the cache is set aside under a dated name, never deleted, and a new one is begun. What only keeps us
//! from writing (a full or read-only disk, a permission, a lock) never sets it aside.

use super::cache::Cache;
use super::durable::{self, Disk, FILE_MODE};
use super::sled::Trouble;
use jiff::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of the cache.
pub(super) const CACHE: &str = "state";
/// How the name of a cache that was set aside begins.
pub(super) const ASIDE: &str = "state.damaged-";
const MARKER: &str = "state.opening";
/// How many openings may end in the middle: one is what a power cut does, two are a habit.
const ABORTED_LIMIT: u32 = 2;
/// How many caches may be set aside in one second before their names run out.
const SAME_SECOND: u32 = 100;

/// Opens the cache below a state directory; the notes say what a person should know.
pub(super) fn open(
    disk: &Arc<dyn Disk>,
    directory: &Path,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Cache, Trouble> {
    let marker = directory.join(MARKER);
    let mut aborted = aborted_openings(&marker);
    if aborted >= ABORTED_LIMIT {
        let why = format!("the agent died {aborted} times while it opened it");
        notes.push(set_aside(&**disk, directory, now, &why)?);
        aborted = 0;
    }
    durable::write_atomic(&**disk, &marker, (aborted + 1).to_string().as_bytes(), FILE_MODE)
        .map_err(unavailable)?;
    let opened = match open_unguarded(disk, directory) {
        Err(Trouble::Damaged(why)) => set_aside(&**disk, directory, now, &why).and_then(|note| {
            notes.push(note);
            open_unguarded(disk, directory)
        }),
        opened => opened,
    };
    // It came to an end, however it ended.
    durable::remove(&**disk, &marker).map_err(unavailable)?;
    opened
}

/// Gives the cache a dated name. Answers the note about it.
pub(super) fn set_aside(
    disk: &dyn Disk,
    directory: &Path,
    now: Timestamp,
    why: &str,
) -> Result<String, Trouble> {
    let cache = directory.join(CACHE);
    let target = free_name(directory, now);
    durable::rename(disk, &cache, &target).map_err(unavailable)?;
    Ok(format!(
        "the cache {} was set aside as {}, for {why}: it is built anew from objects and cluster; the old one may be deleted",
        cache.display(),
        target.display()
    ))
}

/// The caches of a state directory that were set aside, oldest first.
pub(super) fn aside(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_aside = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(ASIDE))
    };
    let mut found: Vec<PathBuf> = entries.filter(is_aside).collect();
    found.sort_unstable();
    found
}

fn open_unguarded(disk: &Arc<dyn Disk>, directory: &Path) -> Result<Cache, Trouble> {
    let cache = directory.join(CACHE);
    if cache.exists() && !cache.is_dir() {
        return Err(Trouble::Damaged("it is no folder".to_owned()));
    }
    durable::ensure_dir(&**disk, &cache).map_err(unavailable)?;
    let opened = Cache::open(Arc::clone(disk), &cache)?;
    disk.sync_dir(&cache).map_err(unavailable)?;
    Ok(opened)
}

/// How many openings were begun and not ended. A marker that cannot be read counts as one, for it was there.
fn aborted_openings(marker: &Path) -> u32 {
    match durable::read(marker, 16) {
        Ok(bytes) => std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1),
        Err(_) => 0,
    }
}

fn free_name(directory: &Path, now: Timestamp) -> PathBuf {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let named = |suffix: String| directory.join(format!("{ASIDE}{stamp}{suffix}"));
    (2..SAME_SECOND)
        .map(|number| format!("-{number}"))
        .fold(named(String::new()), |name, suffix| if name.exists() { named(suffix) } else { name })
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err by name")]
fn unavailable(error: io::Error) -> Trouble {
    Trouble::unavailable(&error)
}
