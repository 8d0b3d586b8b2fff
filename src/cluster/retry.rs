//! Short retries inside one call. This is the only file that names the crate `backoff`.
//!
//! Waits between attempts of the agent as a whole are `reconcile`'s business: pure, and kept over boots. Here it is about the moment in
//! which an API server drops a connection, says that it is busy, or is a second away.
//!
//! `backoff` gives up by the real clock after 15 minutes by default; here attempts are counted instead, and its clock does not matter.

use super::Error;
use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;
use std::future::Future;
use std::time::Duration;

/// How often something is tried at all.
const ATTEMPTS: u32 = 4;

/// The longest wait that a server may ask for; beyond it the call ends and the loop waits instead.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of one try.
#[derive(Debug)]
pub(super) enum Tried<T> {
    /// It is answered.
    Done(T),
    /// It failed in a way that may pass: after this time if the server said so, else by our own schedule.
    Again(Error, Option<Duration>),
    /// It failed, and trying again is of no use or not safe.
    Stop(Error),
}

/// Tries until it is done, must stop, or was tried four times; the last error is the answer then. The whole takes at most about
/// two seconds of our own waits, or 15 where the server asks for them.
pub(super) async fn retry<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Tried<T>>,
{
    let mut schedule = schedule();
    let mut tries = 1;
    loop {
        let (error, asked) = match attempt().await {
            Tried::Done(done) => return Ok(done),
            Tried::Stop(error) => return Err(error),
            Tried::Again(error, asked) => (error, asked),
        };
        let own = schedule.next_backoff().unwrap_or(PATIENCE);
        let wait = asked.map_or(own, |asked| asked.max(own));
        if tries == ATTEMPTS || wait > PATIENCE {
            return Err(error);
        }
        tries += 1;
        tokio::time::sleep(wait).await;
    }
}

impl<T> Tried<T> {
    /// Goes on with what was done.
    pub(super) fn and_then<U>(self, next: impl FnOnce(T) -> Tried<U>) -> Tried<U> {
        match self {
            Self::Done(done) => next(done),
            Self::Again(error, wait) => Tried::Again(error, wait),
            Self::Stop(error) => Tried::Stop(error),
        }
    }
}

/// Waits of about 0.1, 0.3 and 0.9 s, each up to half more or less, so that many requests that failed together do not come together again.
fn schedule() -> ExponentialBackoff {
    let mut schedule = ExponentialBackoff {
        initial_interval: Duration::from_millis(100),
        current_interval: Duration::from_millis(100),
        multiplier: 3.0,
        randomization_factor: 0.5,
        max_interval: Duration::from_secs(2),
        ..ExponentialBackoff::default()
    };
    schedule.max_elapsed_time = None;
    schedule
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// One try.
    type Step = fn() -> Tried<u32>;

    fn busy() -> Error {
        Error::Busy { what: "test".to_owned() }
    }

    /// Runs tries with paused time: `answers` one by one, then success; gives the result and how many tries there were.
    async fn run(answers: &[Step]) -> (Result<u32, Error>, usize) {
        let count = Cell::new(0);
        let result = retry(|| {
            let at = count.replace(count.get() + 1);
            async move { answers.get(at).map_or(Tried::Done(7), |answer| answer()) }
        })
        .await;
        (result, count.get())
    }

    #[tokio::test(start_paused = true)]
    async fn tries_are_counted_and_the_server_may_set_the_pace() {
        let again: Step = || Tried::Again(busy(), None);
        let soon: Step = || Tried::Again(busy(), Some(Duration::from_secs(1)));
        let later: Step = || Tried::Again(busy(), Some(Duration::from_hours(1)));
        let stop: Step = || Tried::Stop(busy());
        let cases: [(&[Step], bool, usize); 6] = [
            (&[], true, 1),
            (&[again, again], true, 3),
            (&[soon, again, soon], true, 4),
            (&[again, again, again, again], false, 4),
            (&[later], false, 1),
            (&[again, stop], false, 2),
        ];
        for (at, (answers, succeeds, tries)) in cases.iter().enumerate() {
            let (result, count) = run(answers).await;
            assert_eq!((result.is_ok(), count), (*succeeds, *tries), "case {at}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_server_asks_for_is_kept() {
        let begin = tokio::time::Instant::now();
        let soon: Step = || Tried::Again(busy(), Some(Duration::from_secs(2)));
        run(&[soon]).await.0.unwrap();
        assert!(begin.elapsed() >= Duration::from_secs(2));
    }
}
