//! Who this site is.

use super::path::RepoPath;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A site's name: its path below `sites/`, `emea/de/store-042`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteName(String);

/// A site as its own configuration and the signed documents describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: SiteName,
    /// Labels, by which applications target it.
    pub labels: BTreeMap<String, String>,
    /// Variables, for substitution.
    pub variables: BTreeMap<String, String>,
    /// Its time zone, an IANA name.
    pub timezone: Option<String>,
    /// Whether the fleet has a document for it. A site without one gets only applications without a selector.
    pub is_known: bool,
    /// Whether its document says `state: retired`.
    pub is_retired: bool,
}

/// The value of the owner label: 20 base32 characters of SHA-256 over fleet and site name. Names hold `/`, label values may not.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerLabel(String);

/// Why a text is not a site's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a site's name: use parts of a-z, 0-9, `-`, `.` and `_` with `/` between them, such as emea/de/store-042"
)]
pub struct ParseSiteError(String);

/// Longest site name, in bytes.
const MAX_NAME: usize = 200;
/// RFC 4648 base32, lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl SiteName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A DNS-safe form, for names of Kubernetes objects: readable, and unique by a piece of the name's digest where characters had to go.
    pub fn id(&self) -> String {
        let safe: String = self.0.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        if safe == self.0 && safe.len() <= 63 {
            return safe;
        }
        let kept: String = safe.chars().take(52).collect();
        let tail = base32(super::Digest::of(self.0.as_bytes()).as_bytes(), 10);
        format!("{}-{tail}", kept.trim_matches('-'))
    }

    /// Where its own document lies in the fleet repository.
    pub fn document(&self) -> RepoPath {
        format!("sites/{}.yaml", self.0).parse().unwrap_or_default()
    }

    /// The folders above its document, outermost first: `sites`, `sites/emea`, `sites/emea/de`.
    pub fn folders(&self) -> Vec<RepoPath> {
        let mut folders = Vec::new();
        let mut at = self.document();
        while let Some(parent) = at.parent().filter(|parent| !parent.is_root()) {
            folders.insert(0, parent.clone());
            at = parent;
        }
        folders
    }
}

impl OwnerLabel {
    /// The label of one site of one fleet.
    pub fn of(fleet: &str, site: &SiteName) -> Self {
        let digest = super::Digest::of(format!("{fleet}\0{}", site.0).as_bytes());
        Self(base32(digest.as_bytes(), 20))
    }

    /// The label's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = ParseSiteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part_is_fine = |part: &str| {
            let ends = part.bytes().next().zip(part.bytes().last());
            ends.is_some_and(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
        };
        let fine = text.len() <= MAX_NAME
            && text.split('/').all(part_is_fine)
            && text.rsplit('/').next() != Some("defaults")
            && format!("sites/{text}.yaml").parse::<RepoPath>().is_ok();
        if fine { Ok(Self(text.to_owned())) } else { Err(ParseSiteError(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for OwnerLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn base32(bytes: &[u8], characters: usize) -> String {
    (0..characters)
        .map(|at| {
            let index = (0..5).fold(0usize, |index, bit| {
                let place = at * 5 + bit;
                let set = bytes[place / 8] >> (7 - place % 8) & 1;
                index << 1 | usize::from(set)
            });
            char::from(BASE32[index])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SiteName {
        text.parse().unwrap()
    }

    #[test]
    fn names() {
        for bad in ["", "/", "a//b", "A", "a/", "../a", "a b", "emea/defaults", "-a", &"a".repeat(201)] {
            assert!(bad.parse::<SiteName>().is_err(), "{bad:?}");
        }
        assert_eq!(name("emea/de/store-042").document().as_str(), "sites/emea/de/store-042.yaml");
        let folders: Vec<_> = name("emea/de/store-042").folders().iter().map(ToString::to_string).collect();
        assert_eq!(folders, ["sites", "sites/emea", "sites/emea/de"]);
    }

    #[test]
    fn ids_are_dns_labels_and_tell_names_apart() {
        assert_eq!(name("store-042").id(), "store-042");
        let (a, b) = (name("a/b").id(), name("a.b").id());
        assert_ne!(a, b);
        let long = name(&"x".repeat(150)).id();
        assert!(long.len() <= 63, "{long}");
    }

    #[test]
    fn owner_labels_are_valid_label_values() {
        let label = OwnerLabel::of("acme", &name("emea/de/store-042"));
        assert_eq!(label.as_str().len(), 20);
        assert!(label.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_ne!(label, OwnerLabel::of("other", &name("emea/de/store-042")));
    }

    #[test]
    fn base32_follows_rfc_4648() {
        assert_eq!(base32(b"foobar\0\0", 9), "mzxw6ytbo");
    }
}
