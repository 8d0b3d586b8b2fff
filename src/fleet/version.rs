//! The agent's version and what a document requires of it. The form of `requires.agent` is frozen: agents of every age read it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version of the agent, ordered as semver.org orders them (a pre-release comes before its release, build metadata does not count).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    pre_release: Option<String>,
}

/// What `requires.agent` says: bounds with commas between them, all of which must hold.
///
/// A bound is `>=`, `>`, `=` or `^` and a version, whose missing parts are zero: `>=0.3` is `>=0.3.0`. `^` takes what keeps the
/// leftmost part that is not zero, as in Cargo. A version alone means `>=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement(Vec<(Bound, Version)>);

/// Why a text is neither a version nor a requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a version requirement: write it as \">=0.3\" or \">=0.3, ^0.4\" (>=, >, = and ^ are known)"
)]
pub struct ParseVersionError(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    AtLeast,
    Above,
    Exactly,
    Compatible,
}

/// Every operator; those that another begins with come after it.
const BOUNDS: [(&str, Bound); 4] =
    [(">=", Bound::AtLeast), (">", Bound::Above), ("=", Bound::Exactly), ("^", Bound::Compatible)];

impl Version {
    /// The version of this very build.
    pub fn of_this_agent() -> Self {
        env!("CARGO_PKG_VERSION").parse().expect("because Cargo takes only versions of this form")
    }

    /// The first version that is not compatible with this one.
    fn next_incompatible(&self) -> Self {
        let [major, minor, patch] = self.numbers;
        let numbers = match (major, minor) {
            (0, 0) => [0, 0, patch.saturating_add(1)],
            (0, _) => [0, minor.saturating_add(1), 0],
            _ => [major.saturating_add(1), 0, 0],
        };
        Self { numbers, pre_release: None }
    }
}

impl Requirement {
    /// Whether this version will do.
    pub fn is_met_by(&self, version: &Version) -> bool {
        self.0.iter().all(|(bound, other)| match bound {
            Bound::AtLeast => version >= other,
            Bound::Above => version > other,
            Bound::Exactly => version == other,
            Bound::Compatible => version >= other && *version < other.next_incompatible(),
        })
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// One to three numbers, then perhaps `-pre.release` and `+build`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseVersionError(text.chars().take(40).collect());
        let (rest, _build) = text.split_once('+').unwrap_or((text, ""));
        let (core, pre_release) = match rest.split_once('-') {
            Some((core, pre_release)) => (core, Some(pre_release)),
            None => (rest, None),
        };
        let parts: Vec<&str> = core.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let is_word =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if parts.len() > 3
            || !parts.iter().all(is_number)
            || !pre_release.is_none_or(|pre| pre.split('.').all(is_word))
        {
            return Err(refused());
        }
        let mut numbers = [0; 3];
        for (number, part) in numbers.iter_mut().zip(&parts) {
            *number = part.parse().map_err(|_| refused())?;
        }
        Ok(Self { numbers, pre_release: pre_release.map(str::to_owned) })
    }
}

impl FromStr for Requirement {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |_| ParseVersionError(text.chars().take(40).collect());
        text.split(',')
            .map(|part| {
                let part = part.trim();
                let (bound, version) = BOUNDS
                    .iter()
                    .find_map(|(sign, bound)| part.strip_prefix(sign).map(|rest| (*bound, rest.trim_start())))
                    .unwrap_or((Bound::AtLeast, part));
                version.parse().map(|version| (bound, version)).map_err(refused)
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.pre_release, &other.pre_release) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.split('.').map(word).cmp(b.split('.').map(word)),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        self.pre_release.iter().try_for_each(|pre_release| write!(f, "-{pre_release}"))
    }
}

/// One word of a pre-release as it is ordered: numbers by value and before words, words by their letters.
fn word(text: &str) -> (bool, u64, &str) {
    match text.parse() {
        Ok(number) => (false, number, ""),
        Err(_) => (true, 0, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(requirement: &str, meets: &[&str], fails: &[&str]) {
        let parsed: Requirement = requirement.parse().unwrap();
        for version in meets {
            assert!(parsed.is_met_by(&version.parse().unwrap()), "{version} meets {requirement}");
        }
        for version in fails {
            assert!(!parsed.is_met_by(&version.parse().unwrap()), "{version} does not meet {requirement}");
        }
    }

    #[test]
    fn what_meets_a_requirement() {
        check(">=0.3", &["0.3.0", "0.3.1", "0.10.0", "1.0.0", "0.3.0+deb1"], &["0.2.9", "0.3.0-rc.1"]);
        check("0.3", &["0.3.0", "2.0.0"], &["0.2.0"]);
        check(">0.3", &["0.3.1"], &["0.3.0"]);
        check("= 0.3.1", &["0.3.1"], &["0.3.0", "0.3.2"]);
        check("^0.3", &["0.3.0", "0.3.9"], &["0.4.0", "0.2.0"]);
        check("^0.0.3", &["0.0.3"], &["0.0.4"]);
        check("^1.2", &["1.2.0", "1.9.0"], &["2.0.0", "1.1.9"]);
        check(">=0.3, ^0.4.2", &["0.4.2"], &["0.3.9", "0.5.0"]);
        check(
            ">=1-rc.2",
            &["1.0.0-rc.2", "1.0.0-rc.10", "1.0.0-rc.x", "1.0.0"],
            &["1.0.0-rc.1", "1.0.0-alpha"],
        );
    }

    #[test]
    fn what_is_not_a_requirement() {
        for bad in [
            "",
            ",",
            ">=",
            "~0.3",
            "<1",
            ">=0.3,",
            "0.3.x",
            "1.2.3.4",
            "*",
            "-1",
            ">=0.3 <1",
            "99999999999999999999",
        ] {
            assert!(bad.parse::<Requirement>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn this_agent_has_a_version() {
        assert_eq!(Version::of_this_agent().to_string(), env!("CARGO_PKG_VERSION"));
    }
}
