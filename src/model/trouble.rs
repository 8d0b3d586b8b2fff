//! What went wrong, small enough to carry around.

use super::class::{Classify, ErrorClass};
use std::error::Error;

/// What went wrong, as the machine, the status and people need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it means for the loop.
    pub class: ErrorClass,
    /// The constant it is known by.
    pub reason: &'static str,
    /// In words, with the way out.
    pub message: String,
}

impl Trouble {
    /// Something that may be better in a moment.
    pub fn transient(reason: &'static str, message: impl Into<String>) -> Self {
        Self { class: ErrorClass::Transient, reason, message: message.into() }
    }

    /// Something that will be the same until there is another revision.
    pub fn terminal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { class: ErrorClass::Terminal, reason, message: message.into() }
    }
}

impl<E: Classify + Error> From<E> for Trouble {
    /// An error of a room with all its causes.
    fn from(error: E) -> Self {
        Self { class: error.class(), reason: error.reason(), message: explain(&error) }
    }
}

/// An error and its causes in one line. A cause whose words the error already has is not repeated.
pub fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
