//! Content of one revision: the asked-for part of its tree, with the trees that lead there.

use super::hash::{BlobId, TreeId};
use super::path::RepoPath;
use super::revision::Revision;
use std::collections::BTreeMap;

/// Files of one revision under the paths that were asked for, and every tree object from the root to them.
/// The trees make it checkable: `trust::bind` hashes each of them, and each file, down from the proven commit's root tree,
/// so a path that is not in an artifact's trees is proven to be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The revision it belongs to.
    pub revision: Revision,
    /// The root tree.
    pub root: TreeId,
    /// Raw tree objects by path, the root under the empty path.
    pub trees: BTreeMap<RepoPath, Tree>,
    /// Files by path. Symbolic links and submodules are in the trees but never here.
    pub files: BTreeMap<RepoPath, File>,
}

/// One tree object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Its bytes, as git stores them (without the `tree <len>\0` header).
    pub raw: Vec<u8>,
    /// The same, read.
    pub entries: Vec<Entry>,
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A single path part.
    pub name: String,
    /// What it is and its id.
    pub kind: EntryKind,
}

/// What a tree's line points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Tree(TreeId),
    /// A regular or executable file.
    File(BlobId),
    /// A symbolic link: never followed.
    Link(BlobId),
    /// A submodule: never fetched.
    Submodule,
}

/// One file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its blob's id.
    pub id: BlobId,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// What the trees of an artifact tell about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A symbolic link, or something behind one.
    Link,
    /// A submodule, or something inside one.
    Submodule,
    /// The revision has nothing there.
    Absent,
    /// The tree that would tell is not part of this artifact.
    Unknown,
}

impl Artifact {
    /// What is at `path`, walking down from the root tree.
    pub fn presence(&self, path: &RepoPath) -> Presence {
        let mut at = RepoPath::root();
        let mut found = Presence::Folder;
        for part in path.parts() {
            match found {
                Presence::Folder => {}
                Presence::File => return Presence::Absent,
                other => return other,
            }
            let Some(entries) = self.list(&at) else { return Presence::Unknown };
            found = match entries.iter().find(|entry| entry.name == part).map(|entry| entry.kind) {
                None => Presence::Absent,
                Some(EntryKind::Tree(_)) => Presence::Folder,
                Some(EntryKind::File(_)) => Presence::File,
                Some(EntryKind::Link(_)) => Presence::Link,
                Some(EntryKind::Submodule) => Presence::Submodule,
            };
            at = at.join(part).unwrap_or_default();
        }
        found
    }

    /// The entries of the folder at `path`, if that folder's tree is part of this artifact.
    pub fn list(&self, path: &RepoPath) -> Option<&[Entry]> {
        self.trees.get(path).map(|tree| tree.entries.as_slice())
    }

    /// The line for `path` in its folder's tree, if that tree is part of this artifact and has it.
    pub fn entry(&self, path: &RepoPath) -> Option<&Entry> {
        let folder = path.parent()?;
        self.list(&folder)?.iter().find(|entry| entry.name == path.name())
    }

    /// The bytes of the file at `path`, if they are part of this artifact.
    pub fn file(&self, path: &RepoPath) -> Option<&[u8]> {
        self.files.get(path).map(|file| file.data.as_slice())
    }

    /// All files at or below `path`, in the order of their paths.
    pub fn files_within<'a>(&'a self, path: &'a RepoPath) -> impl Iterator<Item = (&'a RepoPath, &'a File)> {
        self.files.iter().filter(move |(at, _)| at.is_within(path))
    }
}
