//! A folder of our own that goes when the demo ends.

use super::Error;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A temporary folder that nobody else may look into. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// How often another name is tried.
const ATTEMPTS: usize = 5;

impl Folder {
    /// Makes one below `parent`.
    pub(super) fn make(parent: &Path) -> Result<Self, Error> {
        for _ in 0..ATTEMPTS {
            let path = parent.join(format!("standfast-demo-{}", super::word()?));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(Error::Write { path, source }),
            }
        }
        let source = std::io::Error::from(ErrorKind::AlreadyExists);
        Err(Error::Write { path: parent.to_owned(), source })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "cannot remove the demo's folder");
        }
    }
}
