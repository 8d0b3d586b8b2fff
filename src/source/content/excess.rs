//! That a mirror sent more than is taken. Pure.
//!
//! Each try costs as much as is taken, and what it sends of a revision does not get less: so it is not asked for that again for a while.

use crate::model::CommitId;
use crate::source::mirror_error::MirrorError;
use crate::source::trouble::Trouble;

/// How long it is left alone with that revision, in seconds.
const REST: u64 = 3600;

/// What a mirror sent too much of, when its content of a revision was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Excess {
    revision: CommitId,
    until: u64,
    what: &'static str,
    limit: String,
}

impl Excess {
    /// What this trouble says of it, if that is what it is.
    pub(super) fn of(trouble: &Trouble, revision: &CommitId, now: u64) -> Option<Self> {
        let Trouble::Mirror(MirrorError::TooLarge { what, limit }) = trouble else { return None };
        let (revision, limit) = (*revision, limit.clone());
        Some(Self { revision, until: now.saturating_add(REST), what, limit })
    }

    /// Whether nothing of this revision is asked for now.
    pub(super) fn holds(&self, revision: &CommitId, now: u64) -> bool {
        self.revision == *revision && now < self.until
    }

    /// The trouble, as it was.
    pub(super) fn error(&self) -> MirrorError {
        MirrorError::TooLarge { what: self.what, limit: self.limit.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_one_revision_and_for_a_while() {
        let commit = |byte: &str| byte.repeat(20).parse::<CommitId>().unwrap();
        let trouble =
            Trouble::from(MirrorError::TooLarge { what: "bytes of one pack", limit: "256 MiB".to_owned() });
        let excess = Excess::of(&trouble, &commit("01"), 100).unwrap();
        assert!(excess.holds(&commit("01"), 100) && excess.holds(&commit("01"), 99 + REST));
        assert!(!excess.holds(&commit("01"), 100 + REST) && !excess.holds(&commit("02"), 100));
        assert_eq!(excess.error().to_string(), "it sent more than the limit of 256 MiB (bytes of one pack)");
        assert_eq!(Excess::of(&MirrorError::TooHeavy.into(), &commit("01"), 100), None);
    }
}
