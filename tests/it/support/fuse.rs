//! A power cut at any effect of the whole way: every port behind one fuse that burns through at the n-th effect.

use async_trait::async_trait;
use standfast::cluster::{Applied, ApplyMode, Cluster, Deleted, Each, Kinds, Query, Watch};
use standfast::model::{
    Artifact, CommitChain, CommitId, DesiredApplication, Digest, Facts, Gvk, MirrorReport, Object, ObjectKey,
    OwnerLabel, RawCommit, RepoPath, Revision,
};
use standfast::source::{Source, Want};
use standfast::store::fake::{Memory, MemoryStore};
use standfast::store::{Changes, Loaded, Pin, Store};
use standfast::trust::Verified;
use standfast::{cluster, model::Live, source, store};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// When the power goes, relative to the effect at which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before it: nothing of it happens.
    Before,
    /// In the middle of a save: the cache has it, the facts have not. For all else the same as before.
    Middle,
    /// After it: it happened, and nobody heard.
    After,
}

/// One for all ports of an agent. Clones are the same fuse.
#[derive(Debug, Clone)]
pub(crate) struct Fuse {
    effects: Arc<AtomicU64>,
    burns_at: u64,
    moment: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    On,
    GoingBefore,
    GoingMiddle,
    GoingAfter,
    Off,
}

impl Fuse {
    /// Burns through at the n-th effect, counted from 0.
    pub(crate) fn at(effect: u64, moment: Moment) -> Self {
        Self { effects: Arc::default(), burns_at: effect, moment }
    }

    /// Never burns through; only counts.
    pub(crate) fn never() -> Self {
        Self::at(u64::MAX, Moment::Before)
    }

    /// How many effects there were.
    pub(crate) fn effects(&self) -> u64 {
        self.effects.load(Ordering::SeqCst)
    }

    fn spend(&self) -> Power {
        let effect = self.effects.fetch_add(1, Ordering::SeqCst);
        match (effect.cmp(&self.burns_at), self.moment) {
            (std::cmp::Ordering::Less, _) => Power::On,
            (std::cmp::Ordering::Greater, _) => Power::Off,
            (std::cmp::Ordering::Equal, Moment::Before) => Power::GoingBefore,
            (std::cmp::Ordering::Equal, Moment::Middle) => Power::GoingMiddle,
            (std::cmp::Ordering::Equal, Moment::After) => Power::GoingAfter,
        }
    }

    /// Carries an effect out as far as the power lasts.
    async fn carry<T, E>(
        &self,
        effect: impl Future<Output = Result<T, E>>,
        dead: impl Fn() -> E,
    ) -> Result<T, E> {
        match self.spend() {
            Power::On => effect.await,
            Power::GoingAfter => effect.await.and_then(|_| Err(dead())),
            Power::GoingBefore | Power::GoingMiddle | Power::Off => Err(dead()),
        }
    }
}

/// A port behind the fuse.
pub(crate) struct Fused<T> {
    pub(crate) port: T,
    pub(crate) fuse: Fuse,
}

/// A store in memory behind the fuse, which also burns between its two effects.
pub(crate) struct FusedStore {
    store: MemoryStore,
    memory: Memory,
    fuse: Fuse,
}

impl FusedStore {
    pub(crate) fn boot(memory: &Memory, fuse: &Fuse) -> Self {
        Self { store: memory.open(), memory: memory.clone(), fuse: fuse.clone() }
    }
}

fn no_store() -> store::Error {
    store::Error::OnlyLooking
}

impl Store for FusedStore {
    fn load(&mut self) -> Result<Loaded, store::Error> {
        self.store.load()
    }

    fn save(&mut self, facts: &mut Facts, changes: &Changes) -> Result<Vec<String>, store::Error> {
        match self.fuse.spend() {
            Power::On => self.store.save(facts, changes),
            Power::GoingAfter => self.store.save(facts, changes).and_then(|_| Err(no_store())),
            Power::GoingMiddle => {
                self.memory.cut_before(self.memory.effects() + 1);
                self.store.save(facts, changes).and_then(|_| Err(no_store()))
            }
            Power::GoingBefore | Power::Off => Err(no_store()),
        }
    }

    fn snapshot(&mut self, digest: &Digest) -> Result<Option<DesiredApplication>, store::Error> {
        self.store.snapshot(digest)
    }

    fn pinned(&mut self, revision: &Revision) -> Option<Pin> {
        self.store.pinned(revision)
    }
}

#[async_trait]
impl<S: Source> Source for Fused<S> {
    async fn advance(&self, want: &Want) -> Result<CommitChain, source::Error> {
        self.fuse.carry(self.port.advance(want), || source::Error::Stopped).await
    }

    async fn complete(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, source::Error> {
        self.fuse.carry(self.port.complete(revision, paths), || source::Error::Stopped).await
    }

    async fn held(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, source::Error> {
        self.fuse.carry(self.port.held(revision, paths), || source::Error::Stopped).await
    }

    fn link(&self) -> Vec<MirrorReport> {
        self.port.link()
    }

    async fn retain(&self, revisions: &BTreeSet<CommitId>) -> Result<(), source::Error> {
        self.fuse.carry(self.port.retain(revisions), || source::Error::Stopped).await
    }

    async fn recall(&self, commit: &CommitId) -> Result<Option<RawCommit>, source::Error> {
        self.fuse.carry(self.port.recall(commit), || source::Error::Stopped).await
    }
}

fn no_cluster() -> cluster::Error {
    cluster::Error::Answer { what: "anything".to_owned(), why: "the power is off".to_owned() }
}

#[async_trait]
impl<C: Cluster> Cluster for Fused<C> {
    async fn kinds(&self, fresh: bool) -> Result<Arc<Kinds>, cluster::Error> {
        self.fuse.carry(self.port.kinds(fresh), no_cluster).await
    }

    async fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Result<Option<Live>, cluster::Error> {
        self.fuse.carry(self.port.get(gvk, key), no_cluster).await
    }

    async fn list(&self, query: &Query, each: Each<'_>) -> Result<(), cluster::Error> {
        self.fuse.carry(self.port.list(query, each), no_cluster).await
    }

    async fn watch(&self, gvk: &Gvk, owner: &OwnerLabel) -> Result<Watch, cluster::Error> {
        self.fuse.carry(self.port.watch(gvk, owner), no_cluster).await
    }

    async fn apply(&self, object: &Object, mode: ApplyMode) -> Result<Applied, cluster::Error> {
        self.fuse.carry(self.port.apply(object, mode), no_cluster).await
    }

    async fn delete(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<Deleted, cluster::Error> {
        self.fuse.carry(self.port.delete(gvk, key, uid), no_cluster).await
    }
}
