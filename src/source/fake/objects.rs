//! Making git objects from files.

use crate::source::ids::KIND;
use gix::ObjectId;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Kind, Tree, WriteTo};
use std::collections::{BTreeMap, HashMap};

/// Objects by id.
pub(super) type Shelf = HashMap<ObjectId, (Kind, Vec<u8>)>;

/// Puts an object on the shelf and answers with its id.
pub(super) fn put(shelf: &mut Shelf, kind: Kind, bytes: Vec<u8>) -> ObjectId {
    let id = gix::objs::compute_hash(KIND, kind, &bytes)
        .expect("because a test's objects hold no collision attack");
    shelf.insert(id, (kind, bytes));
    id
}

/// Puts the tree of these files on the shelf, with all below it.
pub(super) fn put_tree(shelf: &mut Shelf, files: &BTreeMap<String, String>) -> ObjectId {
    let mut folders: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    let mut entries = Vec::new();
    for (path, content) in files {
        if let Some((folder, rest)) = path.split_once('/') {
            folders.entry(folder).or_default().insert(rest.to_owned(), content.clone());
        } else {
            let oid = put(shelf, Kind::Blob, content.clone().into_bytes());
            entries.push(Entry { mode: EntryKind::Blob.into(), filename: path.as_str().into(), oid });
        }
    }
    for (name, files) in folders {
        let oid = put_tree(shelf, &files);
        entries.push(Entry { mode: EntryKind::Tree.into(), filename: name.into(), oid });
    }
    entries.sort();
    let mut bytes = Vec::new();
    Tree { entries }.write_to(&mut bytes).expect("because a vector takes everything");
    put(shelf, Kind::Tree, bytes)
}

/// A commit's bytes without a signature: what gets signed.
pub(super) fn commit(tree: ObjectId, parents: &[ObjectId], seconds: i64, message: &str) -> Vec<u8> {
    let mut lines = vec![format!("tree {tree}")];
    lines.extend(parents.iter().map(|parent| format!("parent {parent}")));
    lines.extend(["author", "committer"].map(|role| format!("{role} Ada <ada@example.com> {seconds} +0000")));
    format!("{}\n\n{message}\n", lines.join("\n")).into_bytes()
}

/// The same commit with a signature in its header.
pub(super) fn sign(commit: &[u8], signature: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(commit);
    let (header, message) = text.split_once("\n\n").expect("because `commit` puts an empty line there");
    let folded = signature.trim_end().replace('\n', "\n ");
    format!("{header}\ngpgsig {folded}\n\n{message}").into_bytes()
}
