//! What trust decides, in words that a person understands.

use super::Verified;
use super::commit::CommitError;
use crate::model::{Classify, CommitChain, CommitId, ErrorClass, Revision, Trouble, Verification};
use jiff::Timestamp;
use std::fmt;

/// The decision on what a mirror offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is proven and may be run.
    Accepted(Accepted),
    /// The tip is what was accepted before, or the pin itself: nothing new. `reaffirm` proves it from disk.
    Unchanged,
    /// It must not be run.
    Refused(Refusal),
}

/// A proven revision with the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The revision.
    pub revision: Verified<Revision>,
    /// Where the proof starts from.
    pub base: Base,
    /// The tip's check, by the trusted clock's now.
    pub tip: Checked,
    /// The checks of the commits between tip and base, newest first, each at its own date.
    pub between: Vec<Checked>,
}

/// A refusal with what was found good before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The commit that is to blame; `None` where the chain as a whole is.
    pub commit: Option<CommitId>,
    /// Why.
    pub reason: Refused,
    /// What was found good before, newest first.
    pub good: Vec<Checked>,
}

/// From where commits have to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Above what this site accepted last.
    Floor(CommitId),
    /// Above the commit that the site's own configuration names. A site that has accepted nothing yet.
    Pin(CommitId),
    /// Nothing is known: the tip is proven alone, and trust begins there. A site that has accepted nothing yet.
    Nothing,
}

/// One commit's signature, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The commit.
    pub commit: CommitId,
    /// Its committer's date.
    pub committed: Timestamp,
    /// The moment for which the key was judged.
    pub at: Timestamp,
    /// What became of its signature.
    pub verification: Verification,
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The signature is not a good one.
    Signature(Verification),
    /// The commit's bytes are not what their id says, or cannot be judged.
    Commit(CommitError),
    /// The mirror sent something else than the chain: the next commit on the first-parent line is missing or another.
    Broken {
        /// The commit that had to come next.
        expected: CommitId,
        /// The one that came.
        found: Option<CommitId>,
    },
    /// The tip's first-parent line does not lead to the base.
    NotADescendant {
        /// The base.
        base: Base,
        /// How far the line was followed.
        end: LineEnd,
    },
    /// The tip is older than what this site accepted: a mirror that lags behind, or one that plays history back.
    Behind {
        /// What this site accepted last.
        floor: CommitId,
    },
}

/// Where a first-parent line that missed its base ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// At a commit without parents, after so many commits.
    Root(usize),
    /// The mirror, or the limit, gave no more after so many commits.
    Cut(usize),
}

impl Accepted {
    /// The commit at which this site's trust begins, if it does so now: said aloud in the status.
    pub fn begins(&self) -> Option<CommitId> {
        match self.base {
            Base::Floor(_) => None,
            Base::Pin(pin) => Some(pin),
            Base::Nothing => Some(self.tip.commit),
        }
    }

    /// Every check, newest first: one line per commit.
    pub fn checks(&self) -> impl Iterator<Item = &Checked> {
        std::iter::once(&self.tip).chain(&self.between)
    }
}

impl Refusal {
    /// The same refusal, told better: if the tip is known to lie below the floor, it is behind and not rewritten.
    /// `below` holds the floor's ancestors, as far as this site has them on its disk.
    #[must_use]
    pub fn knowing(self, tip: &Revision, below: &[CommitId]) -> Self {
        match self.reason {
            Refused::NotADescendant { base: Base::Floor(floor), .. } if below.contains(&tip.commit) => {
                Self { commit: Some(tip.commit), reason: Refused::Behind { floor }, good: self.good }
            }
            _ => self,
        }
    }

    /// It, as the site tells it of the mirror that offers this chain.
    pub fn trouble(&self, chain: &CommitChain) -> Trouble {
        let message = format!("{} offers {}: {self}; {}", chain.mirror, chain.revision, self.reason.hint());
        Trouble { class: self.class(), reason: self.reason(), message }
    }
}

