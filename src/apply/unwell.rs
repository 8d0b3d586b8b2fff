//! What was not healthy before a new content was written: a revision is not to blame for it.

use super::Applier;
use super::write::Progress;
use crate::model::{Desired, Health, HealthStatus, ObjectKey, Outcome};
use std::collections::{BTreeMap, BTreeSet};

/// Objects that were not Current before the newest content of their application was written.
#[derive(Debug, Default)]
pub(super) struct Unwell(BTreeMap<ObjectKey, Ill>);

#[derive(Debug)]
struct Ill {
    application: String,
    /// Whether the new content changed it.
    is_changed: bool,
}

impl Unwell {
    /// Applications are about to get a content that was not tried before. Of each, what is there and not Current is unwell.
    pub(super) fn examine(
        &mut self,
        fresh: &BTreeSet<String>,
        desired: &Desired,
        seen: &BTreeMap<ObjectKey, HealthStatus>,
    ) {
        self.0.retain(|_, ill| !fresh.contains(&ill.application));
        for one in desired.applications.iter().filter(|one| fresh.contains(&one.application.name)) {
            let keys = one.objects.iter().map(crate::model::Object::key);
            let is_ill =
                |key: &ObjectKey| seen.get(key).is_some_and(|status| status.health != Health::Current);
            let ill = |key| (key, Ill { application: one.application.name.clone(), is_changed: false });
            self.0.extend(keys.filter(is_ill).map(ill));
        }
    }

    /// An object is healthy now: if it falls ill again, that is new.
    pub(super) fn recover(&mut self, key: &ObjectKey) {
        self.0.remove(key);
    }

    /// Takes note of what was written.
    pub(super) fn note(&mut self, progress: &Progress) {
        for done in progress.set.done.iter().filter(|done| done.outcome != Outcome::Failed) {
            if let Some(ill) = self.0.get_mut(&done.key) {
                ill.is_changed = true;
            }
        }
    }

    /// Whether an object was unwell before, and if so, whether it was changed since.
    pub(super) fn before(&self, key: &ObjectKey) -> Option<bool> {
        self.0.get(key).map(|ill| ill.is_changed)
    }
}

impl Applier {
    /// Whether an object is left out of the roll-up: it was not healthy before, and nothing of it was changed.
    pub(crate) fn is_left_out(&self, key: &ObjectKey) -> bool {
        self.unwell.before(key) == Some(false)
    }

    /// Whether an object was not healthy before, and was changed.
    pub(crate) fn was_unwell(&self, key: &ObjectKey) -> bool {
        self.unwell.before(key) == Some(true)
    }
}
