//! Between our ids and gix's.

use crate::model::{CommitId, Hash};
use gix::ObjectId;

/// The hash function of the object database.
pub(super) const KIND: gix::hash::Kind = gix::hash::Kind::Sha1;

/// Our id of an object.
pub(super) fn hash(id: &gix::oid) -> Hash {
    Hash::from_bytes(id.as_bytes()).expect("because gix makes ids of 20 or 32 bytes")
}

/// gix's id of an object; `None` if it is of a kind that this database does not hold.
pub(super) fn object(hash: &Hash) -> Option<ObjectId> {
    ObjectId::try_from(hash.as_bytes()).ok().filter(|id| id.kind() == KIND)
}

/// Our id of a commit.
pub(super) fn commit(id: &gix::oid) -> CommitId {
    CommitId(hash(id))
}
