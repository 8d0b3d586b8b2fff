//! What becomes of the facts.

use super::site::Site;
use crate::model::{Facts, Revision};

/// The facts with what the applications' machines know. Those of an application that left the site go once that is sure.
pub fn remember(facts: &Facts, site: &Site) -> Facts {
    let mut facts = facts.clone();
    facts.suspended.clone_from(&site.suspended);
    for (name, application) in &site.applications {
        let known = facts.applications.entry(name.clone()).or_default();
        known.last_good.clone_from(&application.last_good);
        known.quarantine.clone_from(&application.quarantine);
        known.deadline_spent = application.spent;
    }
    if site.rendered.is_some() && site.rendered == site.accepted {
        facts.applications.retain(|name, _| site.applications.contains_key(name));
    }
    facts
}

/// The facts before the first write of what the applications are pointed at: what each is about to try.
pub fn attempting(facts: &Facts, site: &Site) -> Facts {
    let mut facts = remember(facts, site);
    for (name, application) in &site.applications {
        let known = facts.applications.entry(name.clone()).or_default();
        known.attempted.clone_from(&application.running);
    }
    facts
}

/// The facts once every application is steady. If all run what `revision` says, it is last-good, and one of the `keep` that a person can
/// go back to.
pub fn steady(facts: &Facts, site: &Site, revision: &Revision, keep: usize) -> Facts {
    let mut facts = remember(facts, site);
    if site.is_at_its_goal() {
        facts.last_good = Some(revision.clone());
        facts.pinned.retain(|pinned| pinned != revision);
        facts.pinned.insert(0, revision.clone());
        facts.pinned.truncate(keep.max(1));
    }
    facts
}
