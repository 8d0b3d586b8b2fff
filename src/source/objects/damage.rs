//! Damage on disk: a pack whose bytes are not what they were is removed, and its objects are fetched again.

use super::Objects;
use super::disk::{at, sync_folder};
use super::packs::pack_names;
use crate::source::error::Error;
use crate::source::ids::KIND;
use gix::odb::pack;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

impl Objects {
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
    bundle.index.verify_checksum(&mut gix::progress::Discard, &never).is_ok()
        && bundle.pack.verify_checksum(&mut gix::progress::Discard, &never).is_ok()
}

/// The index goes first: a pack without one is not looked for.
fn remove(index: &Path) -> Result<(), Error> {
    fs::remove_file(index).map_err(at("removing damaged", index))?;
    let pack = index.with_extension("pack");
    if pack.exists() {
        fs::remove_file(&pack).map_err(at("removing damaged", &pack))?;
    }
    Ok(())
}
