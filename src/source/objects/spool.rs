//! A pack as it arrives.

use super::Objects;
use super::disk::at;
use super::packs::Place;
use crate::source::error::Error;
use crate::source::mirror_error::MirrorError;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A pack as it arrives, in a file of its own below `arriving`, named after where it belongs. Dropping it removes the file; what a
/// crash leaves there is salvaged at the next start.
pub(in crate::source) struct Spool {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    file: BufWriter<fs::File>,
    written: u64,
    limit: u64,
    /// What a mirror that reads our limits left out, with its size.
    pub(super) over: Vec<(ObjectId, u64)>,
}

/// How a file is called whose pack belongs to what is there for good.
const MAIN: &str = "main";

impl Objects {
    /// A file for a pack that is about to arrive.
    pub(in crate::source) fn spool(&self, place: Place) -> Result<Spool, Error> {
        self.lay_out()?;
        let folder = self.root.join("arriving");
        fs::create_dir_all(&folder).map_err(at("making folder", &folder))?;
        let stem = match place {
            Place::Main => MAIN.to_owned(),
            Place::Incoming(tip) => tip.to_string(),
        };
        let path = folder.join(format!("{stem}-{}.part", self.number()));
        let file = fs::File::create(&path).map_err(at("making", &path))?;
        Ok(Spool {
            path,
            place,
            file: BufWriter::new(file),
            written: 0,
            limit: self.limits.pack_bytes,
            over: Vec::new(),
        })
    }
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

    /// Notes an object that is larger than is taken, and so is not written.
    pub(in crate::source) fn leave_out(&mut self, id: ObjectId, size: u64) {
        self.over.push((id, size));
    }

    /// How many bytes arrived.
    pub(in crate::source) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.file.flush().map_err(at("writing", &self.path))
    }
}

/// Where the pack in such a file belongs.
pub(super) fn place(file: &Path) -> Option<Place> {
    let (stem, _) = file.file_name()?.to_str()?.strip_suffix(".part")?.split_once('-')?;
    match stem {
        MAIN => Some(Place::Main),
        tip => ObjectId::from_hex(tip.as_bytes()).ok().map(Place::Incoming),
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a leftover stays until the next start");
        }
    }
}
