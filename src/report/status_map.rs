//! The ConfigMap `standfast-status`: what `kubectl` sees of the site's state.
//!
//! Written when there is news, which goes through what changes for a moment only, and at most once an hour otherwise: each write
//! wears the flash below the cluster's database. It is best effort. It carries no owner label, and no inventory holds it.

use super::brief::Brief;
use super::worker::{Bell, Worker};
use super::{Now, Sink};
use crate::cluster::{Applied, ApplyMode, Cluster, Error};
use crate::model::object::NotAnObject;
use crate::model::{Digest, Moment, Object, SiteStatus};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Its name.
pub const NAME: &str = "standfast-status";
/// Most bytes of `status.json`: all applications of a fleet of a usual size, were none of them well.
const MOST: usize = 4000;
/// How long a status must stand before it is written.
const SETTLE: Duration = Duration::from_secs(3);
/// The least time between two writes.
const SPACING: Duration = Duration::from_secs(15);
/// How long to wait where the API server does not take it.
const AGAIN: Duration = Duration::from_secs(60);
/// How old what stands there may get while only that changes which always does: words, the last contact, bytes.
const HOURLY: SignedDuration = SignedDuration::from_hours(1);

const FORCE: ApplyMode = ApplyMode { dry_run: false, force: true, create_only: false };
const CREATE: ApplyMode = ApplyMode { dry_run: false, force: false, create_only: true };

/// Keeps the ConfigMap.
#[derive(Debug)]
pub struct StatusMap {
    shared: Arc<Shared>,
    worker: Worker,
}

struct Shared {
    cluster: Arc<dyn Cluster>,
    namespace: String,
    now: Now,
    bell: Bell,
    newest: Mutex<Option<Board>>,
}

/// What is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Board {
    brief: Brief,
    contact: Option<String>,
    bytes_today: u64,
}

/// What stands there.
struct Written {
    board: Board,
    essence: Digest,
    at: Timestamp,
}

impl StatusMap {
    /// Starts to keep the ConfigMap in this namespace. Needs a tokio runtime.
    pub fn start(cluster: Arc<dyn Cluster>, namespace: String, now: Now) -> Self {
        let bell = Bell::default();
        let shared =
            Arc::new(Shared { cluster, namespace, now, bell: bell.clone(), newest: Mutex::default() });
        Self { worker: Worker::start(bell, Arc::clone(&shared).keep()), shared }
    }
}

impl Shared {
    /// Writes what is news, until the agent ends.
    async fn keep(self: Arc<Self>) {
        let mut written = None;
        while let Some(board) = self.next(written.as_ref()).await {
            let wait = match self.write(&board).await {
                Ok(()) => {
                    written = Some(Written { essence: board.brief.essence(), board, at: (self.now)() });
                    SPACING
                }
                Err(why) => {
                    tracing::debug!(%why, "cannot keep the ConfigMap {NAME}");
                    AGAIN
                }
            };
            if wait == AGAIN && self.bell.is_ending() {
                return;
            }
            self.bell.pause(wait).await;
            self.bell.ring();
        }
    }

    /// Waits for something that is worth a write; `None` if the agent ends.
    async fn next(&self, written: Option<&Written>) -> Option<Board> {
        loop {
            self.bell.rung().await;
            if self.news(written).is_some() {
                self.bell.pause(SETTLE).await;
            }
            let news = self.news(written);
            if news.is_some() || self.bell.is_ending() {
                return news;
            }
        }
    }

    /// What is worth a write.
    fn news(&self, written: Option<&Written>) -> Option<Board> {
        let board = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let Some(written) = written else { return Some(board) };
        let is_old = (self.now)().duration_since(written.at).abs() >= HOURLY;
        let is_news = board.brief.essence() != written.essence || (is_old && board != written.board);
        is_news.then_some(board)
    }

    async fn write(&self, board: &Board) -> Result<(), String> {
        let object = self.object(board).map_err(|error| error.to_string())?;
        let applied = match self.apply(&object, FORCE).await? {
            Applied::NoPlace(_) => {
                let namespace =
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
                let namespace = Object::new(namespace).map_err(|error| error.to_string())?;
                self.apply(&namespace, CREATE).await?;
                self.apply(&object, FORCE).await?
            }
            applied => applied,
        };
        match applied {
            Applied::Live(_) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    async fn apply(&self, object: &Object, mode: ApplyMode) -> Result<Applied, String> {
        self.cluster.apply(object, mode).await.map_err(|error: Error| crate::model::explain(&error))
    }

    fn object(&self, board: &Board) -> Result<Object, NotAnObject> {
        let Board { brief, contact, bytes_today } = board;
        let now = (self.now)();
        let mut data = brief.plain();
        data.insert("updated".to_owned(), now.round(jiff::Unit::Second).unwrap_or(now).to_string().into());
        data.insert("bytesToday".to_owned(), bytes_today.to_string().into());
        data.extend(contact.iter().map(|contact| ("lastContact".to_owned(), Value::from(contact.as_str()))));
        data.insert("status.json".to_owned(), brief.to_json().into());
        Object::new(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": self.namespace},
            "data": data,
        }))
    }
}

#[async_trait]
impl Sink for StatusMap {
    fn moment(&self, _: &Moment) {}

    fn status(&self, status: &SiteStatus) {
        let board = Board {
            brief: Brief::of(status, MOST),
            contact: status.link.last_contact.clone(),
            bytes_today: status.link.bytes_today,
        };
        *self.shared.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(board);
        self.shared.bell.ring();
    }

    async fn finish(&self) {
        self.worker.finish().await;
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
