//! Events in the cluster about what was changed there, for `kubectl describe` and `kubectl get events`.
//!
//! # What
//! [`Events`] tells what was made, changed, healed (with the name of who had changed it), pruned or refused: as an `Event` beside the
//! object, or about the ConfigMap `standfast-status` where it is about an application or the site.
//!
//! # Invariants
//! Nothing is written where nothing changed. The same thing for the same reason has one event that counts up. Much at a time is told
//! in one piece for each application, and there are at most thirty an hour. It is best effort and holds nobody up.
//!
//! # Not here
//! Proof of what happened: events are gone after an hour, the audit log is not.
//!
//! # Tests
//! `tests.rs` for what is told and how much; `tests/it/report_events.rs` on a real API server.

mod notice;
mod object;
mod pile;
#[cfg(test)]
mod tests;

use super::worker::{Bell, Worker};
use super::{Now, Sink};
use crate::cluster::{Applied, ApplyMode, Cluster, Error};
use crate::model::{Gvk, Moment, SiteStatus, explain};
use async_trait::async_trait;
use notice::{About, Notice};
use pile::Pile;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long is gathered, so that what one pass does is told together.
const GATHER: Duration = Duration::from_secs(2);

/// Most refusals that are remembered so as not to be told again.
const MOST_REFUSED: usize = 256;

const FORCE: ApplyMode = ApplyMode { dry_run: false, force: true, create_only: false };

/// Tells the cluster.
#[derive(Debug)]
pub struct Events {
    shared: Arc<Shared>,
    worker: Worker,
}

struct Shared {
    cluster: Arc<dyn Cluster>,
    /// Where the ConfigMap of the status lies.
    namespace: String,
    now: Now,
    bell: Bell,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    pile: Pile,
    /// The revision that is being applied.
    revision: Option<String>,
    /// The refusals that were told last, by what says them: they come again with every pass.
    refused: BTreeMap<&'static str, BTreeSet<(About, &'static str)>>,
    /// Until when the pile knows the time.
    known: Instant,
}

impl Events {
    /// Starts to tell. Needs a tokio runtime.
    pub fn start(cluster: Arc<dyn Cluster>, namespace: String, now: Now) -> Self {
        let bell = Bell::default();
        let (pile, refused) = (Pile::new(), BTreeMap::new());
        let waiting = Waiting { pile, revision: None, refused, known: Instant::now() };
        let shared =
            Arc::new(Shared { cluster, namespace, now, bell: bell.clone(), waiting: Mutex::new(waiting) });
        Self { worker: Worker::start(bell, Arc::clone(&shared).tell()), shared }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes events until the agent ends.
    async fn tell(self: Arc<Self>) {
        loop {
            self.bell.rung().await;
            let due = self.waiting().due();
            if let Some(due) = due {
                self.bell.pause(due.max(GATHER)).await;
            }
            let told = self.waiting().take();
            for notice in told {
                let written = self.write(&notice).await;
                written.unwrap_or_else(|why| tracing::debug!(notice.reason, %why, "an event is not written"));
            }
            if self.bell.is_ending() {
                return;
            }
            if self.waiting().due().is_some() {
                self.bell.ring();
            }
        }
    }

    async fn write(&self, notice: &Notice) -> Result<(), String> {
        let failed = |error: Error| explain(&error);
        let address = object::address(notice, &self.namespace);
        let key = &address.involved;
        let kinds = self.cluster.kinds(false).await.map_err(failed)?;
        let version = kinds.preferred.get(&(key.group.clone(), key.kind.clone()));
        let (group, kind) = (key.group.clone(), key.kind.clone());
        let gvk = version.map(|version| Gvk { group, version: version.clone(), kind });
        let live = match &gvk {
            Some(gvk) => self.cluster.get(gvk, key).await.map_err(failed)?,
            None => None,
        };
        let before = self.cluster.get(&object::gvk(), &address.event).await.map_err(failed)?;
        let event =
            object::object(notice, &address, (gvk.as_ref(), live.as_ref()), before.as_ref(), (self.now)());
        let event = event.map_err(|error| error.to_string())?;
        match self.cluster.apply(&event, FORCE).await.map_err(failed)? {
            Applied::Live(_) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }
}

#[async_trait]
impl Sink for Events {
    fn moment(&self, moment: &Moment) {
        let mut waiting = self.shared.waiting();
        if let Moment::Rendered { revision, .. } = moment {
            waiting.revision = Some(revision.to_string());
        }
        if waiting.add(moment) {
            self.shared.bell.ring();
        }
    }

    fn status(&self, _: &SiteStatus) {}

    async fn finish(&self) {
        self.worker.finish().await;
    }
}

impl Waiting {
    /// Takes up what a moment has to tell; answers whether it has something.
    fn add(&mut self, moment: &Moment) -> bool {
        let mut news = notice::done(moment, self.revision.as_deref());
        if let Some((kind, refused)) = notice::refused(moment) {
            let key = |notice: &Notice| (notice.about.clone(), notice.reason);
            let now: BTreeSet<_> = refused.iter().take(MOST_REFUSED).map(|(_, notice)| key(notice)).collect();
            let known = self.refused.insert(kind, now).unwrap_or_default();
            news.extend(refused.into_iter().filter(|(_, notice)| !known.contains(&key(notice))));
        }
        let any = !news.is_empty();
        news.into_iter().for_each(|(application, notice)| self.pile.add(&application, notice));
        any
    }

    /// How long to wait until something may be told; `None` if there is nothing.
    fn due(&mut self) -> Option<Duration> {
        self.pile.wait(self.known.elapsed().as_secs_f64());
        self.known = Instant::now();
        self.pile.due().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }

    fn take(&mut self) -> Vec<Notice> {
        self.due();
        self.pile.take()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
