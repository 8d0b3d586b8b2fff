//! Folders, renames and fsyncs of the object database.

use super::Objects;
use crate::source::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
const HEAD: &str = "ref: refs/heads/none\n";

impl Objects {
    /// Makes the folders of a bare repository if they are not there.
    pub(super) fn lay_out(&self) -> Result<(), Error> {
        let packs = self.root.join("objects/pack");
        if packs.is_dir() && self.root.join("HEAD").is_file() {
            return Ok(());
        }
        for folder in [&packs, &self.root.join("refs")] {
            fs::create_dir_all(folder).map_err(at("making folder", folder))?;
        }
        for (name, content) in [("config", CONFIG), ("HEAD", HEAD)] {
            let path = self.root.join(name);
            write_synced(&path, content.as_bytes()).map_err(at("writing", &path))?;
        }
        for folder in [&self.root.join("objects"), &self.root] {
            sync_folder(folder)?;
        }
        match self.root.parent() {
            Some(above) => sync_folder(above),
            None => Ok(()),
        }
    }

    /// A path in `scratch` that nobody uses.
    pub(super) fn scratch(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join("scratch");
        fs::create_dir_all(&folder).map_err(at("making folder", &folder))?;
        Ok(folder.join(format!("{name}-{}", self.number())))
    }

    /// A number that was not given out since the start.
    pub(super) fn number(&self) -> u32 {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        number
    }

    /// Drops what an earlier run left half done. A disk that refuses keeps its litter: it is in nobody's way.
    pub(super) fn clear_scratch(&self) {
        let folder = self.root.join("scratch");
        if let Err(error) = remove_folder(&folder) {
            tracing::debug!(folder = %folder.display(), %error, "leftovers stay");
        }
    }
}

/// Turns an I/O error into ours, with what we were doing and the path.
pub(super) fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { doing, path, source }
}

/// Makes renames and new names in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    let open = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::File::open(open).and_then(|handle| handle.sync_all()).map_err(at("syncing folder", folder))
}

/// Makes a file's content durable.
pub(super) fn sync_file(path: &Path) -> Result<(), Error> {
    fs::File::open(path).and_then(|file| file.sync_all()).map_err(at("syncing", path))
}

/// Removes a folder with all in it; that it is not there is fine.
pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Puts a file in place of another: after a power cut it is the old one or the new one.
pub(in crate::source) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    write_synced(&new, content)?;
    fs::rename(&new, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())
}
