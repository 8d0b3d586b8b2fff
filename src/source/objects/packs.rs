//! Packs: from bytes that arrived to files that stay.

use super::Objects;
use super::compose::Composer;
use super::disk::{at, remove_folder, sync_file, sync_folder};
use super::spool::Spool;
use super::survey::{Ending, Look, Survey, survey};
use crate::source::error::Error;
use crate::source::ids::KIND;
use crate::source::mirror_error::MirrorError;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::objs::FindHeader;
use gix::odb::pack;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufReader};
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

/// What became of a pack.
#[derive(Debug, PartialEq, Eq, Default)]
pub(in crate::source) struct Absorbed {
    /// How many objects of it are kept.
    pub objects: usize,
    /// How many were left out, for they rest on objects that are not here.
    pub dropped: u32,
    /// Files over the limit for one object, with their sizes: they were left out too.
    pub over: Vec<(ObjectId, u64)>,
}

/// Errors that say something about this machine, not about the pack.
const OWN_FAULTS: [io::ErrorKind; 5] = [
    io::ErrorKind::OutOfMemory,
    io::ErrorKind::StorageFull,
    io::ErrorKind::ReadOnlyFilesystem,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::QuotaExceeded,
];

impl Objects {
    /// Checks, indexes and keeps a pack that has arrived, or as much of it as did. With `is_thin`, deltas may rest on objects that are
    /// there already.
    pub(in crate::source) fn absorb(
        &mut self,
        mut spool: Spool,
        ending: Ending,
        is_thin: bool,
        cancel: &AtomicBool,
    ) -> Result<Absorbed, Trouble> {
        spool.flush()?;
        let mut absorbed = self.absorb_file(&spool.path, spool.place, ending, is_thin, cancel)?;
        absorbed.over.append(&mut spool.over);
        Ok(absorbed)
    }

    pub(super) fn absorb_file(
        &mut self,
        part: &Path,
        place: Place,
        ending: Ending,
        is_thin: bool,
        cancel: &AtomicBool,
    ) -> Result<Absorbed, Trouble> {
        let open = || fs::File::open(part).map_err(at("reading", part));
        let base = |id: &ObjectId| {
            let found = self.main.as_ref()?.try_header(id).ok()??;
            Some((found.kind, found.size))
        };
        let look = Look { ending, is_thin, base: &base, limits: &self.limits, cancel };
        let mut found = survey(BufReader::with_capacity(64 * 1024, open()?), look)?;
        let over = std::mem::take(&mut found.over);
        let absorbed = Absorbed { objects: found.pieces.len(), dropped: found.dropped, over };
        if found.pieces.is_empty() {
            return Ok(absorbed);
        }
        let workshop = self.scratch("index")?;
        fs::create_dir(&workshop).map_err(at("making folder", &workshop))?;
        let indexed = self.index(&[open()?], &found, &workshop, cancel);
        let kept = indexed.and_then(|()| Ok(self.keep(&workshop, place)?));
        remove_folder(&workshop).map_err(at("removing folder", &workshop))?;
        self.reopen();
        kept.map(|()| absorbed)
    }

    /// Writes the pack and its index into `workshop`, every object hashed.
    pub(super) fn index(
        &self,
        files: &[fs::File],
        found: &Survey,
        workshop: &Path,
        cancel: &AtomicBool,
    ) -> Result<(), Trouble> {
        let options = pack::bundle::write::Options {
            thread_limit: Some(1),
            iteration_mode: pack::data::input::Mode::Verify,
            alloc_limit_bytes: Some(self.limits.allocation()),
            ..Default::default()
        };
        let composer = Composer::new(files, self.main.as_ref(), &found.pieces);
        let written = pack::Bundle::write_to_directory(
            &mut BufReader::with_capacity(64 * 1024, composer),
            Some(workshop),
            &mut gix::progress::Discard,
            cancel,
            None::<gix::odb::Handle>,
            KIND,
            options,
        );
        match written {
            Ok(_) => Ok(()),
            Err(_) if cancel.load(Ordering::Relaxed) => Err(Error::Stopped.into()),
            Err(error) => Err(match own_fault(&error) {
                Some(kind) => at("indexing a pack in", workshop)(kind.into()).into(),
                None => MirrorError::garbage("indexing failed", error).into(),
            }),
        }
    }

    pub(super) fn keep(&self, workshop: &Path, place: Place) -> Result<(), Error> {
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
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let memory = cause.is::<std::collections::TryReserveError>().then_some(io::ErrorKind::OutOfMemory);
        memory.or_else(|| cause.downcast_ref::<io::Error>().map(io::Error::kind))
    };
    error.iter_errors().filter_map(kind).find(|kind| OWN_FAULTS.contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pack lacks is the mirror's to mend; what this machine lacks is not.
    #[test]
    fn a_machine_short_of_memory_is_no_fault_of_the_pack() {
        let short = Vec::<u8>::new().try_reserve(isize::MAX as usize).unwrap_err();
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let torn = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(own_fault(&gix::error::Error::from_error(short)), Some(io::ErrorKind::OutOfMemory));
        assert_eq!(own_fault(&gix::error::Error::from_error(full)), Some(io::ErrorKind::StorageFull));
        assert_eq!(own_fault(&gix::error::Error::from_error(torn)), None);
    }
}
