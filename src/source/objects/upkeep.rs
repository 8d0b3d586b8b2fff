//! Upkeep: of many small packs one is made, and what no revision needs any more is left out of it.
//!
//! Packs are rewritten as seldom as flash deserves: small ones together, a large one when there is about as much beside it. So of a
//! revision that is not kept any more some may stay, but all packs together are hardly larger than twice what is needed.

use super::Objects;
use super::damage::remove;
use super::disk::{at, remove_folder, sync_folder};
use super::merge::{Old, merge};
use super::packs::{Place, pack_names};
use super::survey::Survey;
use crate::source::error::Error;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// More packs than this are too many: each is looked into for every object, and stays open.
const MANY: usize = 32;
/// So many are left at most when small ones were put together.
const FEW: usize = 8;

/// One pack on disk, by its name without extension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pack {
    bytes: u64,
    name: PathBuf,
}

impl Objects {
    /// Keeps these revisions, as far as they are there; what else is there may go from now on. With none of them nothing is done: nobody
    /// who knows what is needed needs nothing.
    pub(in crate::source) fn retain(
        &mut self,
        revisions: BTreeSet<ObjectId>,
        cancel: &AtomicBool,
    ) -> Result<(), Error> {
        if revisions.is_empty() {
            return Ok(());
        }
        if revisions != self.retained {
            (self.retained, self.is_compact) = (revisions, false);
        }
        let packs = self.packs()?;
        let sizes: Vec<u64> = packs.iter().map(|pack| pack.bytes).collect();
        self.rewrite(&packs, small(&sizes), cancel)
    }

    /// Makes room for what is going to arrive, if there is too little. Where there is none, nothing more is taken.
    pub(in crate::source) fn make_room(&mut self, cancel: &AtomicBool) -> Result<(), Error> {
        let limit = self.limits.database_bytes;
        if self.bytes <= limit {
            return Ok(());
        }
        if !self.retained.is_empty() && !self.is_compact {
            let packs = self.packs()?;
            self.rewrite(&packs, packs.len(), cancel)?;
            self.is_compact = true;
        }
        if self.bytes <= limit {
            return Ok(());
        }
        let limit = format!("{} MiB", limit >> 20);
        Err(Error::TooLarge { what: "what is kept of all revisions".to_owned(), limit })
    }

    /// All packs that are there for good, the smallest first.
    fn packs(&self) -> Result<Vec<Pack>, Error> {
        let folder = self.root.join("objects/pack");
        let mut packs = Vec::new();
        for name in pack_names(&folder)? {
            packs.push(Pack { bytes: size(&folder.join(&name)), name });
        }
        packs.sort();
        Ok(packs)
    }

    /// Makes one pack of the first `count` of these.
    fn rewrite(&mut self, packs: &[Pack], count: usize, cancel: &AtomicBool) -> Result<(), Error> {
        let folder = self.root.join("objects/pack");
        let open = |pack: &Pack| Old::open(&folder.join(&pack.name).with_extension("idx"));
        let damaged = |error: gix::error::Error| self.damaged(error);
        let (old, staying) = packs.split_at(count);
        if old.is_empty() {
            return Ok(());
        }
        let opened = old.iter().map(open).collect::<Result<Vec<Old>, _>>().map_err(damaged)?;
        let others = staying.iter().map(open).collect::<Result<Vec<Old>, _>>().map_err(damaged)?;
        let live = self.live(&self.retained)?;
        let pieces = match &self.main {
            Some(main) => merge(&opened, &others, &live, main).map_err(damaged)?,
            None => return Ok(()),
        };
        drop((opened, others));
        if pieces.len() > self.limits.pack_objects as usize {
            return Ok(());
        }
        let mut files = Vec::new();
        for pack in old {
            let path = folder.join(&pack.name).with_extension("pack");
            files.push(fs::File::open(&path).map_err(at("reading", &path))?);
        }
        let mut new = Vec::new();
        if !pieces.is_empty() {
            let workshop = self.scratch("merge")?;
            fs::create_dir(&workshop).map_err(at("making folder", &workshop))?;
            let survey = Survey { pieces, ..Survey::default() };
            let indexed = self.index(&files, &survey, &workshop, cancel).map_err(|trouble| match trouble {
                Trouble::Ours(error) => error,
                Trouble::Mirror(error) => self.damaged(error),
            });
            let kept = indexed.and_then(|()| {
                new = pack_names(&workshop)?;
                self.keep(&workshop, Place::Main)
            });
            remove_folder(&workshop).map_err(at("removing folder", &workshop))?;
            kept?;
        }
        // Only when the new one is there for good may the old ones go. One that came out as it was stays.
        for pack in old.iter().filter(|pack| !new.contains(&pack.name)) {
            remove(&folder.join(&pack.name).with_extension("idx"))?;
        }
        sync_folder(&folder)?;
        let before = self.bytes;
        self.reopen();
        tracing::debug!(packs = old.len(), before, after = self.bytes, "packs were put together");
        Ok(())
    }

    /// What could not be read here, whatever it was.
    fn damaged(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Damaged { id: "of a pack".to_owned(), path: self.root.clone(), source: error.into() }
    }
}

/// How many bytes a folder of packs takes.
pub(super) fn weigh(folder: &Path) -> u64 {
    pack_names(folder).unwrap_or_default().iter().map(|name| size(&folder.join(name))).sum()
}

/// A pack with its index.
fn size(name: &Path) -> u64 {
    let size = |extension: &str| fs::metadata(name.with_extension(extension)).map_or(0, |file| file.len());
    size("pack") + size("idx")
}

/// How many of the packs with these sizes, the smallest first, are made into one.
fn small(sizes: &[u64]) -> usize {
    if sizes.len() <= MANY {
        return 0;
    }
    let (mut bytes, mut count) = (0_u64, 0);
    for size in sizes {
        if sizes.len() - count <= FEW && *size > bytes.saturating_mul(2) {
            break;
        }
        bytes = bytes.saturating_add(*size);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_packs_are_put_together_and_large_ones_stay() {
        let many = |size: u64, count: usize| vec![size; count];
        for (name, sizes, expected) in [
            ("none", vec![], 0),
            ("as many as may be", many(6, MANY), 0),
            ("one more", many(6, MANY + 1), MANY + 1),
            ("beside a large one", [many(6, MANY), vec![17_000]].concat(), MANY),
            ("beside one that has as much beside it", [many(6, MANY), vec![300]].concat(), MANY + 1),
            ("of several sizes", [many(6, MANY), vec![1_000, 5_000, 20_000]].concat(), MANY),
        ] {
            assert_eq!(small(&sizes), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn few_are_left(mut sizes in proptest::collection::vec(0_u64.., 0..200)) {
            sizes.sort_unstable();
            let left = sizes.len() - small(&sizes);
            let most = if sizes.len() > MANY { FEW } else { sizes.len() };
            prop_assert!(left <= most, "{left} of {} packs", sizes.len());
        }

        #[test]
        fn what_stays_is_larger_than_what_is_rewritten(mut sizes in proptest::collection::vec(0_u64..1 << 40, 33..60)) {
            sizes.sort_unstable();
            let count = small(&sizes);
            let written: u64 = sizes[..count].iter().sum();
            prop_assert!(sizes[count..].iter().all(|size| *size > written));
        }
    }
}
