//! Git's object ids, hashed again from bytes.

use crate::model::Hash;
use gix::objs::Kind;
use sha2::{Digest as _, Sha256};

/// The bytes were built to collide with others under SHA-1: their id proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its bytes carry a SHA-1 collision attack")]
pub struct Collision;

/// The id of an object with these bytes, by the hash function of `like`. SHA-1 is the collision-detecting one that git uses.
pub(super) fn id_of(like: &Hash, kind: Kind, bytes: &[u8]) -> Result<Hash, Collision> {
    match like {
        Hash::Sha1(_) => {
            let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, bytes).map_err(|_| Collision)?;
            Hash::from_bytes(id.as_bytes()).ok_or(Collision)
        }
        // gix would bring a second copy of this hash function.
        Hash::Sha256(_) => {
            let header =
                format!("{} {}\0", std::str::from_utf8(kind.as_bytes()).unwrap_or_default(), bytes.len());
            Ok(Hash::Sha256(Sha256::new().chain_update(header).chain_update(bytes).finalize().into()))
        }
    }
}
