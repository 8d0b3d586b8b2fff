//! Tells systemd that the agent is ready, where it stands, and that it is alive: `sd_notify(3)`.
//!
//! Written here, for libraries wait where the manager does not read, and nobody may hold up the agent.

use super::Sink;
use crate::model::{Moment, SiteStatus};
use async_trait::async_trait;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Mutex, PoisonError};

/// Speaks to the service manager where there is one: ready with the first status, a line for `systemctl status` whenever it says
/// something new, and a sign of life with everything that happens.
#[derive(Debug, Default)]
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// What was told last; `None` until the manager heard that the agent is ready.
    last: Mutex<Option<String>>,
}

impl Systemd {
    /// The manager that the environment names, if it names one.
    #[allow(clippy::disallowed_methods, reason = "this is how a service manager says where it listens")]
    pub fn from_environment() -> Self {
        let address = std::env::var("NOTIFY_SOCKET").ok().and_then(|path| match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(path).ok(),
        });
        let socket = UnixDatagram::unbound().and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
        Self { socket: socket.ok().zip(address), last: Mutex::default() }
    }

    /// Says it, if the manager has room for it; whether it has.
    fn say(&self, words: &str) -> bool {
        let Some((socket, address)) = &self.socket else { return false };
        socket.send_to_addr(words.as_bytes(), address).is_ok()
    }
}

#[async_trait]
impl Sink for Systemd {
    fn moment(&self, _: &Moment) {
        self.say("WATCHDOG=1");
    }

    fn status(&self, status: &SiteStatus) {
        let line = line(status);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == Some(&line) {
            self.say("WATCHDOG=1");
            return;
        }
        let ready = if last.is_none() { "READY=1\n" } else { "" };
        if self.say(&format!("{ready}STATUS={line}\nWATCHDOG=1")) {
            *last = Some(line);
        }
    }

    async fn finish(&self) {
        self.say("STOPPING=1");
    }
}

/// The status on one line.
fn line(status: &SiteStatus) -> String {
    let revision = status.revision.applied.as_deref().or(status.revision.accepted.as_deref());
    let short =
        revision.and_then(|revision| revision.rsplit(':').next()).map(|id| id.get(..12).unwrap_or(id));
    let at = short.map(|id| format!(" at {id}")).unwrap_or_default();
    let why = status.reason.as_ref().map(|reason| format!(": {}", reason.code)).unwrap_or_default();
    let suspended = if status.suspended.is_some() { ", suspended" } else { "" };
    format!("{:?}{at}, {} applications{suspended}{why}", status.phase, status.applications.len())
}
