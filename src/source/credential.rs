//! What a mirror is shown to let us in.

use super::mirror_error::MirrorError;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file that holds a bearer token, or `user:password`. Read anew for each connection, so that it may be renewed in place.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(PathBuf);

/// What the file held. It has no `Debug` and no `Display`: it can't end up in a log.
pub(super) enum Secret {
    /// Sent as `Authorization: Bearer`.
    Token(String),
    /// Sent as `Authorization: Basic`.
    Password {
        /// Before the first colon.
        user: String,
        /// After it.
        password: String,
    },
}

/// Longest credential taken, in bytes; signed tokens with many claims have a few thousand.
const MAX_CREDENTIAL: u64 = 16 * 1024;

impl Credential {
    /// The credential in this file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads it. White space around it is dropped; a colon makes it `user:password`, for tokens have none.
    pub(super) fn read(&self) -> Result<Secret, MirrorError> {
        let refused = |why: String| MirrorError::File { what: "credential", path: self.0.clone(), why };
        let mut text = String::new();
        let file = std::fs::File::open(&self.0).map_err(|error| refused(error.to_string()))?;
        file.take(MAX_CREDENTIAL + 1)
            .read_to_string(&mut text)
            .map_err(|error| refused(error.to_string()))?;
        if text.len() as u64 > MAX_CREDENTIAL {
            return Err(refused("it is longer than 16 KiB".to_owned()));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(refused("it is empty".to_owned()));
        }
        if text.chars().any(char::is_control) {
            return Err(refused("it must be one line: a token, or user:password".to_owned()));
        }
        Ok(match text.split_once(':') {
            Some((user, password)) => {
                Secret::Password { user: user.to_owned(), password: password.to_owned() }
            }
            None => Secret::Token(text.to_owned()),
        })
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential(file {})", self.0.display())
    }
}
