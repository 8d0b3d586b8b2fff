//! Stopping: the first signal lets what is under way come to an end, a second one ends the process at once.

use super::build::Agent;
use super::control::Control;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// The exit code of a process that a second signal ended.
const ABORTED: i32 = 130;
/// How long what is under way may take to come to an end. What is on disk is whole at every moment, so that it may be left anywhere.
const GRACE: Duration = Duration::from_secs(20);

/// Why the agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It was told to stop.
    Told,
    /// It was told to read its configuration again.
    Reload,
}

/// Runs the agent until SIGTERM or SIGINT, or until SIGHUP says that the configuration changed. Orders come in through the socket at
/// `control`; an agent that cannot open it runs all the same.
pub async fn serve(agent: &mut Agent, control: &Path) -> io::Result<Stopped> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let (orders, mut inbox) = mpsc::channel(8);
    let socket = match Control::bind(control) {
        Ok(control) => Some(tokio::spawn(control.serve(orders.clone(), agent.board.subscribe()))),
        Err(error) => {
            tracing::warn!(path = %control.display(), %error, "no orders can be given: the control socket cannot be opened");
            None
        }
    };
    let run = agent.run(&mut inbox);
    tokio::pin!(run);
    let stopped = tokio::select! {
        () = &mut run => return Ok(Stopped::Told),
        _ = terminate.recv() => Stopped::Told,
        _ = interrupt.recv() => Stopped::Told,
        _ = hangup.recv() => Stopped::Reload,
    };
    tracing::info!(?stopped, "stopping; a second signal aborts");
    drop(orders);
    if let Some(socket) = socket {
        socket.abort();
        let _ = socket.await;
    }
    tokio::select! {
        () = &mut run => {}
        () = tokio::time::sleep(GRACE) => tracing::warn!("what is under way is left as it is"),
        _ = terminate.recv() => abort(),
        _ = interrupt.recv() => abort(),
    }
    Ok(stopped)
}

#[allow(clippy::exit, reason = "the second signal means: now")]
fn abort() {
    std::process::exit(ABORTED);
}
