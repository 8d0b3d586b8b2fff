//! What every command needs before it starts: logs, the async runtime, settings.

use super::error::Failure;
use crate::config::{self, Environment, Problem, Settings};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Where systemd puts the unit's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// What is logged, in tracing's filter language: `info`, `standfast=debug`.
const LOG: &str = "STANDFAST_LOG";

/// Logs go to standard error. A command for a person logs warnings only, for it says itself what it does.
#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn logging(is_daemon: bool) {
    let default = if is_daemon { "info" } else { "error" };
    let chosen = std::env::var(LOG).unwrap_or_else(|_| default.to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(chosen)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}

/// Reads the site's configuration; all that is wrong with it at once.
#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn load(path: &Path) -> Result<Settings, Vec<Problem>> {
    let environment =
        Environment { credentials_directory: std::env::var(CREDENTIALS).ok().map(PathBuf::from) };
    config::load(path, &environment)
}

/// The same for a command that needs it.
pub(super) fn settings(path: &Path) -> Result<Settings, Failure> {
    let hint = || format!("check it with: standfast config check --config {}", path.display());
    load(path).map_err(|problems| Failure::from_problems(&problems).hint(hint()))
}

/// The async runtime: two threads are plenty for a site, and each costs memory.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("starting the async runtime: {error}")))
}
