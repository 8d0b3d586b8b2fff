//! The bare object database on disk.
//!
//! # What
//! ```text
//! objects/pack/              what proven revisions need, and all that they were fetched with
//! incoming/<tip>/pack/       what came with a tip that nobody has proven yet
//! arriving/                  packs that are being downloaded; what a crash leaves there is salvaged at the next start
//! scratch/                   packs that are being indexed; emptied at every start
//! link.json                  what is known of the links to the mirrors (`source::link`)
//! HEAD config refs/          so that `git --git-dir` can look at it
//! ```
//!
//! # Invariants
//! A pack gets its final name after it, its index and their checksums were written and fsynced, so what a power cut leaves behind
//! lies in `scratch` and `arriving`. Every pack stands on its own: of what arrives, thin or cut short, the entries that can be
//! resolved are made into a pack, and their bases come along. Objects are found by hash and were hashed when their pack was indexed,
//! so an unproven pack can waste space but never change what an id means. Old packs go only when the one that holds what is needed of
//! them is there for good, and all packs together are held to a limit.
//!
//! # Not here
//! Which objects are wanted, and where they come from.

mod compose;
mod damage;
mod disk;
mod incoming;
mod live;
mod merge;
mod packs;
mod salvage;
mod spool;
mod survey;
mod upkeep;

use super::error::Error;
use super::lookup::Lookup;
use super::settings::Limits;
use gix::ObjectId;
use gix::objs::{Exists, Find, Kind};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(super) use disk::replace;
pub(super) use packs::{Absorbed, Place};
pub(super) use spool::Spool;
pub(super) use survey::Ending;
use upkeep::weigh;

/// The object database of this site.
pub(super) struct Objects {
    root: PathBuf,
    limits: Limits,
    main: Option<gix::odb::Handle>,
    incoming: Vec<(ObjectId, gix::odb::Handle)>,
    /// Bytes of all packs.
    bytes: u64,
    /// The revisions that are needed, as far as somebody said.
    retained: BTreeSet<ObjectId>,
    /// Whether all packs were put together since.
    is_compact: bool,
    next: Cell<u32>,
}

impl Objects {
    /// Opens what is there. Nothing needs to be: folders are made when something is first written, so that a site on a read-only
    /// disk still reads.
    pub(super) fn open(root: &Path, limits: Limits) -> Self {
        let mut objects = Self {
            root: root.to_owned(),
            limits,
            main: None,
            incoming: Vec::new(),
            bytes: 0,
            retained: BTreeSet::new(),
            is_compact: false,
            next: Cell::new(0),
        };
        objects.clear_scratch();
        objects.finish_promotions();
        objects.clear_strays();
        objects.check_newest();
        objects.reopen();
        objects.salvage();
        objects
    }

    fn read(&self, from: &gix::odb::Handle, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        let mut bytes = Vec::new();
        let found = from.try_find(id, &mut bytes).map_err(|source| Error::Damaged {
            id: id.to_string(),
            path: self.root.clone(),
            source: source.into(),
        })?;
        let Some(kind) = found.map(|data| data.kind) else { return Ok(None) };
        Ok(Some((kind, bytes)))
    }

    /// Looks at the folders anew. gix sizes its table of packs when a database is opened, so this follows every change.
    fn reopen(&mut self) {
        self.main = open_database(&self.root.join("objects"), &self.limits);
        let tips = self.list_incoming();
        self.incoming = tips
            .into_iter()
            .filter_map(|tip| Some((tip, open_database(&self.incoming_folder(&tip), &self.limits)?)))
            .collect();
        let waiting = self.incoming.iter().map(|(tip, _)| self.incoming_folder(tip));
        self.bytes =
            waiting.chain([self.root.join("objects")]).map(|folder| weigh(&folder.join("pack"))).sum();
    }
}

impl Lookup for Objects {
    fn contains(&self, id: &ObjectId) -> bool {
        self.main.as_ref().is_some_and(|main| main.exists(id))
    }

    fn find(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        self.main.as_ref().map_or(Ok(None), |main| self.read(main, id))
    }

    fn find_anywhere(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        for handle in self.main.iter().chain(self.incoming.iter().map(|(_, handle)| handle)) {
            if let Some(found) = self.read(handle, id)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// A handle on a folder of packs; `None` if there is no such folder.
pub(super) fn open_database(folder: &Path, limits: &Limits) -> Option<gix::odb::Handle> {
    let options = gix::odb::store::init::Options {
        use_multi_pack_index: false,
        alloc_limit_bytes: Some(limits.allocation()),
        current_dir: Some(folder.to_owned()),
        ..Default::default()
    };
    let mut handle = gix::odb::at_opts(folder, super::ids::KIND, [], options).ok()?;
    handle.refresh_never();
    Some(handle)
}
