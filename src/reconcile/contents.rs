//! What was rendered and may be run: of each application its target, and what it may go back to.

use super::application::{Application, Content};
use crate::model::{Desired, DesiredApplication, Digest, Guard, Object, ObjectKey, Revision};
use std::collections::BTreeMap;

/// Rendered applications, by name and digest. It is all that a site needs in order to heal and to go back, without a disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    revision: Revision,
    guard: Guard,
    /// The applications' names, each after those it depends on.
    order: Vec<String>,
    all: BTreeMap<(String, Digest), DesiredApplication>,
}

impl Contents {
    /// What a revision rendered, with what of `before` may still be gone back to.
    pub fn new(desired: Desired, before: Option<Self>) -> Self {
        let Desired { revision, guard, applications } = desired;
        let order = applications.iter().map(|one| one.application.name.clone()).collect();
        let mut all = before.map(|before| before.all).unwrap_or_default();
        all.extend(applications.into_iter().map(|one| (key(&one), one)));
        Self { revision, guard, order, all }
    }

    /// Adds something that may be gone back to.
    pub fn add(&mut self, one: DesiredApplication) {
        self.all.entry(key(&one)).or_insert(one);
    }

    /// Whether this content is at hand.
    pub fn has(&self, name: &str, content: &Content) -> bool {
        self.all.contains_key(&(name.to_owned(), content.1))
    }

    /// The revision that was rendered last.
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// The desired set as the applications are pointed. One whose content is not at hand
    /// stands there as it was rendered last, and must not be written: see [`missing`](Self::missing).
    pub fn compose(&self, applications: &BTreeMap<String, Application>) -> Desired {
        let find = |name: &String| {
            let known = applications.get(name)?;
            let mut chosen = [&known.running, &known.target].into_iter().flatten();
            chosen.find_map(|(_, digest)| self.all.get(&(name.clone(), *digest))).cloned()
        };
        Desired {
            revision: self.revision.clone(),
            guard: self.guard,
            applications: self.order.iter().filter_map(find).collect(),
        }
    }

    /// Applications that are to run something that is not at hand, with the revision it is of.
    pub fn missing<'a>(
        &'a self,
        applications: &'a BTreeMap<String, Application>,
    ) -> impl Iterator<Item = (&'a str, &'a Revision)> {
        let is_missing = |name: &str, content: &Content| {
            self.order.iter().any(|known| known == name) && !self.has(name, content)
        };
        let running =
            applications.iter().filter_map(|(name, one)| Some((name.as_str(), one.running.as_ref()?)));
        running
            .filter(move |(name, content)| is_missing(name, content))
            .map(|(name, content)| (name, &content.0))
    }

    /// Takes applications back as they were sent: with our marks, and in their namespaces.
    pub fn put_back(&mut self, desired: Desired) {
        self.all.extend(desired.applications.into_iter().map(|one| (key(&one), one)));
    }

    /// Forgets what no application runs, aims at, or may go back to.
    pub fn forget(&mut self, applications: &BTreeMap<String, Application>) {
        self.all.retain(|(name, digest), _| {
            let known = applications.get(name);
            let wanted = known.into_iter().flat_map(|one| [&one.running, &one.target, &one.last_good]);
            wanted.flatten().any(|(_, wanted)| wanted == digest)
        });
    }

    /// All manifests of one object, each with its application, what runs first.
    pub fn manifests<'a>(
        &'a self,
        object: &'a ObjectKey,
    ) -> impl Iterator<Item = (&'a DesiredApplication, &'a Object)> {
        let is_it = |one: &&Object| {
            one.name() == object.name
                && one.gvk().is(&object.group, &object.kind)
                && one.namespace() == object.namespace.as_deref()
        };
        self.all.values().filter_map(move |one| Some((one, one.objects.iter().find(is_it)?)))
    }

    /// One application's content.
    pub fn get(&self, name: &str, content: &Content) -> Option<&DesiredApplication> {
        self.all.get(&(name.to_owned(), content.1))
    }
}

fn key(one: &DesiredApplication) -> (String, Digest) {
    (one.application.name.clone(), one.digest)
}
