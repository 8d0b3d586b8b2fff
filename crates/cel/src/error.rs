//! What can be wrong with an expression, and with its evaluation.

use thiserror::Error;

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at character {at}: {what}")]
pub struct ParseError {
    /// The first character that does not fit, from 1.
    pub at: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Why an expression has no answer for an object. Names of fields are from the expression itself; values are never shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The object has no such field at the top, or a mapping none below.
    #[error("there is no field {0}")]
    NoField(String),
    /// A list is shorter, or a mapping has no such key.
    #[error("there is no such item")]
    NoItem,
    /// Values of types that do not go together.
    #[error("{0}")]
    Type(String),
    /// A number too large for its type, or a division by zero.
    #[error("{0}")]
    Number(&'static str),
    /// It is not yes or no.
    #[error("it gives {0} instead of true or false")]
    NotABool(&'static str),
    /// It takes too long.
    #[error("it takes more than {0} steps")]
    TooLong(u32),
}

impl Fault {
    /// Whether another state of the object may have an answer: a field that is not there yet.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NoField(_) | Self::NoItem)
    }
}
