//! What came with tips that nobody has proven yet: one folder for each tip, named by it, so that a restart loses nothing.

use super::Objects;
use super::disk::{at, remove_folder, sync_folder};
use super::packs::{install, pack_names};
use crate::source::error::Error;
use gix::ObjectId;
use gix::objs::Exists;
use std::fs;
use std::path::PathBuf;

impl Objects {
    /// Makes what waits with this tip part of the database: its revision has been proven.
    pub(in crate::source) fn promote(&mut self, tip: &ObjectId) -> Result<(), Error> {
        let folder = self.incoming_folder(tip);
        if !folder.is_dir() {
            return Ok(());
        }
        self.lay_out()?;
        let target = self.root.join("objects/pack");
        for name in pack_names(&folder.join("pack"))? {
            install(&folder.join("pack"), &name, &target)?;
        }
        sync_folder(&target)?;
        remove_folder(&folder).map_err(at("removing folder", &folder))?;
        self.reopen();
        Ok(())
    }

    /// Keeps with `tip` what waits with other tips and holds commits of its chain that are nowhere else: a chain may have come in
    /// parts, while the mirror moved on.
    pub(in crate::source) fn gather(&mut self, tip: &ObjectId, chain: &[ObjectId]) -> Result<(), Error> {
        let of = |tip: &ObjectId| self.incoming.iter().find(|(own, _)| own == tip).map(|(_, handle)| handle);
        let (main, own) = (self.main.as_ref(), of(tip));
        let is_here = |id: &ObjectId| main.into_iter().chain(own).any(|handle| handle.exists(id));
        let away: Vec<&ObjectId> = chain.iter().filter(|id| !is_here(id)).collect();
        let holds = |handle: &gix::odb::Handle| away.iter().any(|id| handle.exists(id));
        let others = self.incoming.iter().filter(|(other, handle)| other != tip && holds(handle));
        let others: Vec<ObjectId> = others.map(|(other, _)| *other).collect();
        let target = self.incoming_folder(tip).join("pack");
        for other in &others {
            let folder = self.incoming_folder(other);
            fs::create_dir_all(&target).map_err(at("making folder", &target))?;
            for name in pack_names(&folder.join("pack"))? {
                install(&folder.join("pack"), &name, &target)?;
            }
            for folder in target.ancestors().take(4) {
                sync_folder(folder)?;
            }
            remove_folder(&folder).map_err(at("removing folder", &folder))?;
        }
        if !others.is_empty() {
            self.reopen();
        }
        Ok(())
    }

    /// Drops what waits with any other tip: no mirror offers it any more.
    pub(in crate::source) fn keep_only(&mut self, tips: &[ObjectId]) -> Result<(), Error> {
        let mut dropped = false;
        for tip in self.list_incoming() {
            if !tips.contains(&tip) {
                let folder = self.incoming_folder(&tip);
                remove_folder(&folder).map_err(at("removing folder", &folder))?;
                dropped = true;
            }
        }
        if dropped {
            self.reopen();
        }
        Ok(())
    }

    /// Ends promotions that a power cut interrupted between a pack and its index.
    pub(super) fn finish_promotions(&self) {
        let target = self.root.join("objects/pack");
        for tip in self.list_incoming() {
            let folder = self.incoming_folder(&tip).join("pack");
            let names = pack_names(&folder).unwrap_or_default();
            let mut half = names.iter().filter(|name| !folder.join(name).with_extension("pack").exists());
            if let Err(error) = half.try_for_each(|name| install(&folder, name, &target)) {
                tracing::debug!(%tip, %error, "a half promoted pack stays");
            }
        }
    }

    pub(super) fn incoming_folder(&self, tip: &ObjectId) -> PathBuf {
        self.root.join("incoming").join(tip.to_string())
    }

    /// The tips that something waits for.
    pub(super) fn list_incoming(&self) -> Vec<ObjectId> {
        let Ok(entries) = fs::read_dir(self.root.join("incoming")) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| ObjectId::from_hex(name.as_bytes()).ok()).collect()
    }
}
