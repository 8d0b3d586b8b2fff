//! Damage on disk: a pack whose bytes are not what they were is removed, and its objects are fetched again.
//!
//! What was written last, which a power cut may have torn, is looked at when a site starts; the rest when something of it cannot be read.

use super::Objects;
use super::disk::{at, sync_folder};
use super::packs::pack_names;
use crate::source::error::Error;
use crate::source::ids::KIND;
use gix::odb::pack;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

/// So much of what was written last is checked at every start: a second or two on a slow card.
const NEWEST: u64 = 64 << 20;

impl Objects {
    /// Checks the packs that were written last, and removes those that fail. A disk that refuses is for whoever reads them to find out.
    pub(super) fn check_newest(&self) {
        let folder = self.root.join("objects/pack");
        let mut packs: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for name in pack_names(&folder).unwrap_or_default() {
            let index = folder.join(name).with_extension("idx");
            let file = index.with_extension("pack").metadata();
            let written =
                file.as_ref().ok().and_then(|file| file.modified().ok()).unwrap_or(SystemTime::UNIX_EPOCH);
            packs.push((written, file.map_or(0, |file| file.len()), index));
        }
        packs.sort_by(|a, b| b.cmp(a));
        let mut looked_at = 0;
        let newest = packs.into_iter().take_while(|(_, bytes, _)| {
            looked_at += bytes;
            looked_at <= NEWEST
        });
        for (_, _, index) in newest.filter(|(_, _, index)| !is_sound(index)) {
            let removed = remove(&index).and_then(|()| sync_folder(&folder));
            tracing::warn!(pack = %index.display(), ?removed, "a pack is damaged on disk: its objects are fetched again");
        }
    }

    /// Removes packs that a power cut left without an index, and whatever else is no pack.
    pub(super) fn clear_strays(&self) {
        let folder = self.root.join("objects/pack");
        let known = pack_names(&folder).unwrap_or_default();
        for file in fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())) {
            let is_pack = file.extension().is_some_and(|extension| extension == "pack" || extension == "idx");
            let is_known =
                file.file_name().is_some_and(|name| known.contains(&Path::new(name).with_extension("")));
            if !(is_pack && is_known)
                && let Err(error) = fs::remove_file(&file)
            {
                tracing::debug!(file = %file.display(), %error, "a leftover stays");
            }
        }
    }

    /// Checks every pack against its checksum and removes those that fail. Answers whether any did.
    pub(in crate::source) fn remove_damaged(&mut self) -> Result<bool, Error> {
        let mut folders = vec![self.root.join("objects/pack")];
        folders.extend(self.list_incoming().iter().map(|tip| self.incoming_folder(tip).join("pack")));
        let mut removed = false;
        for folder in folders {
            let indices =
                pack_names(&folder)?.into_iter().map(|name| folder.join(name).with_extension("idx"));
            for index in indices.filter(|index| !is_sound(index)) {
                remove(&index)?;
                sync_folder(&folder)?;
                removed = true;
            }
        }
        if removed {
            self.reopen();
        }
        Ok(removed)
    }
}

/// Whether a pack and its index are as they were written.
fn is_sound(index: &Path) -> bool {
    let never = AtomicBool::new(false);
    let Ok(bundle) = pack::Bundle::at(index, KIND) else { return false };
    bundle.index.pack_checksum() == bundle.pack.checksum()
        && bundle.index.verify_checksum(&mut gix::progress::Discard, &never).is_ok()
        && bundle.pack.verify_checksum(&mut gix::progress::Discard, &never).is_ok()
}

/// The index goes first: a pack without one is not looked for.
pub(super) fn remove(index: &Path) -> Result<(), Error> {
    fs::remove_file(index).map_err(at("removing damaged", index))?;
    let pack = index.with_extension("pack");
    if pack.exists() {
        fs::remove_file(&pack).map_err(at("removing damaged", &pack))?;
    }
    Ok(())
}
