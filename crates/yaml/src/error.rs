//! What can be wrong with a file.

use crate::Mark;
use thiserror::Error;

/// Why a text could not be read as Kubernetes would read it. Shows places and keys, never values.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not YAML.
    #[error("{mark}: not valid YAML: {problem}")]
    Syntax {
        /// Where the reader stopped.
        mark: Mark,
        /// What it found, with what to do where that is known.
        problem: String,
    },
    /// A byte that UTF-8 does not know.
    #[error("{mark}: this is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The first wrong byte.
        mark: Mark,
    },
    /// More bytes than [`Limits::bytes`](crate::Limits::bytes).
    #[error("the text has {bytes} bytes, more than the limit of {limit}; split the file")]
    TooLarge {
        /// The text's size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More nodes than [`Limits::nodes`](crate::Limits::nodes).
    #[error(
        "{mark}: more than {limit} values, counting what aliases repeat; split the file or use fewer aliases"
    )]
    TooManyNodes {
        /// The first one too many.
        mark: Mark,
        /// The limit.
        limit: usize,
    },
    /// Deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("{mark}: more than {limit} lists and mappings inside each other; make the document flatter")]
    TooDeep {
        /// The first level too deep.
        mark: Mark,
        /// The limit.
        limit: usize,
    },
    /// More aliases than [`Limits::aliases`](crate::Limits::aliases).
    #[error("{mark}: more than {limit} aliases; write some of them out")]
    TooManyAliases {
        /// The first one too many.
        mark: Mark,
        /// The limit.
        limit: usize,
    },
    /// Aliases and anchors repeat more text than [`Limits::bytes`](crate::Limits::bytes).
    #[error("{mark}: anchors and aliases repeat more than {limit} bytes of text; use fewer aliases")]
    AliasesTooLarge {
        /// The first one too many.
        mark: Mark,
        /// The limit.
        limit: usize,
    },
    /// An alias inside of what it stands for.
    #[error("{mark}: this alias stands inside of its own anchor; name another anchor")]
    AliasOfItself {
        /// The alias.
        mark: Mark,
    },
    /// Two keys of a mapping read as the same one.
    #[error("{second}: the key {key:?} stands already at {first}; keep one of them")]
    DuplicateKey {
        /// The key as it reads, cut to 64 characters.
        key: String,
        /// Where it stands first.
        first: Mark,
        /// Where it stands again.
        second: Mark,
    },
    /// A key that JSON has no name for.
    #[error("{mark}: {what} cannot be a key in Kubernetes; put the key in quotes")]
    Key {
        /// The key.
        mark: Mark,
        /// What it reads as.
        what: &'static str,
    },
    /// `<<` with something that has no keys.
    #[error("{mark}: `<<` takes a mapping or a list of mappings; name an anchor that holds one")]
    Merge {
        /// The value of `<<`.
        mark: Mark,
    },
    /// A text that its tag does not fit.
    #[error("{mark}: the value does not read as {tag}; change it or remove the tag")]
    Tag {
        /// The value.
        mark: Mark,
        /// The tag, in its short form.
        tag: &'static str,
    },
    /// `.inf` or `.nan`.
    #[error(
        "{mark}: JSON has no number for infinity or not-a-number; put the value in quotes if it is a string"
    )]
    NotFinite {
        /// The value.
        mark: Mark,
    },
}

impl Error {
    /// The place that the message names, if there is one.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Self::TooLarge { .. } => None,
            Self::DuplicateKey { second: mark, .. }
            | Self::Syntax { mark, .. }
            | Self::NotUtf8 { mark }
            | Self::TooManyNodes { mark, .. }
            | Self::TooDeep { mark, .. }
            | Self::TooManyAliases { mark, .. }
            | Self::AliasesTooLarge { mark, .. }
            | Self::AliasOfItself { mark }
            | Self::Key { mark, .. }
            | Self::Merge { mark }
            | Self::Tag { mark, .. }
            | Self::NotFinite { mark } => Some(*mark),
        }
    }
}
