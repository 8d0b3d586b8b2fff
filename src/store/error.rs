//! What can go wrong in this room.

use crate::model::{Classify, ErrorClass};
use std::io;
use std::path::PathBuf;

/// An error of this room. A cache that cannot be used is none: it is a note, for the site goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state directory cannot be made or opened.
    #[error("could not open the state directory {}: {}", path.display(), advice(source))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process has the state directory.
    #[error(
        "the state directory {} is in use by another standfast process: stop it first (systemctl stop standfast), or give this one another paths.state",
        path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// There are no facts to look at beside the process that keeps them.
    #[error("there are no whole facts in {} to look at beside the running agent: see `standfast status`", path.display())]
    NoFacts {
        /// The file.
        path: PathBuf,
    },
    /// A store that was opened to look was asked to write.
    #[error("the store was opened to look at beside a running agent; nothing is written to it")]
    OnlyLooking,
    /// The facts could not be written; what was written before still stands.
    #[error("could not write the facts to {}: {}", path.display(), advice(source))]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The facts could not be read.
    #[error("could not read the facts from {}: {}", path.display(), advice(source))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The facts are gone from a site that has run before: without its floor an older revision could not be told from a newer one.
    #[error(
        "the facts are missing from {}, but this site has run before ({evidence}): restore the file from a backup; \
         or, to begin trust anew on this site, check trust.pin in its configuration and move the whole state directory away",
        path.display()
    )]
    FactsMissing {
        /// Where they should be.
        path: PathBuf,
        /// What shows that the site has run.
        evidence: &'static str,
    },
    /// Neither slot of the facts can be read, and no other copy is known to be as new.
    #[error(
        "both copies of the facts in {} are damaged, and the cache has none that is surely as new: check the disk; then restore the file from a backup, \
         or, to begin trust anew on this site, check trust.pin in its configuration and move the whole state directory away",
        path.display()
    )]
    FactsDamaged {
        /// The file.
        path: PathBuf,
    },
    /// The facts were written by a newer agent in a format that this one cannot read.
    #[error(
        "the facts in {} have format {format}, which is newer than this agent knows: install the version that wrote them, or a later one",
        path.display()
    )]
    FactsTooNew {
        /// The file.
        path: PathBuf,
        /// Its format number.
        format: u32,
    },
    /// The facts outgrew any sensible size.
    #[error("the facts would take {bytes} bytes, more than the {limit} that {} may hold: let the fleet have fewer applications", path.display())]
    FactsTooLarge {
        /// The file.
        path: PathBuf,
        /// What they would take.
        bytes: usize,
        /// What they may take.
        limit: usize,
    },
}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Locked { .. } | Self::NoFacts { .. } | Self::OnlyLooking => ErrorClass::Transient,
            Self::Directory { source, .. }
            | Self::Unwritable { source, .. }
            | Self::Unreadable { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::IsADirectory => ErrorClass::Misconfigured,
                _ => ErrorClass::Transient,
            },
            // Without the floor nothing that is offered can be trusted, and only a person can say what to do.
            Self::FactsMissing { .. } | Self::FactsDamaged { .. } => ErrorClass::Untrusted,
            Self::FactsTooNew { .. } => ErrorClass::Misconfigured,
            Self::FactsTooLarge { .. } => ErrorClass::Terminal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Directory { .. } => "StateDirectoryFailed",
            Self::Locked { .. } => "StateLocked",
            Self::NoFacts { .. } | Self::OnlyLooking => "StoreReadOnly",
            Self::Unwritable { .. } => "FactsUnwritable",
            Self::Unreadable { .. } => "FactsUnreadable",
            Self::FactsMissing { .. } => "FactsMissing",
            Self::FactsDamaged { .. } => "FactsDamaged",
            Self::FactsTooNew { .. } => "FactsTooNew",
            Self::FactsTooLarge { .. } => "FactsTooLarge",
        }
    }
}

/// What a technician can do about a failed operation on a disk.
pub(super) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full, free some space",
        io::ErrorKind::QuotaExceeded => "the disk quota is used up, free some space",
        io::ErrorKind::ReadOnlyFilesystem => {
            "the disk is read-only, see `dmesg` for the reason and mount it for writing again"
        }
        io::ErrorKind::PermissionDenied => "permission denied, give the path to the user that runs standfast",
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            "a file stands where a folder should be, or the other way round"
        }
        io::ErrorKind::NotFound => "it is not there",
        _ => "the disk answered with an error, see `dmesg`",
    }
}
