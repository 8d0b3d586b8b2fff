//! What an error means for the loop: try again, or hold, and until when.

use std::fmt;

/// What the agent does after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// The world may be better in a moment: wait with backoff and try again.
    Transient,
    /// This revision will fail the same way every time: hold until there is another.
    Terminal,
    /// The site's own configuration is wrong: hold until it changes.
    Misconfigured,
    /// What was offered must not be run: hold and alert.
    Untrusted,
}

/// Every room's error says what it means for the loop and under which constant name it is counted.
pub trait Classify {
    /// What the agent does about it.
    fn class(&self) -> ErrorClass;
    /// A constant in CamelCase, the only part of an error that becomes a metric label or a status reason.
    fn reason(&self) -> &'static str;
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transient => "transient",
            Self::Terminal => "terminal",
            Self::Misconfigured => "misconfigured",
            Self::Untrusted => "untrusted",
        })
    }
}
