//! The parsers of foreign bytes by themselves, for fuzzing: each must answer or refuse, whatever it is given.

use super::objects::{Ending, Objects, Place};
use super::settings::Limits;
use super::{mirror, tree};
use gix::ObjectId;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Reads bytes as a tree object. Answers whether they are one.
pub fn tree(bytes: &[u8]) -> bool {
    tree::parse(bytes.to_vec()).is_ok()
}

/// Reads bytes as a server's answers to our greeting and to a question for a ref. Answers whether a ref was found.
pub fn talk(bytes: &[u8]) -> bool {
    mirror::talk(bytes)
}

/// Takes bytes for a pack: checks and indexes them below `folder`, as if a mirror had sent them. Answers how many objects are kept:
/// of bytes that are `cut` short, those that came whole; `None` if they are refused.
pub fn pack(folder: &Path, bytes: &[u8], cut: bool) -> Option<usize> {
    let mut objects = Objects::open(folder, Limits::default());
    let mut spool = objects.spool(Place::Incoming(ObjectId::null(super::ids::KIND))).ok()?;
    spool.write(bytes).ok()?;
    let ending = if cut { Ending::Cut } else { Ending::Whole };
    Some(objects.absorb(spool, ending, false, &AtomicBool::new(false)).ok()?.objects)
}
