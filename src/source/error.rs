//! What can go wrong in this room, each with what to do about it.

use crate::model::{Classify, ErrorClass, RepoPath, Revision};
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::path::PathBuf;

use super::mirror_error::{MirrorError, told};

/// Most paths that a message names before it says how many more there are.
const NAMED_PATHS: usize = 5;

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No mirror gave what was asked for. Each with its reason, in the order of preference.
    #[error("asking the mirrors: {}", listed(failures))]
    Mirrors {
        /// One for each mirror that was asked; empty if none is configured.
        failures: Vec<MirrorFailure>,
    },

    /// Nobody was asked: the mirrors that are left are metered, and it is not their time.
    #[error("the mirrors that are left are metered, and are asked for news again at {}", told(*until))]
    NotDue {
        /// When it is, in seconds since 1970.
        until: u64,
    },

    /// Content of a proven revision is not on disk, and no mirror gave it.
    #[error(
        "completing {revision}: {} not on disk, and no mirror gave it: {}",
        named(paths),
        listed(failures)
    )]
    Missing {
        /// The revision.
        revision: Revision,
        /// What is not there.
        paths: Vec<RepoPath>,
        /// Why each mirror did not give it.
        failures: Vec<MirrorFailure>,
    },

    /// All content of a proven revision is on disk but for objects that no link carried in one piece.
    #[error(
        "completing {revision}: all is there but what is larger than the link carries before it breaks: {}; bring it by a mirror nearer \
         by or on a stick ({})",
        heavy(objects),
        listed(failures)
    )]
    ObjectTooLarge {
        /// The revision.
        revision: Revision,
        /// The files and folders, and how many bytes came at most before the link broke.
        objects: BTreeMap<RepoPath, u64>,
        /// Why each mirror did not give them.
        failures: Vec<MirrorFailure>,
    },

    /// What was asked for is larger than this site takes.
    #[error("reading {what}: it is over the limit of {limit}; keep less under the paths that sites use")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },

    /// A folder of a proven revision holds something that must not be there.
    #[error("reading folder {path} of the revision: {why}; remove it and commit again")]
    BadTree {
        /// The folder.
        path: RepoPath,
        /// What is wrong with it.
        why: String,
    },

    /// The site's own disk refused.
    #[error("{doing} {}: check that the disk is mounted, writable and not full", path.display())]
    Disk {
        /// What we were doing.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it did not work.
        #[source]
        source: std::io::Error,
    },

    /// An object on disk cannot be read. What is damaged is removed and fetched again at the next try.
    #[error("reading object {id} from {}: it is damaged; it is fetched again at the next try", path.display())]
    Damaged {
        /// The object.
        id: String,
        /// The object database.
        path: PathBuf,
        /// How the damage showed.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// Nobody waits for the answer any more, or the thread that works for us has ended.
    #[error("fetching was called off")]
    Stopped,
}

/// One mirror and what it answered.
#[derive(Debug)]
pub struct MirrorFailure {
    /// The mirror as people know it: its URL without credentials, or its path.
    pub mirror: String,
    /// Why it was of no use.
    pub error: MirrorError,
}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match self {
            Self::TooLarge { .. } | Self::BadTree { .. } => ErrorClass::Terminal,
            Self::Mirrors { failures } | Self::Missing { failures, .. } => common_class(failures),
            Self::NotDue { .. }
            | Self::ObjectTooLarge { .. }
            | Self::Disk { .. }
            | Self::Damaged { .. }
            | Self::Stopped => ErrorClass::Transient,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Mirrors { failures } => match failures.as_slice() {
                [] => "NoMirrors",
                [only] => only.error.reason(),
                _ => "MirrorsFailed",
            },
            Self::Missing { .. } => "ContentMissing",
            Self::NotDue { .. } => "NotDue",
            Self::ObjectTooLarge { .. } => "ObjectTooLarge",
            Self::TooLarge { .. } => "ContentTooLarge",
            Self::BadTree { .. } => "ContentInvalid",
            Self::Disk { .. } => "DiskFailed",
            Self::Damaged { .. } => "ObjectDamaged",
            Self::Stopped => "Stopped",
        }
    }
}

/// What all failures have in common; the mildest if they differ, for then trying again can help.
fn common_class(failures: &[MirrorFailure]) -> ErrorClass {
    let mut classes = failures.iter().map(|failure| failure.error.class());
    match classes.next() {
        None => ErrorClass::Misconfigured,
        Some(first) if classes.all(|class| class == first) => first,
        Some(_) => ErrorClass::Transient,
    }
}

/// All failures with their causes on one line: a list has no `source()` that could carry them.
fn listed(failures: &[MirrorFailure]) -> String {
    if failures.is_empty() {
        return "none is configured: add one under source.mirrors".to_owned();
    }
    let each = failures.iter().map(|failure| {
        let mut text = format!("{}: {}", failure.mirror, failure.error);
        let mut cause = failure.error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.ends_with(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        text
    });
    each.collect::<Vec<_>>().join("; ")
}

fn heavy(objects: &BTreeMap<RepoPath, u64>) -> String {
    few(objects.iter().map(|(path, carried)| format!("{path} (over {} KiB)", carried >> 10)))
}

fn named(paths: &[RepoPath]) -> String {
    let text = few(paths.iter().map(ToString::to_string));
    format!("{text} {}", if paths.len() == 1 { "is" } else { "are" })
}

/// The first of them, and how many more there are.
pub(super) fn few(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED_PATHS);
    let mut text: Vec<_> = all.take(NAMED_PATHS).collect();
    if more > 0 {
        text.push(format!("and {more} more"));
    }
    text.join(", ")
}
