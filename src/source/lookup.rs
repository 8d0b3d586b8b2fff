//! Finding objects at hand, wherever they are kept.

use super::error::Error;
use super::ids;
use crate::model::{CommitId, RawCommit};
use gix::ObjectId;
use gix::objs::Kind;

/// Objects at hand: the database on disk, or a fake's memory.
pub(super) trait Lookup {
    /// Whether the object is there for good. What waits with an unproven tip does not count.
    fn contains(&self, id: &ObjectId) -> bool;

    /// The object's kind and bytes, from what is there for good.
    fn find(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error>;

    /// The same, from what is there for good or waits with an unproven tip.
    fn find_anywhere(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error>;

    /// A commit that an earlier call brought.
    fn recall(&self, commit: &CommitId) -> Result<Option<RawCommit>, Error> {
        let Some(id) = ids::object(&commit.0) else { return Ok(None) };
        let found = self.find_anywhere(&id)?;
        Ok(found.filter(|(kind, _)| kind.is_commit()).map(|(_, bytes)| RawCommit { id: *commit, bytes }))
    }
}
