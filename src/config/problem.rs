//! What is wrong with the configuration.

use crate::model::NotYet;
use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong: where, what, and what to do. Values that may be secrets are not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file to change.
    pub file: PathBuf,
    /// The key inside it, `source.mirrors[0].url`; empty for the file as a whole.
    pub key: String,
    /// The line, from 1, where it is known.
    pub line: Option<u32>,
    /// What is wrong and what to do about it, in one line.
    pub message: String,
}

/// A place in one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) key: String,
    pub(super) line: Option<u32>,
}

/// Longest key that a message shows, in characters.
const SHOWN: usize = 120;

impl Place {
    /// A file as a whole.
    pub(super) fn file(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), key: String::new(), line: None }
    }

    /// A problem here.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            key: self.key.clone(),
            line: self.line,
            message: message.into().replace('\n', " "),
        }
    }

    /// A problem here: something that is known and not built yet.
    pub(super) fn not_yet(&self, what: &str) -> Problem {
        let refusal = NotYet { path: String::new(), what: what.to_owned() }.to_string();
        self.problem(format!("{}: remove it", refusal.trim_start_matches(": ")))
    }
}

impl fmt::Display for Problem {
    /// One line: `/etc/standfast/config.yaml: source.poll (line 7): …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.key.is_empty() {
            write!(f, "{}", self.key.chars().take(SHOWN).collect::<String>().escape_debug())?;
        }
        self.line.iter().try_for_each(|line| write!(f, " (line {line})"))?;
        if !self.key.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}
