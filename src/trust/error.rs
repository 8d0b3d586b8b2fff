//! What can go wrong in this room. A bad signature is none of it: that is a [`Verdict`](super::Verdict).

use super::allowed_signers::Faults;
use super::commit::CommitError;
use crate::model::{Classify, CommitId, ErrorClass, RepoPath, Revision};
use std::path::PathBuf;

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The allowed signers file is not there or may not be read.
    #[error(
        "cannot read the allowed signers file {path}: put the signers' public keys there, one `name ssh-ed25519 AAAA…` a line, \
         readable for the agent", path = path.display()
    )]
    SignersUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The allowed signers file holds something wrong or unsupported.
    #[error("cannot use the allowed signers file {}", path.display())]
    SignersRefused {
        /// The file.
        path: PathBuf,
        /// All its faults, with their lines.
        source: Faults,
    },
    /// The allowed signers file names nobody, so no commit could ever be accepted.
    #[error(
        "the allowed signers file {} names no signer: add the public key of whoever signs the fleet's commits", path.display()
    )]
    NoSigners {
        /// The file.
        path: PathBuf,
    },
    /// A revision was to be taken for proven that this site never accepted.
    #[error("{revision} was never accepted by this site: only an accepted revision can be gone back to")]
    NeverAccepted {
        /// The revision.
        revision: Revision,
    },
    /// The commit that was read is not the revision's.
    #[error("commit {found} was read where {revision} is needed")]
    AnotherCommit {
        /// The revision.
        revision: Revision,
        /// The commit that was read.
        found: CommitId,
    },
    /// An accepted commit on disk is damaged.
    #[error("cannot use commit {commit}")]
    Commit {
        /// The commit.
        commit: CommitId,
        /// Why.
        source: CommitError,
    },
    /// The content belongs to another revision than the proven one.
    #[error("the content belongs to {offered}, and what is proven is {proven}")]
    AnotherRevision {
        /// The proven revision.
        proven: Box<Revision>,
        /// The content's.
        offered: Box<Revision>,
    },
    /// A tree or file is not what the proven commit leads to.
    #[error("{path} of {revision} is refused: {why}")]
    Content {
        /// Where.
        path: RepoPath,
        /// In which revision.
        revision: Revision,
        /// Why.
        why: String,
    },
    /// Something that was asked for did not arrive.
    #[error("{path} of {revision} is missing from what was fetched")]
    Incomplete {
        /// What.
        path: RepoPath,
        /// The revision.
        revision: Revision,
    },
    /// The content holds something that the proven commit does not lead to.
    #[error("{path} is not in {revision}: the proven tree does not lead to it")]
    Unreachable {
        /// What.
        path: RepoPath,
        /// The revision.
        revision: Revision,
    },
}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match self {
            Self::SignersUnreadable { .. } | Self::SignersRefused { .. } | Self::NoSigners { .. } => {
                ErrorClass::Misconfigured
            }
            Self::Incomplete { .. } => ErrorClass::Transient,
            _ => ErrorClass::Untrusted,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::SignersUnreadable { .. } => "AllowedSignersUnreadable",
            Self::SignersRefused { .. } => "AllowedSignersInvalid",
            Self::NoSigners { .. } => "NoAllowedSigners",
            Self::NeverAccepted { .. } => "NeverAccepted",
            Self::AnotherCommit { .. } | Self::Commit { .. } => "CommitDamaged",
            Self::Incomplete { .. } => "ContentIncomplete",
            Self::AnotherRevision { .. } | Self::Content { .. } | Self::Unreachable { .. } => {
                "ContentTampered"
            }
        }
    }
}
