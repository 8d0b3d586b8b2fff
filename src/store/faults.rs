//! For tests: a disk whose operations fail, or that loses power.
//!
//! It works on real files. A power cut undoes what was written and not fsynced, so that a missing fsync shows in a test.

use super::durable::{Disk, Handle, RealDisk};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and does nothing; later ones work.
    Once(io::ErrorKind),
    /// It and all later ones fail: the disk is full, or has become read-only.
    From(io::ErrorKind),
    /// The power goes: it and all later ones do nothing. What was written before and not fsynced is kept, as if the disk had just been quick.
    Cut,
    /// The power goes in the middle of it: a write leaves half of its bytes.
    Torn,
    /// The power goes, and with it all that was not fsynced.
    Lost,
}

/// A disk that fails at its k-th operation, counted from 0. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    count: u64,
    faults: Vec<(u64, Fault)>,
    is_cut: bool,
    unsynced: Vec<Undo>,
}

/// How to take back an effect that was not fsynced.
#[derive(Debug)]
enum Undo {
    Write { path: PathBuf, file: File, before: Vec<u8> },
    Appear { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf, replaced: Option<Vec<u8>> },
    Vanish { path: PathBuf, before: Vec<u8> },
}

impl FaultyDisk {
    /// A disk with one fault.
    pub fn with(at: u64, fault: Fault) -> Self {
        let disk = Self::default();
        disk.add(at, fault);
        disk
    }

    /// Adds a fault at an operation that is still to come.
    pub fn add(&self, at: u64, fault: Fault) {
        self.state().faults.push((at, fault));
    }

    /// How many operations were asked of it so far.
    pub fn operations(&self) -> u64 {
        self.state().count
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation and says whether it may go on; `tear` is called if it is cut in the middle.
    fn step(&self, tear: impl FnOnce()) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.count;
        state.count += 1;
        if state.is_cut {
            return Err(io::Error::other("the power is off"));
        }
        let due = state.faults.iter().find(|(at, fault)| match fault {
            Fault::From(_) => *at <= number,
            _ => *at == number,
        });
        match due.map(|(_, fault)| *fault) {
            None => Ok(state),
            Some(Fault::Once(kind) | Fault::From(kind)) => Err(kind.into()),
            Some(fault) => {
                state.is_cut = true;
                match fault {
                    Fault::Torn => tear(),
                    Fault::Lost => state.lose()?,
                    _ => {}
                }
                Err(io::Error::other("the power went off"))
            }
        }
    }
}

impl State {
    fn lose(&mut self) -> io::Result<()> {
        while let Some(undo) = self.unsynced.pop() {
            match undo {
                Undo::Write { file, before, .. } => {
                    file.set_len(before.len() as u64)?;
                    file.write_all_at(&before, 0)?;
                }
                Undo::Appear { path } if path.is_dir() => fs::remove_dir_all(path)?,
                Undo::Appear { path } => fs::remove_file(path)?,
                Undo::Rename { from, to, replaced } => {
                    fs::rename(&to, from)?;
                    put_back(&to, replaced.as_deref())?;
                }
                Undo::Vanish { path, before } => put_back(&path, Some(&before))?,
            }
        }
        Ok(())
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step(|| {})?;
        RealDisk.create_dir(path)?;
        state.unsynced.push(Undo::Appear { path: path.to_owned() });
        Ok(())
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn Handle>> {
        let mut state = self.step(|| {})?;
        let before = fs::read(path).ok();
        RealDisk.create(path, mode)?;
        if let Some(before) = before {
            state.unsynced.push(Undo::Vanish { path: path.to_owned(), before });
        }
        state.unsynced.push(Undo::Appear { path: path.to_owned() });
        self.handle(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        drop(self.step(|| {})?);
        self.handle(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.step(|| {})?;
        let replaced = fs::read(to).ok();
        RealDisk.rename(from, to)?;
        state.unsynced.push(Undo::Rename { from: from.to_owned(), to: to.to_owned(), replaced });
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step(|| {})?;
        let before = fs::read(path)?;
        RealDisk.remove_file(path)?;
        state.unsynced.push(Undo::Vanish { path: path.to_owned(), before });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step(|| {})?;
        state.unsynced.retain(|undo| match undo {
            Undo::Write { .. } => true,
            Undo::Appear { path: name } | Undo::Vanish { path: name, .. } | Undo::Rename { to: name, .. } => {
                name.parent() != Some(path)
            }
        });
        RealDisk.sync_dir(path)
    }

    fn cache_may_write(&self) -> io::Result<()> {
        self.step(|| {}).map(drop)
    }
}

#[derive(Debug)]
struct FaultyHandle {
    disk: FaultyDisk,
    path: PathBuf,
    file: File,
}

impl FaultyDisk {
    fn handle(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(FaultyHandle { disk: self.clone(), path: path.to_owned(), file }))
    }
}

impl FaultyHandle {
    /// How to take back what is about to be done to the file.
    fn undo(&mut self) -> io::Result<Undo> {
        let mut before = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut before)?;
        Ok(Undo::Write { path: self.path.clone(), file: self.file.try_clone()?, before })
    }
}

impl Handle for FaultyHandle {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let undo = self.undo()?;
        let half = &bytes[..bytes.len() / 2];
        let mut state = self.disk.step(|| drop(self.file.write_all_at(half, offset)))?;
        self.file.write_all_at(bytes, offset)?;
        state.unsynced.push(undo);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let undo = self.undo()?;
        let mut state = self.disk.step(|| {})?;
        self.file.set_len(length)?;
        state.unsynced.push(undo);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.step(|| {})?;
        state.unsynced.retain(|undo| !matches!(undo, Undo::Write { path, .. } if *path == self.path));
        self.file.sync_all()
    }
}

fn put_back(path: &Path, bytes: Option<&[u8]>) -> io::Result<()> {
    match bytes {
        Some(bytes) => File::create(path)?.write_all_at(bytes, 0),
        None => Ok(()),
    }
}
