//! The one place for our own writes and fsyncs.
//!
//! What returns `Ok` here survives a power cut: file contents are fsynced before a name points at them, and the folder that holds
//! the name after. Everything goes through a [`Disk`], so that tests can fail, tear or lose each single operation.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Mode of our folders: what lies below is for this service alone.
const DIR_MODE: u32 = 0o700;
/// Mode of our files, unless a caller says otherwise.
pub const FILE_MODE: u32 = 0o600;

/// The writing half of a file system, one method for each operation that can fail or be cut by itself.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes one folder, for this user alone. Its parent must be there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes an empty file for writing; one that is there already is removed first, so a link in its place is never followed.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn Handle>>;
    /// Opens a file that is there, for writing in place.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Handle>>;
    /// Gives a file or folder a new name, atomically in place of a file that had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Asked before the cache writes with its own code; an error stands for that write failing.
    fn cache_may_write(&self) -> io::Result<()>;
}

/// A file that is open for writing.
pub trait Handle: fmt::Debug {
    /// Writes all bytes at an offset.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Drops all bytes from an offset on.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Makes the file's contents and length durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

/// Replaces a file as a whole: after a power cut it has its old or its new bytes, never a mixture.
///
/// A temporary file lies beside it meanwhile, its name with `.new` at the end; it is removed where the write fails.
pub fn write_atomic(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let temporary = PathBuf::from(name);
    let written = fill(disk, &temporary, bytes, mode).and_then(|()| disk.rename(&temporary, path));
    if let Err(error) = written {
        // On a full disk the half-written file holds the very space that is missing.
        drop(disk.remove_file(&temporary));
        return Err(error);
    }
    disk.sync_dir(parent(path))
}

/// Writes bytes into a file that is there, at an offset, without touching the rest of it.
pub fn write_slot(disk: &dyn Disk, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.open(path)?;
    file.write_at(offset, bytes)?;
    file.sync()
}

/// Cuts a file off behind its first `length` bytes.
pub fn cut(disk: &dyn Disk, path: &Path, length: u64) -> io::Result<()> {
    let mut file = disk.open(path)?;
    file.truncate(length)?;
    file.sync()
}

/// Makes a folder and those above it that are missing.
pub fn ensure_dir(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if !parent(path).is_dir() {
        ensure_dir(disk, parent(path))?;
    }
    match disk.create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => disk.sync_dir(parent(path)),
    }
}

/// Gives a file or folder a new name in the same folder.
pub fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    disk.rename(from, to)?;
    disk.sync_dir(parent(to))
}

/// Removes a file; that it is not there is fine.
pub fn remove(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => disk.sync_dir(parent(path)),
    }
}

/// Reads a whole file of at most `limit` bytes; a longer one is an error.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {limit} bytes")));
    }
    Ok(bytes)
}

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(DIR_MODE).create(path)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn Handle>> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Box::new(OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        Ok(Box::new(OpenOptions::new().write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn cache_may_write(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Handle for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

fn fill(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = disk.create(path, mode)?;
    file.write_at(0, bytes)?;
    file.sync()
}

/// The folder that holds a path; the current one for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
