//! Which content each application runs: its target, or last-good.

use super::application::Application;
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
