//! What a person reads when a command fails, and the exit code.

use super::output;
use crate::config::Problem;
use crate::model::{ErrorClass, Trouble};

/// The command failed.
pub(super) const FAILED: u8 = 1;
/// The arguments are wrong.
pub(super) const USAGE: u8 = 2;
/// Changes are pending, or something is not healthy.
pub(super) const PENDING: u8 = 3;
/// The configuration is wrong (`EX_CONFIG` of sysexits.h; the unit file does not restart on it).
pub(super) const CONFIGURATION: u8 = 78;

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened, one line each.
    pub(super) messages: Vec<String>,
    /// What to do.
    pub(super) hints: Vec<String>,
    /// The process's exit code.
    pub(super) code: u8,
}

impl Failure {
    /// A failure with one message.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { messages: vec![message.into()], hints: Vec::new(), code: FAILED }
    }

    /// Adds what to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What kept a pass from its goal.
    pub(super) fn from_troubles(troubles: &[Trouble]) -> Self {
        let messages =
            troubles.iter().map(|trouble| format!("{}: {}", trouble.reason, trouble.message)).collect();
        let all_configuration = troubles.iter().all(|trouble| trouble.class == ErrorClass::Misconfigured);
        Self { messages, hints: Vec::new(), code: if all_configuration { CONFIGURATION } else { FAILED } }
    }

    /// What is wrong with a configuration.
    pub(super) fn from_problems(problems: &[Problem]) -> Self {
        let messages = problems.iter().map(ToString::to_string).collect();
        Self { messages, hints: Vec::new(), code: CONFIGURATION }
    }

    /// Prints it to standard error.
    pub(super) fn print(&self) {
        let paint = output::Paint::stderr();
        for message in &self.messages {
            output::err(&format!("{} {message}", paint.red("error:")));
        }
        for hint in &self.hints {
            output::err(&format!("{} {hint}", paint.cyan("hint:")));
        }
    }
}
