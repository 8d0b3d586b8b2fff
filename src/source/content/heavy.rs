//! Objects that a link did not carry in one piece. Pure.
//!
//! git sends an object whole or not at all, so one that is larger than what a link ever carries never comes this way. It is tried a
//! few times, after everything else; then not again for a while, for each try costs what the link carries.

use gix::ObjectId;
use std::collections::BTreeMap;

/// How often it is tried before it is said to be too large.
const TRIES: u32 = 3;
/// How long it is left alone after that, in seconds.
const REST: u64 = 3600;
/// A link that breaks after fewer bytes than this says nothing about an object.
const LEAST: u64 = 4096;

/// The objects that one mirror's link did not carry.
#[derive(Debug, Clone, Default)]
pub(in crate::source) struct Heavy(BTreeMap<ObjectId, Tried>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    times: u32,
    /// Most bytes that came before the link broke.
    carried: u64,
    /// When it may be tried again.
    rests_until: u64,
}

impl Heavy {
    /// The link broke after `bytes` of this object. Answers whether that is the object's fault.
    pub(super) fn blame(&mut self, id: ObjectId, bytes: u64, now: u64) -> bool {
        if bytes < LEAST {
            return false;
        }
        let tried = self.0.entry(id).or_insert(Tried { times: 0, carried: 0, rests_until: 0 });
        tried.times += 1;
        tried.carried = tried.carried.max(bytes);
        if tried.times >= TRIES {
            tried.rests_until = now.saturating_add(REST);
        }
        true
    }

    /// It came.
    pub(super) fn forget(&mut self, id: &ObjectId) {
        self.0.remove(id);
    }

    /// Whether everything else comes before it.
    pub(super) fn waits(&self, id: &ObjectId) -> bool {
        self.0.contains_key(id)
    }

    /// Which of these to try next: the least tried that does not rest.
    pub(super) fn next<'a>(&self, of: impl Iterator<Item = &'a ObjectId>, now: u64) -> Option<ObjectId> {
        let tried = of.filter_map(|id| Some((self.0.get(id)?, *id)));
        let ready = tried.filter(|(tried, _)| tried.rests_until <= now);
        ready.min_by_key(|(tried, _)| tried.times).map(|(_, id)| id)
    }

    /// How many bytes of it came at most, if it was given up.
    pub(super) fn carried(&self, id: &ObjectId) -> Option<u64> {
        self.0.get(id).filter(|tried| tried.times >= TRIES).map(|tried| tried.carried)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[byte; 20])
    }

    #[test]
    fn it_is_tried_after_all_else_and_not_for_ever() {
        let (a, b) = (id(1), id(2));
        let mut heavy = Heavy::default();
        assert!(!heavy.blame(a, LEAST - 1, 0), "the link itself is bad");
        assert!(!heavy.waits(&a));
        assert!(heavy.blame(a, 5000, 0) && heavy.blame(b, 9000, 0) && heavy.blame(a, 7000, 0));
        assert!(heavy.waits(&a) && heavy.waits(&b));
        assert_eq!(heavy.next([&a, &b].into_iter(), 0), Some(b));
        assert_eq!(heavy.carried(&a), None);

        assert!(heavy.blame(a, 6000, 100));
        assert_eq!(heavy.carried(&a), Some(7000));
        assert_eq!(heavy.next([&a].into_iter(), 100), None, "it rests");
        assert_eq!(heavy.next([&a].into_iter(), 100 + REST), Some(a));
        assert!(heavy.blame(a, 6000, 100 + REST));
        assert_eq!(heavy.next([&a].into_iter(), 101 + REST), None, "and rests again after one try");
        heavy.forget(&a);
        assert!(!heavy.waits(&a));
    }
}
