//! What stops a piece of work: one mirror's answer, after which the next is asked, or something of our own, after which nobody is.

use super::error::Error;
use super::mirror_error::MirrorError;

/// Why a mirror's answer did not become objects on disk.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is the mirror's doing: the next one may do better.
    Mirror(MirrorError),
    /// It is ours: no mirror can help.
    Ours(Error),
}

impl From<MirrorError> for Trouble {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}
