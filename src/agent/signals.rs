//! Stopping: the first signal ends the pass at its next wait, a second one ends the process at once.

use super::build::Agent;
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a process that a second signal ended.
const ABORTED: i32 = 130;

/// Runs the agent until SIGTERM or SIGINT. What is on disk is whole at every moment, so that a pass may be left anywhere.
pub async fn serve(agent: &mut Agent) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; a second signal aborts");
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            abort();
        });
    };
    agent.run(stop).await;
    Ok(())
}

#[allow(clippy::exit, reason = "the second signal means: now")]
fn abort() {
    std::process::exit(ABORTED);
}
