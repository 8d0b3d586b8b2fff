//! Reading one tree object, which a hostile committer may have written.

use super::ids::{KIND, hash};
use crate::model::artifact::Tree;
use crate::model::{BlobId, Entry, EntryKind, TreeId};
use gix::bstr::{BStr, ByteSlice};
use gix::objs::TreeRef;
use gix::objs::tree::{EntryKind as Mode, EntryRef, name_order};
use gix_validate::path::component;
use std::cmp::Ordering;

/// Names are never written to a disk, so only what git itself refuses is refused.
const NAMES: component::Options =
    component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };

/// The modes that git has ever written; 100664 is of its first months. gix takes all others for submodules.
const MODES: [u16; 6] = [0o040_000, 0o100_644, 0o100_664, 0o100_755, 0o120_000, 0o160_000];

/// Reads a tree. The error is what a person is told: what is wrong, with the name it is wrong about.
pub(super) fn parse(raw: Vec<u8>) -> Result<Tree, String> {
    let tree = TreeRef::from_bytes(&raw, KIND)
        .map_err(|_| "it is not a tree that git could have written".to_owned())?;
    let mut entries = Vec::with_capacity(tree.entries.len());
    for (at, entry) in tree.entries.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|before| &tree.entries[before]) {
            in_order(before, entry)?;
        }
        entries.push(read(entry)?);
    }
    unique(&tree.entries)?;
    Ok(Tree { raw, entries })
}

fn read(entry: &EntryRef<'_>) -> Result<Entry, String> {
    let mode = entry.mode.kind();
    if !MODES.contains(&entry.mode.value()) {
        return Err(format!(
            "{:?} has mode {:o}, which git does not know",
            entry.filename,
            entry.mode.value()
        ));
    }
    let link = (mode == Mode::Link).then_some(component::Mode::Symlink);
    let refused =
        |why: &dyn std::fmt::Display| format!("the name {:?} is not allowed: {why}", entry.filename);
    gix_validate::path::component(entry.filename, link, NAMES).map_err(|error| refused(&error))?;
    let name = entry.filename.to_str().map_err(|_| refused(&"it is not UTF-8"))?;
    if name.chars().any(|c| c.is_control() || c == '\\') {
        return Err(refused(&"it holds a control character or a backslash"));
    }
    let id = hash(entry.oid);
    let kind = match mode {
        Mode::Tree => EntryKind::Tree(TreeId(id)),
        Mode::Blob | Mode::BlobExecutable => EntryKind::File(BlobId(id)),
        Mode::Link => EntryKind::Link(BlobId(id)),
        Mode::Commit => EntryKind::Submodule,
    };
    Ok(Entry { name: name.to_owned(), kind })
}

fn in_order(before: &EntryRef<'_>, entry: &EntryRef<'_>) -> Result<(), String> {
    let order = name_order(before.filename, before.mode.is_tree(), entry.filename, entry.mode.is_tree());
    if order == Ordering::Less { Ok(()) } else { Err(format!("{:?} is out of order", entry.filename)) }
}

/// A file and a folder of one name are in order, for a folder sorts as if it ended in `/`; they are not allowed all the same.
fn unique(entries: &[EntryRef<'_>]) -> Result<(), String> {
    let mut names: Vec<&BStr> = entries.iter().map(|entry| entry.filename).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("{:?} is there twice", pair[0])),
        None => Ok(()),
    }
}
