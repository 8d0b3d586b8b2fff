//! What every command needs before it starts: the async runtime, settings.

use super::error::Failure;
use crate::config::{self, Environment, Problem, Settings};
use std::path::{Path, PathBuf};

/// Where systemd puts the unit's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
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
