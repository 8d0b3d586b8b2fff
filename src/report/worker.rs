//! A task beside the driver that does what may take its time: it is rung for, and told when the agent ends.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long the end of the agent waits for what is still to be told.
const FAREWELL: Duration = Duration::from_secs(5);

/// Rings for a task. Clones ring the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell(Arc<Rung>);

#[derive(Debug, Default)]
struct Rung {
    notify: Notify,
    is_ending: AtomicBool,
}

/// A task that runs until it is told to end. Dropping it ends it at once.
#[derive(Debug)]
pub(super) struct Worker {
    bell: Bell,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Bell {
    /// There is something to do.
    pub(super) fn ring(&self) {
        self.0.notify.notify_one();
    }

    /// Whether the agent ends: what is to be done is to be done now.
    pub(super) fn is_ending(&self) -> bool {
        self.0.is_ending.load(Ordering::SeqCst)
    }

    /// Waits until there is something to do.
    pub(super) async fn rung(&self) {
        if !self.is_ending() {
            self.0.notify.notified().await;
        }
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) {
        while !self.is_ending() {
            self.0.notify.notified().await;
        }
    }

    /// Waits, but not beyond the end.
    pub(super) async fn pause(&self, wait: Duration) {
        self.pause_unless(wait, || false).await;
    }

    /// The same, and not once this is true, which is looked at whenever it is rung.
    pub(super) async fn pause_unless(&self, wait: Duration, is_over: impl Fn() -> bool) {
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        while !self.is_ending() && !is_over() {
            tokio::select! {
                () = &mut over => return,
                () = self.0.notify.notified() => {}
            }
        }
    }
}

impl Worker {
    /// Starts a task, which must return once its bell says that the agent ends. Needs a tokio runtime.
    pub(super) fn start(bell: Bell, task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { bell, task: Mutex::new(Some(tokio::spawn(task))) }
    }

    /// Tells the task to do what is left and end, and waits for that, for some seconds at most.
    pub(super) async fn finish(&self) {
        self.bell.0.is_ending.store(true, Ordering::SeqCst);
        self.bell.ring();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(FAREWELL, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        task.iter().for_each(JoinHandle::abort);
    }
}
