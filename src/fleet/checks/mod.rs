//! Health checks of custom kinds: whether they can be read, and which ones hold.

#[cfg(test)]
mod tests;

use super::applications::place;
use super::document::Document;
use super::error::Error;
use super::fragment::{ApplicationFragment, CheckFragment, Defaults};
use super::place::Inside;
use crate::model::Check;
use standfast_cel::Expression;
use std::collections::BTreeSet;

/// Reads every expression of the fleet, whichever sites it is for.
pub(super) fn judge(
    fleet: &Document,
    defaults: &Defaults,
    fragments: &[ApplicationFragment],
) -> Result<(), Error> {
    let health = |inside: Inside| inside.key("health").key("checks");
    list(fleet, &defaults.health.checks, &health(Inside::default().key("defaults")))?;
    let mut all = fragments.iter().enumerate();
    all.try_for_each(|(index, fragment)| list(fleet, &fragment.health.checks, &health(place(index))))
}

/// An application's own checks, and the shared ones of kinds that it has none for.
pub(super) fn merge(own: &[CheckFragment], shared: &[CheckFragment]) -> Vec<Check> {
    let is_own = |check: &&CheckFragment| own.iter().any(|own| own.name() == check.name());
    own.iter().chain(shared.iter().filter(|check| !is_own(check))).map(CheckFragment::to_check).collect()
}

fn list(fleet: &Document, checks: &[CheckFragment], inside: &Inside) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (at, check) in checks.iter().enumerate() {
        let inside = inside.index(at);
        if !seen.insert(check.name()) {
            let what = format!("the kind {} has a check already: make one of them", check.kind);
            return Err(fleet.wrong(&inside, what));
        }
        for (name, text) in check.expressions() {
            Expression::parse(text).map_err(|error| fleet.wrong(&inside.key(name), error.to_string()))?;
        }
    }
    Ok(())
}

impl CheckFragment {
    fn name(&self) -> (&str, &str) {
        (&self.group, &self.kind)
    }

    fn expressions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("current", Some(&self.current)),
            ("inProgress", self.in_progress.as_ref()),
            ("failed", self.failed.as_ref()),
        ];
        all.into_iter().filter_map(|(name, text)| Some((name, text?.as_str())))
    }

    fn to_check(&self) -> Check {
        Check {
            group: self.group.clone(),
            kind: self.kind.clone(),
            current: self.current.clone(),
            in_progress: self.in_progress.clone(),
            failed: self.failed.clone(),
        }
    }
}
