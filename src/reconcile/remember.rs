//! What becomes of the facts.

use super::application::{Application, digest};
use super::site::Site;
use crate::model::{Facts, Revision};
use std::collections::BTreeSet;

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

/// The applications that are pointed at a content which was not tried before. One that was being tried when the power went is not
/// among them: what is unhealthy now may be its own doing.
pub fn fresh(facts: &Facts, site: &Site) -> BTreeSet<String> {
    let is_fresh = |(name, application): &(&String, &Application)| {
        let tried = facts.applications.get(*name).and_then(|known| known.attempted.as_ref());
        let running = digest(application.running.as_ref());
        digest(tried) != running || digest(application.last_good.as_ref()) == running
    };
    site.applications.iter().filter(is_fresh).map(|(name, _)| name.clone()).collect()
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
