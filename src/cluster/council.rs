//! Several servers in one cluster: their agents take turns by a lease, and one of them writes.

use super::election::{DURATION, Election, Move, RENEW};
use super::{ApplyMode, Cluster, Error, Guarded, Lease, Leases, Query, Turns};
use crate::model::{Digest, Gvk, Live, Object, Trouble};
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The name of the lease.
const LEASE: &str = "standfast";
/// The label of a server's node.
const SERVER: &str = "node-role.kubernetes.io/control-plane";
/// How often a site with one server looks whether it has got another.
const CHECK: Duration = Duration::from_hours(1);
/// Between two tries at the start, while the API server is not there.
const NEAR: Duration = Duration::from_millis(500);

/// Where this agent stands among those of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not known yet; why, if the API server was asked in vain.
    Unknown(Option<Trouble>),
    /// There is no other.
    Alone,
    /// This one writes, until then unless it says so again.
    Leads(Instant),
    /// Another one does.
    Waits(String),
}

/// What taking turns needs.
#[allow(missing_debug_implementations, reason = "ports are trait objects, with nothing to show")]
pub struct Council {
    /// The cluster, unguarded.
    pub cluster: Arc<dyn Cluster>,
    /// Its leases.
    pub leases: Arc<dyn Leases>,
    /// The namespace of the agent's own objects.
    pub namespace: String,
    /// A name that is no other agent's, and stays over restarts.
    pub me: String,
    /// Whether to take turns at all.
    pub turns: Turns,
    /// The time, for people who read the lease.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Standing {
    /// Whether this agent may write now; if not, who does.
    fn may_write(&self) -> Result<(), String> {
        match self {
            Self::Alone => Ok(()),
            Self::Leads(until) if Instant::now() < *until => Ok(()),
            Self::Leads(_) => Err("nobody that is known here: the lease could not be renewed".to_owned()),
            Self::Waits(holder) => Err(holder.clone()),
            Self::Unknown(_) => Err("nobody that is known here yet".to_owned()),
        }
    }
}

/// Starts to take turns: the cluster as this agent may write it, and where it stands. Must be called within a tokio runtime; it ends
/// with the receiver.
pub fn take_turns(council: Council) -> (Arc<dyn Cluster>, watch::Receiver<Standing>) {
    let first = if council.turns == Turns::Never { Standing::Alone } else { Standing::Unknown(None) };
    let (sender, receiver) = watch::channel(first);
    let standing = receiver.clone();
    let may_write = Arc::new(move || standing.borrow().may_write());
    let guarded = Arc::new(Guarded::new(Arc::clone(&council.cluster), may_write));
    if council.turns != Turns::Never {
        tokio::spawn(async move { council.sit(sender).await });
    }
    (guarded, receiver)
}

impl Council {
    async fn sit(self, standing: watch::Sender<Standing>) {
        let mut election = Election::new(self.me.clone());
        let start = Instant::now();
        // The guard holds one receiver; the agent holds the other.
        while standing.receiver_count() > 1 {
            let needed = match self.turns {
                Turns::Always => Ok(true),
                Turns::Auto | Turns::Never => self.has_several_servers().await,
            };
            let wait = match needed {
                Err(error) => in_vain(&standing, error),
                Ok(false) => {
                    change(&standing, Standing::Alone);
                    CHECK
                }
                Ok(true) => self.vote(&mut election, start, &standing).await,
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn has_several_servers(&self) -> Result<bool, Error> {
        let mut servers = 0;
        let query = Query { gvk: Gvk::new("v1", "Node"), namespace: None, owner: None, limit: None };
        let mut each = |node: Live| servers += usize::from(node.label(SERVER).is_some());
        self.cluster.list(&query, &mut each).await?;
        Ok(servers > 1)
    }

    /// One round; answers with the time until the next.
    async fn vote(
        &self,
        election: &mut Election,
        start: Instant,
        standing: &watch::Sender<Standing>,
    ) -> Duration {
        let began = start.elapsed();
        match self.try_vote(election, began).await {
            Ok(Some(holder)) => {
                election.lost();
                change(standing, Standing::Waits(holder));
                RENEW
            }
            Ok(None) => {
                election.renewed(began);
                let until = election.until().map_or(start, |until| start + until);
                change(standing, Standing::Leads(until));
                RENEW
            }
            Err(error) => in_vain(standing, error),
        }
    }

    /// Answers with who holds the lease; `None` if it is this agent, from now on or once more.
    async fn try_vote(&self, election: &mut Election, began: Duration) -> Result<Option<String>, Error> {
        let held = self.leases.read_lease(&self.namespace, LEASE).await?;
        let seen = held.as_ref();
        let seen = seen.map(|held| (held.lease.holder.as_str(), held.version.as_str(), held.lease.duration));
        let is_new = match election.look(seen, began) {
            Move::Wait { holder } => return Ok(Some(holder)),
            Move::Take { is_new } => is_new,
        };
        let now = (self.now)();
        let before = held.as_ref().map(|held| &held.lease);
        let lease = Lease {
            holder: self.me.clone(),
            duration: DURATION,
            acquired: before.filter(|_| !is_new).map_or(now, |lease| lease.acquired),
            renewed: now,
            transitions: before.map_or(0, |lease| lease.transitions + u64::from(is_new)),
        };
        let version = held.as_ref().map(|held| held.version.as_str());
        let written = match self.leases.write_lease(&self.namespace, LEASE, &lease, version).await {
            Err(Error::Server { status: 404, .. }) => {
                self.make_namespace().await?;
                self.leases.write_lease(&self.namespace, LEASE, &lease, version).await?
            }
            written => written?,
        };
        Ok(written.is_none().then(|| "another, who was faster".to_owned()))
    }

    async fn make_namespace(&self) -> Result<(), Error> {
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
        let Ok(namespace) = Object::new(manifest) else { return Ok(()) };
        let mode = ApplyMode { dry_run: false, force: false, create_only: true };
        self.cluster.apply(&namespace, mode).await.map(drop)
    }
}

/// The API server was asked in vain: what is known holds on, what is not known has a reason now. Answers with the time until the next try.
fn in_vain(standing: &watch::Sender<Standing>, error: Error) -> Duration {
    tracing::debug!(%error, "the API server was asked in vain whose turn it is");
    if !matches!(*standing.borrow(), Standing::Unknown(_)) {
        return RENEW / 5;
    }
    change(standing, Standing::Unknown(Some(error.into())));
    NEAR
}

/// Sets where the agent stands, and says so where it is another place.
fn change(standing: &watch::Sender<Standing>, next: Standing) {
    standing.send_if_modified(|standing| {
        let is_renewed = matches!((&*standing, &next), (Standing::Leads(_), Standing::Leads(_)));
        let is_other = !is_renewed && *standing != next;
        if is_other {
            tracing::info!(standing = ?next, "among the servers of this cluster");
        }
        *standing = next;
        is_other
    });
}

/// A name for the agent with this state directory on this machine: readable, and no other's.
pub fn name(state: &Path) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "host" } else { host.trim() };
    let place = std::fs::canonicalize(state).unwrap_or_else(|_| state.to_owned());
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let digest = Digest::of(format!("{machine}\n{}", place.display()).as_bytes()).to_string();
    let short: String = digest.rsplit(':').next().unwrap_or_default().chars().take(8).collect();
    format!("{host}-{short}")
}
