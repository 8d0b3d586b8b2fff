//! What this room must be told.

use super::credential::Credential;
use super::link::Budget;
use super::proxy::ProxyUrl;
use super::ssh_url::SshUrl;
use super::url::MirrorUrl;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where to fetch from, where to keep it, and how much of it is taken.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bare object database, `objects` below the state directory. Made when something is first written.
    pub objects: PathBuf,
    /// In order of preference.
    pub mirrors: Vec<MirrorSettings>,
    /// How often mirrors are asked for news. Metered ones are asked every sixth time.
    pub poll: Duration,
    /// What metered mirrors may cost.
    pub budget: Budget,
    /// What is between this site and mirrors over HTTPS, if anything is.
    pub proxy: Option<ProxyUrl>,
    /// How long we wait.
    pub timeouts: Timeouts,
    /// How much we take.
    pub limits: Limits,
}

/// One mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorSettings {
    /// A git server's smart HTTP.
    Https {
        /// Where it is.
        url: MirrorUrl,
        /// PEM file of the CAs that may have signed its certificate, and no others. `None`: the system's.
        ca: Option<PathBuf>,
        /// What lets us in, if anything is needed.
        credential: Option<Credential>,
        /// Whether its bytes cost money.
        metered: bool,
    },
    /// A git server that is logged in to by SSH, with this site's identity.
    Ssh {
        /// Where it is.
        url: SshUrl,
        /// The host keys that it may have, in OpenSSH's format.
        known_hosts: PathBuf,
        /// This site's private key.
        identity: PathBuf,
        /// Whether its bytes cost money.
        metered: bool,
    },
    /// A bare repository in a folder of this machine, such as a stick brought by hand. It may be absent.
    Local {
        /// The folder.
        path: PathBuf,
    },
}

/// How long we wait for a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the next byte. There is no limit on the whole: a slow link may take as long as it goes on.
    pub idle: Duration,
}

/// How much we take from a server that may be hostile. Beyond a limit the answer is dropped and an error names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most commits of one chain.
    pub chain_commits: usize,
    /// Most bytes of one chain's commits, as they are held in memory.
    pub chain_bytes: usize,
    /// Most bytes of one pack.
    pub pack_bytes: u64,
    /// Most objects of one pack.
    pub pack_objects: u32,
    /// Most bytes of one object, and so of one file.
    pub object_bytes: usize,
    /// Most bytes of all files and trees of one artifact.
    pub artifact_bytes: usize,
    /// Most files and folders of one artifact.
    pub artifact_paths: usize,
    /// Most bytes of all packs on disk. One more pack may be there for a moment, and while packs are put together as much again.
    pub database_bytes: u64,
}

impl Default for Timeouts {
    /// Satellite links answer within 2 s, git servers that count objects within 20.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(30) }
    }
}

impl Default for Limits {
    /// Well above any honest fleet repository, well below what hurts a small node.
    fn default() -> Self {
        Self {
            chain_commits: 50_000,
            chain_bytes: 32 << 20,
            pack_bytes: 256 << 20,
            pack_objects: 200_000,
            object_bytes: 16 << 20,
            artifact_bytes: 64 << 20,
            artifact_paths: 100_000,
            database_bytes: 1 << 30,
        }
    }
}

impl Limits {
    /// Most bytes that indexing may allocate at once. Its table of a pack's objects must fit too.
    pub(super) fn allocation(&self) -> usize {
        self.object_bytes.max(16 << 20)
    }

    /// Most bytes that all objects of one pack may have together: what it may cost to unpack and hash them.
    pub(super) fn unpacked(&self) -> u64 {
        self.pack_bytes.saturating_mul(8)
    }
}

/// How often mirrors are asked where nobody says: a poll without news costs a few hundred bytes.
const POLL: Duration = Duration::from_secs(300);

impl Settings {
    /// Settings with the usual poll, timeouts and limits, and without a budget.
    pub fn new(objects: impl Into<PathBuf>, mirrors: Vec<MirrorSettings>) -> Self {
        Self {
            objects: objects.into(),
            mirrors,
            poll: POLL,
            budget: Budget::default(),
            proxy: None,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
        }
    }
}

impl MirrorSettings {
    /// Whether its bytes cost money.
    pub fn is_metered(&self) -> bool {
        match self {
            Self::Https { metered, .. } | Self::Ssh { metered, .. } => *metered,
            Self::Local { .. } => false,
        }
    }
}

impl fmt::Display for MirrorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https { url, .. } => url.fmt(f),
            Self::Ssh { url, .. } => url.fmt(f),
            Self::Local { path } => path.display().fmt(f),
        }
    }
}
