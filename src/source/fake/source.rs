//! A site's side.

use super::objects::Shelf;
use super::repository::Repository;
use crate::model::{
    Artifact, ChainEnd, CommitChain, CommitId, MirrorReport, RawCommit, RepoPath, Revision, Traffic, TreeId,
};
use crate::source::chain::{self, Chain};
use crate::source::content::walk::{Ground, Walk};
use crate::source::error::{Error, MirrorFailure};
use crate::source::lookup::Lookup;
use crate::source::mirror_error::MirrorError;
use crate::source::{Limits, Source, Want, ids};
use crate::trust::Verified;
use async_trait::async_trait;
use gix::ObjectId;
use gix::objs::Kind;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name under which the fake mirror appears in answers and errors.
const MIRROR: &str = "fake:";

/// One site's source. Clones share what was fetched: a clone is the same site after a restart.
#[derive(Clone, Debug)]
pub struct FakeSource {
    repository: Repository,
    disk: Arc<Mutex<Disk>>,
}

/// What the site has at hand.
#[derive(Debug, Default)]
struct Disk {
    main: Shelf,
    incoming: Option<(ObjectId, Shelf)>,
    calls: usize,
    failing: BTreeSet<usize>,
}

impl FakeSource {
    pub(super) fn new(repository: Repository) -> Self {
        Self { repository, disk: Arc::default() }
    }

    /// Makes one call fail as if the link had broken: the `n`-th from now, the next one being 0.
    pub fn fail_call(&self, n: usize) {
        let mut disk = self.disk();
        let call = disk.calls + n;
        disk.failing.insert(call);
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.disk().calls
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call. Answers whether the link carries it.
    fn call(&self) -> bool {
        let mut disk = self.disk();
        let call = disk.calls;
        disk.calls += 1;
        !disk.failing.remove(&call) && !self.repository.state().offline
    }

    fn advance_now(&self, want: &Want) -> Result<CommitChain, Error> {
        let tip = self.repository.state().tip.ok_or_else(|| failed(MirrorError::EmptyRepository))?;
        if want.ref_name != self.repository.ref_name() {
            let has = vec![self.repository.ref_name().to_string()];
            return Err(failed(MirrorError::MissingRef { ref_name: want.ref_name.clone(), has }));
        }
        let brought = self.offered(tip, want.base)?;
        let mut disk = self.disk();
        disk.promote(want.base);
        disk.hold(tip, brought);
        let Chain::Commits(commits, end) = chain::read(&*disk, &Limits::default(), tip, want.base)? else {
            return Err(Error::Stopped);
        };
        Ok(CommitChain {
            revision: Revision { ref_name: want.ref_name.clone(), commit: ids::commit(&tip) },
            commits,
            end,
            mirror: MIRROR.to_owned(),
            traffic: Traffic::default(),
            beside: Vec::new(),
        })
    }

    /// What a mirror sends: the chain down to the base, or the tip alone if the base is not on it.
    fn offered(&self, tip: ObjectId, base: Option<CommitId>) -> Result<Shelf, Error> {
        let state = self.repository.state();
        let everything = Everything(&state.shelf);
        let Chain::Commits(mut commits, end) = chain::read(&everything, &Limits::default(), tip, base)?
        else {
            return Err(Error::Stopped);
        };
        if !matches!(end, ChainEnd::Base(_)) {
            commits.truncate(1);
        }
        let object = |commit: RawCommit| Some((ids::object(&commit.id.0)?, (Kind::Commit, commit.bytes)));
        let mut brought: Shelf = commits.into_iter().filter_map(object).collect();
        brought.extend(state.shelf.get(&tip).map(|object| (tip, object.clone())));
        Ok(brought)
    }

    fn complete_now(
        &self,
        online: bool,
        revision: &Revision,
        root: TreeId,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        let mut disk = self.disk();
        disk.promote(Some(revision.commit));
        let limits = Limits::default();
        let mut walk = Walk::begin(Ground { objects: &*disk, limits: &limits }, &root, paths)?;
        if !walk.missing.is_empty() && !online {
            let paths = walk.missing.into_iter().map(|missing| missing.path).collect();
            let failures = vec![MirrorFailure { mirror: MIRROR.to_owned(), error: broken() }];
            return Err(Error::Missing { revision: revision.clone(), paths, failures });
        }
        while !walk.missing.is_empty() {
            let state = self.repository.state();
            for missing in &walk.missing {
                let object = state.shelf.get(&missing.id).cloned().ok_or(Error::Stopped)?;
                disk.main.insert(missing.id, object);
            }
            walk.go_on(Ground { objects: &*disk, limits: &limits }, |_| true)?;
        }
        let files = walk.load(Ground { objects: &*disk, limits: &limits })?;
        Ok(Artifact { revision: revision.clone(), root, trees: walk.trees, files })
    }
}

#[async_trait]
impl Source for FakeSource {
    async fn advance(&self, want: &Want) -> Result<CommitChain, Error> {
        if self.call() { self.advance_now(want) } else { Err(failed(broken())) }
    }

    async fn complete(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        let online = self.call();
        self.complete_now(online, revision.get(), revision.root(), paths)
    }

    async fn held(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        self.complete_now(false, revision.get(), revision.root(), paths)
    }

    fn link(&self) -> Vec<MirrorReport> {
        vec![MirrorReport { mirror: MIRROR.to_owned(), ..MirrorReport::default() }]
    }

    async fn retain(&self, _revisions: &BTreeSet<CommitId>) -> Result<(), Error> {
        Ok(())
    }

    async fn recall(&self, commit: &CommitId) -> Result<Option<RawCommit>, Error> {
        self.disk().recall(commit)
    }
}

impl Disk {
    /// What came with an unproven tip waits; what waited with another one goes.
    fn hold(&mut self, tip: ObjectId, brought: Shelf) {
        match &mut self.incoming {
            Some(held) if held.0 == tip => held.1.extend(brought),
            incoming => *incoming = Some((tip, brought)),
        }
    }

    /// What waited with this tip is there for good from now on.
    fn promote(&mut self, tip: Option<CommitId>) {
        let proven = tip.and_then(|tip| ids::object(&tip.0));
        if let Some((_, shelf)) = self.incoming.take_if(|(tip, _)| Some(*tip) == proven) {
            self.main.extend(shelf);
        }
    }
}

impl Lookup for Disk {
    fn contains(&self, id: &ObjectId) -> bool {
        self.main.contains_key(id)
    }

    fn find(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        Ok(self.main.get(id).cloned())
    }

    fn find_anywhere(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        let waiting = self.incoming.as_ref().and_then(|(_, shelf)| shelf.get(id));
        Ok(self.main.get(id).or(waiting).cloned())
    }
}

/// All objects of a repository.
struct Everything<'a>(&'a Shelf);

impl Lookup for Everything<'_> {
    fn contains(&self, id: &ObjectId) -> bool {
        self.0.contains_key(id)
    }

    fn find(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        Ok(self.0.get(id).cloned())
    }

    fn find_anywhere(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        self.find(id)
    }
}

fn failed(error: MirrorError) -> Error {
    Error::Mirrors { failures: vec![MirrorFailure { mirror: MIRROR.to_owned(), error }] }
}

fn broken() -> MirrorError {
    MirrorError::Unreachable { what: "the link is cut".to_owned(), source: None }
}
