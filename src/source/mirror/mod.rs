//! What every kind of mirror can do, and what is asked of it.

mod http;
mod https;
mod judge;
mod local;
mod meter;
mod session;
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

    /// Whether it sends commits without their trees, and trees without what is below them, when asked to.
    fn filters(&mut self) -> Result<bool, Trouble>;

    /// Writes one pack with what is asked for into `spool`.
    fn fetch(&mut self, ask: &Ask<'_>, spool: &mut Spool) -> Result<Answer, Trouble>;
}

/// What is asked for in one request.
pub(super) struct Ask<'a> {
    /// Commits, trees or blobs.
    pub wants: &'a [ObjectId],
    /// Nothing below the wanted trees, no trees of the wanted commits. The mirror must filter.
    pub flat: bool,
    /// How much of a wanted commit's history comes along.
    pub history: History,
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
    /// The commit alone, without what the tree of this older one has. Deltas may rest on that: all of it must be at hand.
    Since(ObjectId),
    /// Down to this commit, and without what its tree has; nothing at all if it is not in the wanted commit's history.
    /// With `thin`, deltas may rest on that commit's objects.
    Above { base: ObjectId, thin: bool },
}

/// What a request brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A pack, now in the spool.
    Pack,
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
        match mirror {
            MirrorSettings::Https { url, ca, credential } => Box::new(https::Https::new(
                url.clone(),
                ca.clone(),
                credential.clone(),
                settings.timeouts,
                clock.clone(),
                meter.clone(),
            )),
            MirrorSettings::Local { path } => {
                Box::new(local::Local::new(path.clone(), settings.limits, meter.clone()))
            }
        }
    };
    settings.mirrors.iter().map(make).collect()
}
