//! Git's object ids, hashed again from bytes.

use crate::model::Hash;
use gix::objs::Kind;

/// The bytes were built to collide with others under SHA-1: their id proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its bytes carry a SHA-1 collision attack")]
pub struct Collision;

/// The id of an object with these bytes, by the hash function of `like`. SHA-1 is the collision-detecting one that git uses.
pub(super) fn id_of(like: &Hash, kind: Kind, bytes: &[u8]) -> Result<Hash, Collision> {
    let function = match like {
        Hash::Sha1(_) => gix::hash::Kind::Sha1,
        Hash::Sha256(_) => gix::hash::Kind::Sha256,
    };
    let id = gix::objs::compute_hash(function, kind, bytes).map_err(|_| Collision)?;
    Hash::from_bytes(id.as_bytes()).ok_or(Collision)
}
