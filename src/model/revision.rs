//! A revision: one commit of one ref, immutable.

use super::hash::CommitId;
use std::fmt;
use std::str::FromStr;

/// A full ref name, `refs/heads/main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

/// `ref@sha1:…`: what the source offered under a ref, by content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The ref it was offered under.
    pub ref_name: RefName,
    /// The commit itself.
    pub commit: CommitId,
}

/// Why a text is not a full ref name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a full ref name: write it as refs/heads/main or refs/tags/v1")]
pub struct ParseRefError(String);

/// Longest ref name accepted, in bytes; git servers refuse longer ones well before.
const MAX_REF: usize = 250;

impl RefName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefName {
    type Err = ParseRefError;

    /// Follows `git check-ref-format`: no empty or dotted components, no control characters, none of ` ~^:?*[\`, no `..`, no `@{`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseRefError(text.chars().take(80).collect());
        let rest = text.strip_prefix("refs/").ok_or_else(refused)?;
        let component = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock") && !part.ends_with('.')
        };
        let characters = text.chars().all(|c| !c.is_control() && !" ~^:?*[\\".contains(c));
        let whole = text.len() <= MAX_REF && !text.contains("..") && !text.contains("@{");
        if whole && characters && rest.contains('/') && rest.split('/').all(component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.ref_name, self.commit.0.function(), self.commit)
    }
}

impl FromStr for Revision {
    type Err = ParseRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseRefError(text.chars().take(80).collect());
        let (name, id) = text.rsplit_once('@').ok_or_else(refused)?;
        let (function, hex) = id.split_once(':').ok_or_else(refused)?;
        let commit: CommitId = hex.parse().map_err(|_| refused())?;
        if commit.0.function() != function {
            return Err(refused());
        }
        Ok(Self { ref_name: name.parse()?, commit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_names() {
        for good in ["refs/heads/main", "refs/tags/v1.0", "refs/heads/team/a@b"] {
            assert!(good.parse::<RefName>().is_ok(), "{good}");
        }
        for bad in [
            "main",
            "refs/main",
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/.a",
            "refs/heads/a b",
            "refs/heads/a\n",
        ] {
            assert!(bad.parse::<RefName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_revision_reads_back_as_written() {
        let text = format!("refs/heads/a@b@sha1:{}", "ab".repeat(20));
        assert_eq!(text.parse::<Revision>().unwrap().to_string(), text);
        assert!(format!("refs/heads/a@sha256:{}", "ab".repeat(20)).parse::<Revision>().is_err());
    }
}
