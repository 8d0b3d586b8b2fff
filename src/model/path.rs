//! A path inside the fleet repository.

use std::fmt;
use std::str::FromStr;

/// A relative path with `/` between its parts, without `.`, `..`, empty parts or a `.git`; the empty path is the repository's root.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(String);

/// Why a text is not a path inside the repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is not a path inside the repository: {why}")]
pub struct ParsePathError {
    path: String,
    why: &'static str,
}

/// Longest path accepted, in bytes.
const MAX_PATH: usize = 1024;
/// Most folders that a path may go down.
const MAX_DEPTH: usize = 32;

impl RepoPath {
    /// The repository's root.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path as text, empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the repository's root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The parts from the root downwards; none for the root.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The last part; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that holds it; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(self.0.rsplit_once('/').map(|(folder, _)| Self(folder.to_owned())).unwrap_or_default())
    }

    /// The path of `name` (one part or several) below this one.
    pub fn join(&self, name: &str) -> Result<Self, ParsePathError> {
        if self.is_root() { name.parse() } else { format!("{}/{name}", self.0).parse() }
    }

    /// Whether it is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root()
            || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for RepoPath {
    type Err = ParsePathError;

    /// A leading `./` and a trailing `/` are forgiven; the empty text and `.` are the root.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why| Err(ParsePathError { path: text.chars().take(120).collect(), why });
        if text.starts_with('/') {
            return refused("it must be relative to the repository's root");
        }
        let trimmed = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        if trimmed.is_empty() || trimmed == "." {
            return Ok(Self::root());
        }
        if trimmed.len() > MAX_PATH || trimmed.split('/').count() > MAX_DEPTH {
            return refused("it is too long or too deep");
        }
        for part in trimmed.split('/') {
            match part {
                "" => return refused("a part is empty"),
                "." | ".." => return refused("`.` and `..` are not allowed"),
                _ if part.eq_ignore_ascii_case(".git") => return refused("`.git` is not allowed"),
                _ if part.chars().any(|c| c.is_control() || c == '\\') => {
                    return refused("control characters and backslashes are not allowed");
                }
                _ => {}
            }
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_and_is_not_a_path() {
        for (text, shown) in
            [("", "."), ("./", "."), ("a/b/", "a/b"), ("./a", "a"), ("a b/c.yaml", "a b/c.yaml")]
        {
            assert_eq!(text.parse::<RepoPath>().unwrap().to_string(), shown);
        }
        for bad in [
            "/a",
            "a//b",
            "../a",
            "a/../b",
            "a/./b",
            ".git/config",
            "a/.GIT",
            "a\\b",
            "a\nb",
            &"a/".repeat(40),
        ] {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn within_goes_by_parts() {
        let path = |text: &str| text.parse::<RepoPath>().unwrap();
        assert!(path("apps/pos/x.yaml").is_within(&path("apps/pos")));
        assert!(path("apps/pos").is_within(&path("apps/pos")));
        assert!(!path("apps/postgres").is_within(&path("apps/pos")));
        assert!(path("apps").is_within(&RepoPath::root()));
    }
}
