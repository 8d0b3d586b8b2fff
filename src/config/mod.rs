//! The site's own configuration: who it is, where its source is, whom it trusts at first.
//!
//! # What
//! `FILE` and the `*.yaml` in `FILE.d` beside it, in the order of their names. [`load`] makes [`Settings`] of them, [`show`] tells each
//! value and where it comes from. A file is read into a *fragment* (its form is checked), fragments are merged with defaults into the
//! *input*, and that is judged into *settings*, whose types the other rooms own.
//!
//! # Invariants
//! - All that is wrong is told at once, each with file, key and line, and what to do.
//! - A later file wins: mappings are merged key by key, a list replaces the whole earlier list, as all values do in k3s.
//! - An unknown key is an error with the nearest known one; what is not built yet is refused as such; a key without a value is an
//!   error. Nothing is ignored.
//! - Files that are named (keys, certificates, credentials) are not opened here, for they may come later or be renewed;
//!   [`Settings::missing_files`] says which are not there.
//! - What may be a secret is in no message, even in the wrong place: no URL, no variable's value, no token where a name should be.
//!
//! # Decisions
//! A credential is an absolute path or a name. A name is looked for where systemd put the unit's credentials; outside of the unit, so
//! that a person at the console can run the same commands, in `/etc/credstore`, where systemd itself takes them from.
//!
//! What is kept and holds Secrets is encrypted to `encryption.credential`; unless that is named, to the credential
//! `standfast-encryption` where the unit has it, else to the site's identity.
//!
//! # Not here
//! Signed documents (`fleet`). The environment is read by `cli` and handed in.
//!
//! # Tests
//! `tests.rs`, tables of files; `tests/it/config_readme.rs` loads what the README shows.

mod credentials;
mod files;
mod fragment;
mod input;
mod keys;
mod link;
mod mirrors;
mod problem;
mod report;
mod settings;
mod values;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod report_tests;

use std::path::{Path, PathBuf};

pub use input::Shown;
pub use problem::Problem;
pub use settings::Settings;

/// What the process was given beside the files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Where systemd put the credentials of the unit, `$CREDENTIALS_DIRECTORY`.
    pub credentials_directory: Option<PathBuf>,
}

/// Reads the configuration in `path` and `path.d`, or tells all that is wrong with it.
///
/// # Errors
/// Every problem of every file: never an empty list.
pub fn load(path: &Path, environment: &Environment) -> Result<Settings, Vec<Problem>> {
    let (input, problems) = input::read(path);
    settings::judge(&input, environment, problems)
}

/// Where the status file lies, for a person who wants to see it although something else in the configuration is wrong.
///
/// # Errors
/// Every problem with what this one value comes from: files that cannot be read, and the value itself.
pub fn status_file(path: &Path) -> Result<PathBuf, Vec<Problem>> {
    let (input, problems) = input::read(path);
    settings::status_file(&input, problems)
}

/// All values, merged and with defaults, each with its origin. They have the right form; what they mean is not judged.
///
/// # Errors
/// Every problem with the form of a file.
pub fn show(path: &Path) -> Result<Vec<Shown>, Vec<Problem>> {
    let (input, problems) = input::read(path);
    if problems.is_empty() { Ok(input.show()) } else { Err(problems) }
}
