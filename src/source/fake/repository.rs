//! The mirror's side.

use super::objects::{Shelf, commit, put, put_tree, sign};
use super::source::FakeSource;
use crate::model::{CommitId, RefName, Revision, TreeId};
use crate::source::ids;
use crate::trust::{Verified, fake::assume};
use gix::ObjectId;
use gix::objs::{CommitRefIter, Kind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first commit's date, 2026-01-01T00:00:00Z, in seconds since 1970; each commit is a minute after the one before.
const FIRST_COMMIT: i64 = 1_767_225_600;

/// Makes the armored signature over a commit's bytes.
type Signature<'a> = &'a dyn Fn(&[u8]) -> String;

/// One fleet repository with one branch, `refs/heads/main`. Clones are the same repository.
#[derive(Clone, Default)]
pub struct Repository(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) shelf: Shelf,
    pub(super) tip: Option<ObjectId>,
    pub(super) offline: bool,
    commits: i64,
}

impl Repository {
    /// An empty repository.
    pub fn new() -> Self {
        Self::default()
    }

    /// The one ref it has.
    pub fn ref_name(&self) -> RefName {
        "refs/heads/main".parse().expect("because this is a ref's name")
    }

    /// Commits on top of the branch a tree of exactly these files, unsigned, and moves the branch to it.
    pub fn commit(&self, files: &[(&str, &str)]) -> CommitId {
        self.commit_with(files, None)
    }

    /// The same, signed: `signature` makes the armored signature over the bytes that it is given.
    pub fn commit_signed(&self, files: &[(&str, &str)], signature: impl Fn(&[u8]) -> String) -> CommitId {
        self.commit_with(files, Some(&signature))
    }

    fn commit_with(&self, files: &[(&str, &str)], signature: Option<Signature<'_>>) -> CommitId {
        let mut state = self.state();
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect();
        let tree = put_tree(&mut state.shelf, &files);
        let parents: Vec<_> = state.tip.into_iter().collect();
        let number = state.commits;
        let mut bytes = commit(tree, &parents, FIRST_COMMIT + 60 * number, &format!("change {number}"));
        if let Some(signature) = signature {
            bytes = sign(&bytes, &signature(&bytes));
        }
        let id = put(&mut state.shelf, Kind::Commit, bytes);
        state.commits += 1;
        state.tip = Some(id);
        ids::commit(&id)
    }

    /// Moves the branch to any commit made before, as a force-push does: the next commit goes on from there.
    ///
    /// # Panics
    /// If there is no such commit.
    pub fn reset(&self, to: &CommitId) {
        let mut state = self.state();
        let id = ids::object(&to.0).filter(|id| state.shelf.contains_key(id));
        state.tip = Some(id.expect("because a test resets to a commit that it made"));
    }

    /// Cuts the link to all sites, or mends it.
    pub fn set_offline(&self, offline: bool) {
        self.state().offline = offline;
    }

    /// A commit taken for proven, as `trust` would make it of a signed one.
    ///
    /// # Panics
    /// If there is no such commit.
    pub fn proven(&self, commit: &CommitId) -> Verified<Revision> {
        let state = self.state();
        let found = ids::object(&commit.0).and_then(|id| state.shelf.get(&id));
        let (_, bytes) = found.expect("because a test proves a commit that it made");
        let root = CommitRefIter::from_bytes(bytes, ids::KIND).tree_id().expect("because we made the commit");
        assume(Revision { ref_name: self.ref_name(), commit: *commit }, TreeId(ids::hash(&root)))
    }

    /// A new site's source, with nothing fetched yet.
    pub fn source(&self) -> FakeSource {
        FakeSource::new(self.clone())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct("Repository")
            .field("tip", &state.tip)
            .field("offline", &state.offline)
            .finish_non_exhaustive()
    }
}
