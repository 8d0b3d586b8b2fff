//! Packs: from bytes that arrive to files that stay.

use super::disk::{at, remove_folder, sync_file, sync_folder};
use super::{Objects, scan};
use crate::source::error::Error;
use crate::source::ids::KIND;
use crate::source::mirror_error::MirrorError;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::odb::pack;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a pack belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) enum Place {
    /// Among what is there for good: it was asked for by ids that a proven revision names.
    Main,
    /// With this tip, until its revision is proven.
    Incoming(ObjectId),
}

/// A pack as it arrives, in a file of its own below `scratch`. Dropping it removes the file.
pub(in crate::source) struct Spool {
    path: PathBuf,
    file: BufWriter<fs::File>,
    written: u64,
    limit: u64,
}

/// Disk errors that say something about this machine, not about the pack.
const OWN_FAULTS: [io::ErrorKind; 4] = [
    io::ErrorKind::StorageFull,
    io::ErrorKind::ReadOnlyFilesystem,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::QuotaExceeded,
];

impl Objects {
    /// A file for a pack that is about to arrive.
    pub(in crate::source) fn spool(&self) -> Result<Spool, Error> {
        self.lay_out()?;
        let path = self.scratch("part")?;
        let file = fs::File::create(&path).map_err(at("making", &path))?;
        Ok(Spool { path, file: BufWriter::new(file), written: 0, limit: self.limits.pack_bytes })
    }

    /// Checks, indexes and keeps a pack that has arrived whole. With `thin`, deltas may rest on objects that are there already.
    /// Answers with the number of objects in it.
    pub(in crate::source) fn absorb(
        &mut self,
        mut spool: Spool,
        place: Place,
        thin: bool,
        cancel: &AtomicBool,
    ) -> Result<u32, Trouble> {
        spool.file.flush().map_err(at("writing", &spool.path))?;
        scan::check(&spool.path, &self.limits, cancel)?;
        let workshop = self.scratch("index")?;
        fs::create_dir(&workshop).map_err(at("making folder", &workshop))?;
        let indexed = self.index(&spool.path, &workshop, thin, cancel);
        drop(spool);
        let kept = indexed.and_then(|count| Ok(self.keep(&workshop, place).map(|()| count)?));
        remove_folder(&workshop).map_err(at("removing folder", &workshop))?;
        self.reopen();
        kept
    }

    /// Writes the pack and its index into `workshop`, every object hashed.
    fn index(&self, part: &Path, workshop: &Path, thin: bool, cancel: &AtomicBool) -> Result<u32, Trouble> {
        let file = fs::File::open(part).map_err(at("reading", part))?;
        let options = pack::bundle::write::Options {
            thread_limit: Some(1),
            iteration_mode: pack::data::input::Mode::Verify,
            alloc_limit_bytes: Some(self.limits.allocation()),
            ..Default::default()
        };
        let bases = if thin { self.main.clone() } else { None };
        let written = pack::Bundle::write_to_directory(
            &mut BufReader::with_capacity(64 * 1024, file),
            Some(workshop),
            &mut gix::progress::Discard,
            cancel,
            bases,
            KIND,
            options,
        );
        match written {
            Ok(outcome) => Ok(outcome.index.num_objects),
            Err(_) if cancel.load(Ordering::Relaxed) => Err(Error::Stopped.into()),
            Err(error) => Err(match own_fault(&error) {
                Some(kind) => at("indexing a pack in", workshop)(kind.into()).into(),
                None => MirrorError::garbage("indexing failed", error).into(),
            }),
        }
    }

    fn keep(&self, workshop: &Path, place: Place) -> Result<(), Error> {
        let target = match place {
            Place::Main => self.root.join("objects/pack"),
            Place::Incoming(tip) => self.incoming_folder(&tip).join("pack"),
        };
        fs::create_dir_all(&target).map_err(at("making folder", &target))?;
        for name in pack_names(workshop)? {
            sync_file(&workshop.join(&name).with_extension("pack"))?;
            sync_file(&workshop.join(&name).with_extension("idx"))?;
            install(workshop, &name, &target)?;
        }
        sync_folder(&target)?;
        if let Place::Incoming(_) = place {
            for folder in target.ancestors().skip(1).take(3) {
                sync_folder(folder)?;
            }
        }
        Ok(())
    }
}

/// Moves a pack and then its index, for a pack is looked for by its index. What an earlier, interrupted move did stays done.
pub(super) fn install(from: &Path, name: &Path, to: &Path) -> Result<(), Error> {
    for extension in ["pack", "idx"] {
        let (old, new) = (from.join(name).with_extension(extension), to.join(name).with_extension(extension));
        match fs::rename(&old, &new) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && new.is_file() => {}
            moved => moved.map_err(at("moving a pack to", &new))?,
        }
    }
    Ok(())
}

/// The packs of a folder that have an index, by their names without extension.
pub(super) fn pack_names(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at("listing", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = PathBuf::from(entry.map_err(at("listing", folder))?.file_name());
        if path.extension() == Some(OsStr::new("idx")) {
            names.push(path.with_extension(""));
        }
    }
    Ok(names)
}

fn own_fault(error: &gix::error::Error) -> Option<io::ErrorKind> {
    error
        .iter_errors()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind)
        .find(|kind| OWN_FAULTS.contains(kind))
}

impl Spool {
    /// Forgets what arrived: it comes again from the start.
    pub(in crate::source) fn restart(&mut self) -> Result<(), Error> {
        if self.written > 0 {
            self.written = 0;
            let file = fs::File::create(&self.path).map_err(at("making", &self.path))?;
            self.file = BufWriter::new(file);
        }
        Ok(())
    }

    /// Takes some bytes of the pack.
    pub(in crate::source) fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            let limit = format!("{} MiB", self.limit >> 20);
            return Err(MirrorError::TooLarge { what: "bytes of one pack", limit }.into());
        }
        self.file.write_all(bytes).map_err(at("writing", &self.path))?;
        Ok(())
    }

    /// How many bytes arrived.
    pub(in crate::source) fn written(&self) -> u64 {
        self.written
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a leftover stays until the next start");
        }
    }
}
