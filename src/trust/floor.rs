//! The floor: the lowest revision that may still be accepted. Pure; `store` keeps it.

use super::TrustedClock;
use super::verdict::{Accepted, Base};
use crate::model::{CommitId, Floor, Revision, Verification};

impl Base {
    /// The base for what a mirror offers next. The floor always wins: a pin counts only until something was accepted.
    pub fn of(floor: Option<&Floor>, pin: Option<CommitId>) -> Self {
        match (floor, pin) {
            (Some(floor), _) => Self::Floor(floor.revision.commit),
            (None, Some(pin)) => Self::Pin(pin),
            (None, None) => Self::Nothing,
        }
    }
}

impl Accepted {
    /// The floor after this was accepted. Where trust began stays what it was.
    pub fn floor(&self, before: Option<&Floor>, clock: &TrustedClock) -> Floor {
        let began = before.map(|floor| floor.began).or(self.begins()).unwrap_or(self.tip.commit);
        let signer = match &self.tip.verification {
            Verification::Good { signer, fingerprint } => format!("{signer} ({fingerprint})"),
            other => other.to_string(),
        };
        Floor { revision: self.revision.get().clone(), accepted: clock.now(), began, signer }
    }
}

/// The floor of a new site whose tip is the pin itself: the site's own configuration vouches for it, by its id.
pub fn pinned(revision: &Revision, clock: &TrustedClock) -> Floor {
    Floor {
        revision: revision.clone(),
        accepted: clock.now(),
        began: revision.commit,
        signer: "named by trust.pin".to_owned(),
    }
}