impl Refused {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Signature(verification) => hint(verification),
            Self::Commit(CommitError::Tampered { .. } | CommitError::Collision(_)) | Self::Broken { .. } => {
                "do not use this mirror until it is known why it sends this; another mirror may be asked"
            }
            Self::Commit(_) => {
                "make the commit again with a current git; a site takes no commit that tools could read in two ways"
            }
            Self::NotADescendant { base: Base::Pin(_), .. } => {
                "check that trust.pin is a commit on the first-parent line of this ref, not one that was merged into it"
            }
            Self::NotADescendant { .. } => {
                "put new commits on top of what the sites have accepted: to undo one, revert it; never force-push this ref"
            }
            Self::Behind { .. } => "let the mirror catch up, or ask another one",
        }
    }
}

fn hint(verification: &Verification) -> &'static str {
    match verification {
        Verification::Unsigned => "sign it: git config gpg.format ssh, then git commit -S",
        Verification::UnknownKey { .. } => {
            "if the key is a signer's, add it to the allowed signers file of this site; if not, find out who pushed"
        }
        Verification::Unsupported(_) => "sign it with an ed25519 SSH key: git config gpg.format ssh",
        Verification::NotAllowed { .. } => {
            "sign it with a key that is valid now, or correct the key's line in the allowed signers file; check this machine's clock"
        }
        Verification::Bad { .. } => "do not trust who sent it: no honest tool makes such a commit",
        Verification::Malformed(_) => "sign it again with git and ssh-keygen",
        Verification::Good { .. } => "nothing",
    }
}

impl Classify for Refusal {
    fn class(&self) -> ErrorClass {
        self.reason.class()
    }
    fn reason(&self) -> &'static str {
        self.reason.reason()
    }
}

impl Classify for Refused {
    /// A mirror that lags is told from an attack only where the site knows the tip to be an ancestor of what it runs.
    fn class(&self) -> ErrorClass {
        match self {
            Self::Behind { .. } => ErrorClass::Transient,
            _ => ErrorClass::Untrusted,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Signature(Verification::Unsigned) => "Unsigned",
            Self::Signature(Verification::UnknownKey { .. }) => "UnknownKey",
            Self::Signature(Verification::NotAllowed { .. }) => "KeyNotAllowed",
            Self::Signature(Verification::Unsupported(_)) => "SignatureUnsupported",
            Self::Signature(Verification::Malformed(_)) => "SignatureMalformed",
            Self::Signature(Verification::Bad { .. } | Verification::Good { .. })
            | Self::Commit(CommitError::Tampered { .. } | CommitError::Collision(_)) => "Tampered",
            Self::Commit(_) => "CommitMalformed",
            Self::Broken { .. } => "ChainBroken",
            Self::NotADescendant { .. } => "NotADescendant",
            Self::Behind { .. } => "MirrorBehind",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(accepted) => accepted.fmt(f),
            Self::Unchanged => f.write_str("it is what was accepted before"),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is proven: {}", self.revision.get(), self.tip.verification)?;
        match self.base {
            Base::Floor(_) => Ok(()),
            Base::Pin(pin) => write!(f, "; trust begins at {}, by trust.pin", pin.short()),
            Base::Nothing => {
                write!(f, "; trust begins at {}, which was proven alone", self.tip.commit.short())
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.commit {
            Some(commit) => write!(f, "commit {} is refused: {}", commit.short(), self.reason),
            None => write!(f, "what the mirror offers is refused: {}", self.reason),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(verification) => verification.fmt(f),
            Self::Commit(error) => error.fmt(f),
            Self::Broken { expected, found: Some(found) } => {
                write!(f, "commit {} had to come, and {} came", expected.short(), found.short())
            }
            Self::Broken { expected, found: None } => {
                write!(f, "commit {} had to come, and none came", expected.short())
            }
            Self::NotADescendant { base, end } => {
                write!(f, "it does not descend by first parents from {base}; {end}")
            }
            Self::Behind { floor } => {
                write!(f, "it is older than {}, which this site has accepted", floor.short())
            }
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Floor(commit) => write!(f, "{}, which this site has accepted", commit.short()),
            Self::Pin(commit) => write!(f, "{}, which trust.pin names", commit.short()),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

impl fmt::Display for LineEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(commits) => write!(f, "its history begins {commits} commits down"),
            Self::Cut(commits) => write!(f, "the mirror sent {commits} commits and no more"),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.commit.short(), self.committed, self.verification)
    }
}
