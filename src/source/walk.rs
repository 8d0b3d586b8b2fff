//! From a root tree down to what was asked for: what is at hand, and what is not.

use super::error::Error;
use super::ids;
use super::lookup::Lookup;
use super::settings::Limits;
use super::tree;
use crate::model::artifact::Tree;
use crate::model::{BlobId, Entry, EntryKind, File, RepoPath, TreeId};
use gix::ObjectId;
use gix::objs::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// What a walk found.
#[derive(Default)]
pub(super) struct Found {
    /// All trees on the way to and below the paths.
    pub trees: BTreeMap<RepoPath, Tree>,
    /// All files below the paths, by id: none is read yet.
    pub files: BTreeMap<RepoPath, BlobId>,
    /// What is not at hand.
    pub missing: Vec<Missing>,
}

/// One object that is not at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// Where it is needed.
    pub path: RepoPath,
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub what: What,
}

/// What a missing object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A file.
    Blob,
    /// A folder on the way to something that was asked for.
    TreeOnTheWay,
    /// A folder that was asked for with all below it.
    WholeTree,
}

struct Walk<'a> {
    objects: &'a dyn Lookup,
    limits: &'a Limits,
    found: Found,
    bytes: usize,
    seen: BTreeSet<ObjectId>,
}

/// Walks from `root` to each of `paths` and all below it. A path that is not there is no error: the trees that would hold it show it.
pub(super) fn walk(
    objects: &dyn Lookup,
    limits: &Limits,
    root: &TreeId,
    paths: &BTreeSet<RepoPath>,
) -> Result<Found, Error> {
    let mut walk = Walk { objects, limits, found: Found::default(), bytes: 0, seen: BTreeSet::new() };
    let all: Vec<&RepoPath> = paths.iter().collect();
    walk.folder(RepoPath::root(), root, &all)?;
    Ok(walk.found)
}

/// Whether a tree with everything below it is at hand.
pub(super) fn holds_all(objects: &dyn Lookup, root: ObjectId) -> Result<bool, Error> {
    let mut waiting = vec![root];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let Some((Kind::Tree, raw)) = objects.find(&id)? else { return Ok(false) };
        for entry in gix::objs::TreeRefIter::from_bytes(&raw, ids::KIND) {
            let Ok(entry) = entry else { return Ok(false) };
            let id = entry.oid.to_owned();
            if entry.mode.is_commit() || !seen.insert(id) {
                continue;
            }
            if entry.mode.is_tree() {
                waiting.push(id);
            } else if !objects.contains(&id) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

impl Walk<'_> {
    /// Reads the folder at `path`; `asked` are the requested paths at, above or below it.
    fn folder(&mut self, path: RepoPath, id: &TreeId, asked: &[&RepoPath]) -> Result<(), Error> {
        let whole = asked.iter().any(|asked| path.is_within(asked));
        let Some(tree) = self.tree(&path, id, whole)? else { return Ok(()) };
        for entry in &tree.entries {
            let below = join(&path, entry)?;
            let asked: Vec<&RepoPath> = asked
                .iter()
                .copied()
                .filter(|asked| below.is_within(asked) || asked.is_within(&below))
                .collect();
            if !asked.is_empty() {
                self.entry(below, entry, &asked)?;
            }
        }
        self.found.trees.insert(path, tree);
        Ok(())
    }

    fn entry(&mut self, path: RepoPath, entry: &Entry, asked: &[&RepoPath]) -> Result<(), Error> {
        match &entry.kind {
            EntryKind::Tree(id) => {
                self.count(&path)?;
                self.folder(path, id, asked)
            }
            // A path that goes on below a file does not exist.
            EntryKind::File(id) if asked.iter().any(|asked| path.is_within(asked)) => {
                self.count(&path)?;
                self.file(path, *id)
            }
            EntryKind::File(_) | EntryKind::Link(_) | EntryKind::Submodule => Ok(()),
        }
    }

    fn file(&mut self, path: RepoPath, id: BlobId) -> Result<(), Error> {
        let object = usable(&path, &id.0)?;
        if !self.objects.contains(&object) && self.seen.insert(object) {
            self.found.missing.push(Missing { path: path.clone(), id: object, what: What::Blob });
        }
        self.found.files.insert(path, id);
        Ok(())
    }

    /// The tree, or `None` with a note that it is missing.
    fn tree(&mut self, path: &RepoPath, id: &TreeId, whole: bool) -> Result<Option<Tree>, Error> {
        let object = usable(path, &id.0)?;
        let Some((kind, raw)) = self.objects.find(&object)? else {
            let what = if whole { What::WholeTree } else { What::TreeOnTheWay };
            if self.seen.insert(object) {
                self.found.missing.push(Missing { path: path.clone(), id: object, what });
            }
            return Ok(None);
        };
        let bad = |why: String| Error::BadTree { path: path.clone(), why };
        if kind != Kind::Tree {
            return Err(bad(format!("it is a {kind}, not a folder")));
        }
        self.bytes += raw.len();
        if self.bytes > self.limits.artifact_bytes {
            return Err(too_large("the folders under the paths of this site", self.limits.artifact_bytes));
        }
        tree::parse(raw).map(Some).map_err(bad)
    }

    fn count(&self, path: &RepoPath) -> Result<(), Error> {
        let paths = self.found.trees.len() + self.found.files.len() + self.found.missing.len();
        if paths < self.limits.artifact_paths {
            return Ok(());
        }
        let limit = format!("{} files and folders", self.limits.artifact_paths);
        Err(Error::TooLarge { what: format!("the content of this site, up to {path}"), limit })
    }
}

/// The files' bytes, with what they need together kept under the limit.
pub(super) fn load(
    objects: &dyn Lookup,
    limits: &Limits,
    found: &Found,
) -> Result<BTreeMap<RepoPath, File>, Error> {
    let mut left = limits.artifact_bytes - found.trees.values().map(|tree| tree.raw.len()).sum::<usize>();
    let mut files = BTreeMap::new();
    for (path, id) in &found.files {
        let (kind, data) = objects.find(&usable(path, &id.0)?)?.ok_or(Error::Stopped)?;
        if kind != Kind::Blob {
            return Err(Error::BadTree { path: path.clone(), why: format!("it is a {kind}, not a file") });
        }
        if data.len() > limits.object_bytes {
            return Err(too_large(path, limits.object_bytes));
        }
        left = left
            .checked_sub(data.len())
            .ok_or_else(|| too_large("all files under the paths of this site", limits.artifact_bytes))?;
        files.insert(path.clone(), File { id: *id, data });
    }
    Ok(files)
}

fn join(folder: &RepoPath, entry: &Entry) -> Result<RepoPath, Error> {
    folder.join(&entry.name).map_err(|error| Error::BadTree { path: folder.clone(), why: error.to_string() })
}

fn usable(path: &RepoPath, id: &crate::model::Hash) -> Result<ObjectId, Error> {
    let why = || format!("its id is of kind {}, which this site cannot hold", id.function());
    ids::object(id).ok_or_else(|| Error::BadTree { path: path.clone(), why: why() })
}

fn too_large(what: impl std::fmt::Display, limit: usize) -> Error {
    Error::TooLarge { what: what.to_string(), limit: format!("{} MiB", limit >> 20) }
}
