//! What others did to our objects, and what became of it.

use super::object::ObjectKey;
use super::plan::Change;
use std::fmt;

/// One object that somebody changed, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The object.
    pub key: ObjectKey,
    /// Its application.
    pub application: String,
    /// What was done to it.
    pub kind: DriftKind,
    /// The field managers that did it, as far as the server tells; a deletion names none.
    pub by: Vec<String>,
    /// The fields that differ, live value to ours, those of Secrets masked.
    pub changes: Vec<Change>,
    /// What became of it.
    pub answer: DriftAnswer,
}

/// What was done to an object of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// Fields of ours have other values, our label among them, or are gone.
    Changed,
    /// It was deleted.
    Deleted,
}

/// What the agent does about drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftAnswer {
    /// It was undone.
    Healed,
    /// It is only reported, as the mode says.
    Detected,
    /// Somebody does it again and again: it is undone less often from now on.
    Fought,
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        })
    }
}

impl fmt::Display for DriftAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healed => "healed",
            Self::Detected => "detected",
            Self::Fought => "fought over",
        })
    }
}
