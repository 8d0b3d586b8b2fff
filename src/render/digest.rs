//! The digest of a rendered application.

use crate::model::{Digest, Object};

/// SHA-256 over the default namespace and the objects, which are sorted by key: the same objects give the same digest, in
/// whatever files, order and spelling they were written. The namespace belongs to it, for it decides where objects go.
///
/// The bytes: the namespace's name (nothing where there is none), a zero byte, then for each object the 32 bytes of SHA-256 over its
/// canonical JSON (keys sorted by their bytes, no spaces).
pub fn digest(namespace: Option<&str>, objects: &[Object]) -> Digest {
    let mut bytes = namespace.unwrap_or_default().as_bytes().to_vec();
    bytes.push(0);
    for object in objects {
        bytes.extend(Digest::of(object.text().as_bytes()).as_bytes());
    }
    Digest::of(&bytes)
}
