//! The parsers of foreign bytes by themselves, for fuzzing: each must answer or refuse, whatever it is given.

use super::objects::{Objects, Place};
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

/// Takes bytes for a pack: checks and indexes them below `folder`, as if a mirror had sent them. Answers whether they are kept.
pub fn pack(folder: &Path, bytes: &[u8]) -> bool {
    let mut objects = Objects::open(folder, Limits::default());
    let Ok(mut spool) = objects.spool() else { return false };
    let tip = ObjectId::null(super::ids::KIND);
    spool.write(bytes).is_ok()
        && objects.absorb(spool, Place::Incoming(tip), false, &AtomicBool::new(false)).is_ok()
}
