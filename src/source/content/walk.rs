//! From a root tree down to what was asked for: what is at hand, and what is not.

use crate::model::artifact::Tree;
use crate::model::{BlobId, Entry, EntryKind, File, RepoPath, TreeId};
use crate::source::error::Error;
use crate::source::lookup::Lookup;
use crate::source::settings::Limits;
use crate::source::{ids, tree};
use gix::ObjectId;
use gix::objs::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// A walk from a root tree to some paths, which goes on as objects come.
#[derive(Default)]
pub(in crate::source) struct Walk {
    paths: BTreeSet<RepoPath>,
    /// All trees on the way to and below the paths.
    pub trees: BTreeMap<RepoPath, Tree>,
    /// All files below the paths, by id: none is read yet.
    pub files: BTreeMap<RepoPath, BlobId>,
    /// What is not at hand, wherever it is needed: one object may stand there for several paths.
    pub missing: Vec<Missing>,
    /// Bytes of the trees.
    bytes: usize,
}

/// One object that is not at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Missing {
    /// Where it is needed.
    pub path: RepoPath,
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub what: What,
}

/// What a missing object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum What {
    /// A file.
    Blob,
    /// A folder on the way to something that was asked for.
    TreeOnTheWay,
    /// A folder that was asked for with all below it.
    WholeTree,
}

/// What a walk looks at, and how much it takes.
#[derive(Clone, Copy)]
pub(in crate::source) struct Ground<'a> {
    /// Objects at hand.
    pub objects: &'a dyn Lookup,
    /// How much is taken.
    pub limits: &'a Limits,
}

/// Whether a tree with everything below it is at hand.
pub(in crate::source) fn holds_all(objects: &dyn Lookup, root: ObjectId) -> Result<bool, Error> {
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

impl Walk {
    /// Walks from `root` to each of `paths` and all below it. A path that is not there is no error: the trees that would hold it show it.
    pub(in crate::source) fn begin(
        ground: Ground<'_>,
        root: &TreeId,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Self, Error> {
        let mut walk = Self { paths: paths.clone(), ..Self::default() };
        walk.folder(ground, RepoPath::root(), root)?;
        Ok(walk)
    }

    /// Goes on where objects were missing that may have come. Answers with those that did.
    pub(in crate::source) fn go_on(
        &mut self,
        ground: Ground<'_>,
        may_have_come: impl Fn(&ObjectId) -> bool,
    ) -> Result<BTreeSet<ObjectId>, Error> {
        let mut came = BTreeSet::new();
        for missing in std::mem::take(&mut self.missing) {
            if !may_have_come(&missing.id) || !ground.objects.contains(&missing.id) {
                self.missing.push(missing);
                continue;
            }
            came.insert(missing.id);
            if missing.what != What::Blob {
                self.folder(ground, missing.path, &TreeId(ids::hash(&missing.id)))?;
            }
        }
        Ok(came)
    }

    /// Reads the folder at `path`, which lies at, above or below something that was asked for.
    fn folder(&mut self, ground: Ground<'_>, path: RepoPath, id: &TreeId) -> Result<(), Error> {
        let Some(tree) = self.tree(ground, &path, id)? else { return Ok(()) };
        for entry in &tree.entries {
            let below = join(&path, entry)?;
            if self.paths.iter().any(|asked| below.is_within(asked) || asked.is_within(&below)) {
                self.entry(ground, below, entry)?;
            }
        }
        self.trees.insert(path, tree);
        Ok(())
    }

    fn entry(&mut self, ground: Ground<'_>, path: RepoPath, entry: &Entry) -> Result<(), Error> {
        match &entry.kind {
            EntryKind::Tree(id) => {
                self.count(ground, &path)?;
                self.folder(ground, path, id)
            }
            // A path that goes on below a file does not exist.
            EntryKind::File(id) if self.is_asked_for(&path) => {
                self.count(ground, &path)?;
                self.file(ground, path, *id)
            }
            EntryKind::File(_) | EntryKind::Link(_) | EntryKind::Submodule => Ok(()),
        }
    }

    /// Whether all that is at and below `path` was asked for.
    fn is_asked_for(&self, path: &RepoPath) -> bool {
        self.paths.iter().any(|asked| path.is_within(asked))
    }

    fn file(&mut self, ground: Ground<'_>, path: RepoPath, id: BlobId) -> Result<(), Error> {
        let object = usable(&path, &id.0)?;
        if !ground.objects.contains(&object) {
            self.missing.push(Missing { path: path.clone(), id: object, what: What::Blob });
        }
        self.files.insert(path, id);
        Ok(())
    }

    /// The tree, or `None` with a note that it is missing.
    fn tree(&mut self, ground: Ground<'_>, path: &RepoPath, id: &TreeId) -> Result<Option<Tree>, Error> {
        let object = usable(path, &id.0)?;
        let Some((kind, raw)) = ground.objects.find(&object)? else {
            let what = if self.is_asked_for(path) { What::WholeTree } else { What::TreeOnTheWay };
            self.missing.push(Missing { path: path.clone(), id: object, what });
            return Ok(None);
        };
        let bad = |why: String| Error::BadTree { path: path.clone(), why };
        if kind != Kind::Tree {
            return Err(bad(format!("it is a {kind}, not a folder")));
        }
        self.bytes += raw.len();
        if self.bytes > ground.limits.artifact_bytes {
            return Err(too_large("the folders under the paths of this site", ground.limits.artifact_bytes));
        }
        tree::parse(raw).map(Some).map_err(bad)
    }

    fn count(&self, ground: Ground<'_>, path: &RepoPath) -> Result<(), Error> {
        let paths = self.trees.len() + self.files.len() + self.missing.len();
        if paths < ground.limits.artifact_paths {
            return Ok(());
        }
        let limit = format!("{} files and folders", ground.limits.artifact_paths);
        Err(Error::TooLarge { what: format!("the content of this site, up to {path}"), limit })
    }

    /// The files' bytes, with what they need together kept under the limit. Nothing may be missing.
    pub(in crate::source) fn load(&self, ground: Ground<'_>) -> Result<BTreeMap<RepoPath, File>, Error> {
        let limits = ground.limits;
        let mut left = limits.artifact_bytes.saturating_sub(self.bytes);
        let mut files = BTreeMap::new();
        for (path, id) in &self.files {
            let (kind, data) = ground.objects.find(&usable(path, &id.0)?)?.ok_or(Error::Stopped)?;
            if kind != Kind::Blob {
                return Err(Error::BadTree {
                    path: path.clone(),
                    why: format!("it is a {kind}, not a file"),
                });
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
