//! What becomes a fact, and when.

use super::site::Site;
use crate::model::{Desired, Facts, Revision};

/// The facts before the first write of a revision: what each application is about to try.
pub fn attempting(facts: &Facts, desired: &Desired) -> Facts {
    let mut facts = facts.clone();
    for one in &desired.applications {
        let known = facts.applications.entry(one.application.name.clone()).or_default();
        let is_same = known.attempted.as_ref().is_some_and(|(_, digest)| *digest == one.digest);
        if !is_same {
            known.attempted = Some((desired.revision.clone(), one.digest));
        }
    }
    facts
}

/// The facts once every application is steady: the revision is last-good, and one of the `keep` that a person can go back to.
pub fn steady(facts: &Facts, site: &Site, revision: &Revision, keep: usize) -> Facts {
    let mut facts = facts.clone();
    facts.last_good = Some(revision.clone());
    facts.pinned.retain(|pinned| pinned != revision);
    facts.pinned.insert(0, revision.clone());
    facts.pinned.truncate(keep.max(1));
    facts.applications.retain(|name, _| site.applications.contains_key(name));
    for (name, application) in &site.applications {
        let known = facts.applications.entry(name.clone()).or_default();
        known.last_good.clone_from(&application.last_good);
    }
    facts
}
