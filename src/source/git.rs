//! The real source: git mirrors, and an object database of our own.

use super::error::Error;
use super::ids;
use super::link::Links;
use super::lookup::Lookup;
use super::mirror::Meter;
use super::settings::Settings;
use super::worker::Worker;
use super::{Source, Want};
use crate::model::{Artifact, CommitChain, CommitId, MirrorReport, RawCommit, RepoPath, Revision, Traffic};
use crate::trust::Verified;
use async_trait::async_trait;
use standfast_tls::Clock;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// When nothing was asked for so long, what need not be held open is let go.
const REST: Duration = Duration::from_secs(20);

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// Git mirrors. gix and its HTTP client live on one thread of their own, where calls are served in turn; dropping a call's future
/// calls its work off at the next byte.
pub struct Git {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    busy: Arc<AtomicBool>,
    meter: Arc<Meter>,
    links: Arc<Mutex<Links>>,
    clock: Clock,
}

/// Sets its flag when it is dropped: nobody waits any more.
struct Waiting(Arc<AtomicBool>);

impl Git {
    /// Starts the thread. No mirror is asked and nothing is written yet, so this works offline and on a full disk. Certificates are
    /// judged by `clock`.
    ///
    /// # Errors
    /// `Disk` if the system gives no thread.
    pub fn start(settings: Settings, clock: Clock) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let meter = Arc::new(Meter::default());
        let links = Arc::new(Mutex::new(Links::open(&settings)));
        let (for_worker, its_links, its_clock) = (meter.clone(), links.clone(), clock.clone());
        let busy = Arc::new(AtomicBool::new(false));
        let is_busy = busy.clone();
        let path = settings.objects.clone();
        let work = move || {
            let mut worker = Worker::new(&settings, &its_clock, for_worker, its_links);
            serve(&queue, &mut worker, &is_busy);
        };
        let thread = std::thread::Builder::new()
            .name("source".to_owned())
            .spawn(work)
            .map_err(|source| Error::Disk { doing: "starting the thread for", path, source })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), busy, meter, links, clock })
    }

    /// All bytes that went over the link since the start, those of `complete` included. HTTP headers count as HTTP/1.1 would write
    /// them; TLS, TCP and IP are not counted.
    pub fn traffic_total(&self) -> Traffic {
        self.meter.total()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Worker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(cancel.clone());
        let job = move |worker: &mut Worker| {
            if !cancel.load(Ordering::Relaxed) {
                // Nobody may be left to hear it; then it does not matter.
                let _ = reply.send(worker.job(cancel, work));
            }
        };
        let jobs = self.jobs.as_ref().ok_or(Error::Stopped)?;
        jobs.send(Box::new(job)).map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?
    }
}

#[async_trait]
impl Source for Git {
    async fn advance(&self, want: &Want) -> Result<CommitChain, Error> {
        let want = want.clone();
        self.run(move |worker| worker.advance(&want)).await
    }

    async fn complete(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        let (root, revision, paths) = (revision.root(), revision.get().clone(), paths.clone());
        self.run(move |worker| worker.complete(&revision, root, &paths)).await
    }

    async fn held(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        let (root, revision, paths) = (revision.root(), revision.get().clone(), paths.clone());
        self.run(move |worker| worker.held(&revision, root, &paths)).await
    }

    fn link(&self) -> Vec<MirrorReport> {
        let now = self.clock.read().seconds();
        self.links.lock().unwrap_or_else(PoisonError::into_inner).report(now)
    }

    async fn retain(&self, revisions: &BTreeSet<CommitId>) -> Result<(), Error> {
        let revisions: BTreeSet<_> = revisions.iter().filter_map(|commit| ids::object(&commit.0)).collect();
        self.run(move |worker| worker.retain(revisions.clone())).await
    }

    async fn recall(&self, commit: &CommitId) -> Result<Option<RawCommit>, Error> {
        let commit = *commit;
        self.run(move |worker| worker.objects.recall(&commit)).await
    }
}

/// Does what is asked, one after the other, until nobody can ask any more.
fn serve(queue: &mpsc::Receiver<Job>, worker: &mut Worker, is_busy: &AtomicBool) {
    loop {
        let job = match queue.recv_timeout(REST) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                worker.rest();
                continue;
            }
        };
        is_busy.store(true, Ordering::Relaxed);
        job(worker);
        is_busy.store(false, Ordering::Relaxed);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for Git {
    /// Ends the thread, and waits for it so that its folder is free for the next one. Calls borrow us, so nobody waits for one now;
    /// one that was called off may still hang on a silent link, and is left to its timeout.
    fn drop(&mut self) {
        drop(self.jobs.take());
        // What links cost must outlive the process.
        let now = self.clock.read().seconds();
        self.links.lock().unwrap_or_else(PoisonError::into_inner).keep(true, now);
        if let Some(thread) = self.thread.take()
            && !self.busy.load(Ordering::Relaxed)
            && thread.join().is_err()
        {
            tracing::error!("the thread of the source ended in a panic");
        }
    }
}

impl fmt::Debug for Git {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Git").field("traffic", &self.traffic_total()).finish_non_exhaustive()
    }
}
