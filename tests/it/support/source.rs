//! A source in a temporary folder, and shorthand for what is asked of it.

use super::git::Repo;
use super::tls::GitServer;
use standfast::model::{Artifact, CommitChain, CommitId, RepoPath, Revision};
use standfast::source::{Error, Git, Limits, MirrorSettings, Settings, Source, Timeouts, Want};
use standfast::trust::{Verified, fake::assume};
use standfast_tls::{Clock, Time};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// A site's source, with the folder that it keeps its objects in. It can be started anew on the same folder.
pub(crate) struct SiteSource {
    _folder: TempDir,
    clock: Clock,
    /// What it is started with.
    pub(crate) settings: Settings,
    /// The source itself.
    pub(crate) git: Git,
}

impl SiteSource {
    /// A source with an empty database.
    pub(crate) fn new(mirrors: Vec<MirrorSettings>) -> Self {
        Self::with(mirrors, Limits::default())
    }

    /// The same with other limits. It waits 2 s for a byte: servers in tests are near.
    pub(crate) fn with(mirrors: Vec<MirrorSettings>, limits: Limits) -> Self {
        Self::at(mirrors, limits, clock())
    }

    /// The same by a clock that may be wrong.
    pub(crate) fn at(mirrors: Vec<MirrorSettings>, limits: Limits, clock: Clock) -> Self {
        let folder = TempDir::new().unwrap();
        let timeouts = Timeouts { connect: Duration::from_secs(5), idle: Duration::from_secs(2) };
        let settings = Settings { timeouts, limits, ..Settings::new(folder.path().join("objects"), mirrors) };
        let git = Git::start(settings.clone(), clock.clone()).unwrap();
        Self { _folder: folder, clock, settings, git }
    }

    /// The same with other settings, by the same clock.
    pub(crate) fn change(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.restart()
    }

    /// Starts anew on the same folder, as after a reboot.
    pub(crate) fn restart(self) -> Self {
        drop(self.git);
        let git = Git::start(self.settings.clone(), self.clock.clone()).unwrap();
        Self { git, ..self }
    }

    /// The object database.
    pub(crate) fn objects(&self) -> PathBuf {
        self.settings.objects.clone()
    }

    /// Asks for `main` down to `base`.
    pub(crate) async fn advance(&self, base: Option<&str>) -> Result<CommitChain, Error> {
        self.git.advance(&want(base)).await
    }

    /// Completes the tip of `repo` as if it were proven.
    pub(crate) async fn complete(
        &self,
        repo: &Repo,
        commit: &str,
        asked: &[&str],
    ) -> Result<Artifact, Error> {
        self.git.complete(&proven(repo, commit), &paths(asked)).await
    }
}

/// A clock that stands still until a test sets it on.
#[derive(Clone, Default)]
pub(crate) struct Hand(Arc<AtomicU64>);

impl Hand {
    /// It begins at this second since 1970.
    pub(crate) fn at(seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seconds)))
    }

    /// Lets so many seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// As a source takes it.
    pub(crate) fn clock(&self) -> Clock {
        let hand = self.0.clone();
        Clock::new(move || Time::Now(hand.load(Ordering::SeqCst)))
    }
}

/// This machine's clock.
pub(crate) fn clock() -> Clock {
    let seconds = || jiff::Timestamp::now().as_second().try_into().unwrap();
    Clock::new(move || Time::Now(seconds()))
}

/// `main` down to `base`.
pub(crate) fn want(base: Option<&str>) -> Want {
    Want {
        ref_name: "refs/heads/main".parse().unwrap(),
        base: base.map(|id| id.parse().unwrap()),
        refused: BTreeSet::new(),
        is_ordered: false,
    }
}

/// A set of paths.
pub(crate) fn paths(paths: &[&str]) -> BTreeSet<RepoPath> {
    paths.iter().map(|path| path.parse().unwrap()).collect()
}

/// A commit of `repo`, taken for proven with the root tree that git says it has.
pub(crate) fn proven(repo: &Repo, commit: &str) -> Verified<Revision> {
    let root = repo.rev_parse(&format!("{commit}^{{tree}}")).parse().unwrap();
    let commit: CommitId = commit.parse().unwrap();
    assume(Revision { ref_name: "refs/heads/main".parse().unwrap(), commit }, root)
}

/// The same, over a link whose bytes cost money.
pub(crate) fn metered(server: &GitServer) -> MirrorSettings {
    match mirror(server) {
        MirrorSettings::Https { url, ca, credential, .. } => {
            MirrorSettings::Https { url, ca, credential, metered: true }
        }
        other => other,
    }
}

/// A server as a mirror, with its CA.
pub(crate) fn mirror(server: &GitServer) -> MirrorSettings {
    MirrorSettings::Https {
        url: server.url().parse().unwrap(),
        ca: Some(server.ca_pem_path()),
        credential: None,
        metered: false,
    }
}

/// A chain's commits as text.
pub(crate) fn ids(chain: &CommitChain) -> Vec<String> {
    chain.commits.iter().map(|commit| commit.id.to_string()).collect()
}

/// An artifact's files as text.
pub(crate) fn files(artifact: &Artifact) -> Vec<(String, String)> {
    let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    artifact.files.iter().map(|(path, file)| (path.to_string(), text(&file.data))).collect()
}
