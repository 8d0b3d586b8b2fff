//! What every kind of mirror can do, and what is asked of it.

mod breaks;
mod client;
mod frames;
mod http;
mod https;
mod judge;
mod local;
mod meter;
mod patience;
mod pipe;
mod program;
mod rate;
mod session;
mod ssh;
mod watch;
mod write;

use super::objects::{Objects, Spool};
use super::settings::{MirrorSettings, Settings};
use super::trouble::Trouble;
use crate::model::RefName;
use gix::ObjectId;
use standfast_tls::Clock;
use std::sync::Arc;

pub(super) use meter::Meter;

/// One mirror, of whatever kind.
pub(super) trait Mirror {
    /// Its URL without credentials, or its path.
    fn name(&self) -> &str;

    /// The id that the ref has there now.
    fn tip(&mut self, ref_name: &RefName) -> Result<ObjectId, Trouble>;

    /// What it can do.
    fn server(&mut self) -> Result<Server, Trouble>;

    /// Writes one pack with what is asked for into `spool`.
    fn fetch(&mut self, ask: &Ask<'_>, spool: &mut Spool) -> Result<Answer, Trouble>;

    /// Nothing more is asked for a while: what would be held open at the other end for nothing is let go.
    fn rest(&mut self) {}
}

/// What a mirror can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// It is a folder of this machine: nothing of it costs link bytes.
    Folder,
    /// It sends trees without what is below them, when asked to.
    Filters,
    /// Below each tree that is asked for, all comes along.
    Plain,
}

/// What is asked for in one request.
pub(super) struct Ask<'a> {
    /// Commits, trees or blobs.
    pub wants: &'a [ObjectId],
    /// What of it comes.
    pub filter: Filter,
    /// How much of a wanted commit's history comes along.
    pub history: History,
    /// When enough has come.
    pub stop: Stop,
    /// Whether much is expected.
    pub is_bulk: bool,
    /// What is at hand: a mirror that reads our disk leaves it out.
    pub at_hand: &'a Objects,
}

/// How much of the history below a wanted commit is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// No commit is wanted, but trees and blobs.
    NoCommits,
    /// The commit alone.
    TipAlone,
    /// No commit is wanted, but a tree: without what the tree of this older commit has; deltas rest on that.
    Beyond(ObjectId),
    /// The same for a commit, from servers that give out nothing else: it comes along.
    Since(ObjectId),
    /// Down to this commit, and without what its tree has; nothing at all if it is not in the wanted commit's history.
    /// With `thin`, deltas rest on that commit's objects.
    Above { base: ObjectId, thin: bool },
}

/// What of the wanted objects comes. All but the first takes a mirror that filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// All.
    Nothing,
    /// Nothing below the wanted trees, no trees of the wanted commits.
    Flat,
    /// Trees, and no files.
    Trees,
    /// Trees, and files up to 16 KiB.
    SmallFiles,
}

/// When an answer is broken off, for enough of it has come. Only where that costs less than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// At its end.
    Never,
    /// After so many bytes.
    After(u64),
    /// After the commits, which come first, and as much again as is on its way anyway; after so many bytes at the latest.
    AfterCommits(u64),
}

impl Stop {
    /// The same where breaking off costs the connection, and what the machines on the way hold of it: not for commits' sake.
    pub(super) fn without_commits(self) -> Self {
        match self {
            Self::AfterCommits(most) => Self::After(most),
            stop => stop,
        }
    }

    /// The same, and after so many bytes at the latest.
    pub(super) fn at_most(self, bytes: u64) -> Self {
        match self {
            Self::Never => Self::After(bytes),
            Self::After(most) => Self::After(most.min(bytes)),
            Self::AfterCommits(most) => Self::AfterCommits(most.min(bytes)),
        }
    }
}

/// What a request brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A pack, now in the spool.
    Pack,
    /// The beginning of one: it was broken off.
    Part,
    /// Nothing: the base is not in the wanted commit's history.
    NoCommonHistory,
}

/// Holds a conversation with a server that says these bytes. Answers whether it named a ref.
#[cfg(any(test, feature = "testing"))]
pub(super) fn talk(answers: &[u8]) -> bool {
    use gix::protocol::transport::Protocol;
    use gix::protocol::transport::client::git::{ConnectMode, blocking_io::Connection};
    let no_host = None::<(&str, Option<u16>)>;
    let sink = std::io::sink();
    let connection = Connection::new(answers, sink, Protocol::V2, "/", no_host, ConnectMode::Process, false);
    let name: RefName = "refs/heads/main".parse().expect("because this is a ref's name");
    session::Session::open(connection).and_then(|mut session| session.tip(&name)).is_ok()
}

/// All mirrors of the settings. None is connected to yet.
pub(super) fn all(settings: &Settings, clock: &Clock, meter: &Arc<Meter>) -> Vec<Box<dyn Mirror>> {
    let make = |mirror: &MirrorSettings| -> Box<dyn Mirror> {
        let rate = rate::Rate(settings.budget.rate.filter(|_| mirror.is_metered()));
        match mirror {
            MirrorSettings::Https { url, ca, credential, metered: _ } => {
                let (url, ca, credential) = (url.clone(), ca.clone(), credential.clone());
                let (proxy, timeouts) = (settings.proxy.clone(), settings.timeouts);
                let door = client::Door::new(url, ca, credential, proxy, timeouts, clock.clone());
                Box::new(https::Https::new(door, rate, meter.clone()))
            }
            MirrorSettings::Ssh { url, known_hosts, identity, metered: _ } => {
                let door = ssh::Door {
                    url: url.clone(),
                    known_hosts: known_hosts.clone(),
                    identity: identity.clone(),
                    timeouts: settings.timeouts,
                    rate,
                };
                Box::new(ssh::Ssh::new(door, meter.clone()))
            }
            MirrorSettings::Local { path } => {
                Box::new(local::Local::new(path.clone(), settings.limits, meter.clone()))
            }
        }
    };
    settings.mirrors.iter().map(make).collect()
}
