//! What a crash left of downloads: it was paid for, so what is whole of it is kept.

use super::Objects;
use super::disk::remove_folder;
use super::spool::place;
use super::survey::Ending;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What a file is called while it is salvaged: one that is found under this name ended the process that tried, and is not tried again.
const TRIED: &str = "tried";

impl Objects {
    /// Keeps what earlier runs did not get to keep. A disk that refuses keeps its litter: it is in nobody's way.
    pub(super) fn salvage(&mut self) {
        let folder = self.root.join("arriving");
        let files = fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        for file in files.collect::<Vec<PathBuf>>() {
            self.salvage_file(&file);
        }
        if let Err(error) = remove_folder(&folder) {
            tracing::debug!(folder = %folder.display(), %error, "leftovers stay");
        }
    }

    fn salvage_file(&mut self, file: &Path) {
        let Some(place) = place(file) else { return };
        let tried = file.with_extension(TRIED);
        if fs::rename(file, &tried).is_err() {
            return;
        }
        match self.absorb_file(&tried, place, Ending::Cut, true, &AtomicBool::new(false)) {
            Ok(kept) => tracing::info!(objects = kept.objects, "a download that was cut off is kept"),
            Err(error) => {
                tracing::debug!(file = %file.display(), ?error, "nothing of a download can be kept")
            }
        }
    }
}
