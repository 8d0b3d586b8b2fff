//! For tests of other rooms: a proof out of thin air.

use super::Verified;
use crate::model::TreeId;

/// Takes a value for proven. Compiled for tests alone.
pub fn assume<T>(value: T, root: TreeId) -> Verified<T> {
    Verified { value, root }
}
