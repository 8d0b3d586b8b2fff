//! Which content each application runs: its target, or last-good; and what that has to do with what it depends on.

use super::application::{Application, Judged};
use crate::model::Rollback;
use std::collections::{BTreeMap, BTreeSet};

/// Points every application at what it is to run. Back goes what failed or was refused, with it what depends on it, and the whole site
/// where the failed application says so. Answers whether anything is to run something else than before.
pub(super) fn point(applications: &mut BTreeMap<String, Application>) -> bool {
    let back = back(applications);
    let mut is_other = false;
    for (name, application) in applications {
        is_other |= application.point(back.contains(name));
    }
    is_other
}

fn back(applications: &BTreeMap<String, Application>) -> BTreeSet<String> {
    let is_site = |one: &Application| one.is_quarantined() && one.terms.rollback == Rollback::Site;
    if applications.values().any(is_site) {
        return applications.keys().cloned().collect();
    }
    let own = applications.iter().filter(|(_, application)| application.wants_back());
    let mut back: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
    loop {
        let depends = |application: &Application| !application.terms.depends_on.is_disjoint(&back);
        let more = applications.iter().filter(|(name, one)| !back.contains(*name) && depends(one));
        let more: Vec<String> = more.map(|(name, _)| name.clone()).collect();
        if more.is_empty() {
            return back;
        }
        back.extend(more);
    }
}

/// Something that an application depends on and that is not steady at its target.
pub(super) fn needs(applications: &BTreeMap<String, Application>, name: &str) -> Option<String> {
    let is_good = |on: &&String| applications.get(*on).is_none_or(|on| on.is_steady() && !on.is_back());
    applications.get(name)?.terms.depends_on.iter().find(|on| !is_good(on)).cloned()
}

/// Judgements in the order in which they count: each after those of what it depends on.
pub(super) fn in_order<'a>(
    applications: &BTreeMap<String, Application>,
    judged: &'a [Judged],
) -> Vec<&'a Judged> {
    let (mut left, mut sorted): (Vec<&Judged>, Vec<&Judged>) = (judged.iter().collect(), Vec::new());
    while !left.is_empty() {
        let needs =
            |one: &Judged| applications.get(&one.name).map(|application| &application.terms.depends_on);
        let waits = |one: &&Judged| {
            needs(one)
                .is_some_and(|on| left.iter().any(|other| other.name != one.name && on.contains(&other.name)))
        };
        let (later, now): (Vec<&Judged>, Vec<&Judged>) = left.iter().partition(|one| waits(one));
        // There are no circles in a fleet; were there one, it would count as it stands.
        let is_circle = now.is_empty();
        sorted.extend(if is_circle { &later } else { &now });
        left = if is_circle { Vec::new() } else { later };
    }
    sorted
}
