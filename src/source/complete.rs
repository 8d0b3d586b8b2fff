//! The content of a proven revision: what is on disk, and what is missing from the mirrors.

use super::chain;
use super::error::Error;
use super::ids;
use super::lookup::Lookup;
use super::mirror::History;
use super::mirror_error::MirrorError;
use super::objects::Place;
use super::trouble::Trouble;
use super::walk::{self, Found, Missing, What};
use super::worker::Worker;
use crate::model::{Artifact, RepoPath, Revision, TreeId};
use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};
use std::collections::BTreeSet;

/// Most objects asked for in one request. Each costs 50 bytes to ask for, and a slow link must carry the request within the idle timeout.
const WANTS: usize = 500;

/// One revision that is being completed.
struct Completion<'a> {
    revision: &'a Revision,
    root: TreeId,
    paths: &'a BTreeSet<RepoPath>,
    /// An older commit with its root tree at hand: what is there of it need not come again.
    older: Option<ObjectId>,
    /// Whether the difference to `older` was asked for as a whole.
    asked_difference: bool,
    /// Whether the commit with all of its content was asked for.
    asked_snapshot: bool,
}

impl Worker {
    pub(super) fn complete(
        &mut self,
        revision: &Revision,
        root: TreeId,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        if let Some(tip) = ids::object(&revision.commit.0) {
            self.objects.promote(&tip)?;
        }
        let mut found = walk::walk(&self.objects, &self.limits, &root, paths)?;
        if !found.missing.is_empty() {
            let older = self.older(revision)?;
            let mut completion =
                Completion { revision, root, paths, older, asked_difference: false, asked_snapshot: false };
            found = self.fetch_missing(&mut completion, found)?;
        }
        let files = walk::load(&self.objects, &self.limits, &found)?;
        Ok(Artifact { revision: revision.clone(), root, trees: found.trees, files })
    }

    /// What is on disk, without asking anybody.
    pub(super) fn held(
        &mut self,
        revision: &Revision,
        root: TreeId,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Artifact, Error> {
        if let Some(tip) = ids::object(&revision.commit.0) {
            self.objects.promote(&tip)?;
        }
        let found = walk::walk(&self.objects, &self.limits, &root, paths)?;
        if !found.missing.is_empty() {
            let paths = found.missing.into_iter().map(|missing| missing.path).collect();
            return Err(Error::Missing { revision: revision.clone(), paths, failures: Vec::new() });
        }
        let files = walk::load(&self.objects, &self.limits, &found)?;
        Ok(Artifact { revision: revision.clone(), root, trees: found.trees, files })
    }

    /// Asks the mirrors, the one that answered last first, until nothing is missing.
    fn fetch_missing(&mut self, completion: &mut Completion<'_>, found: Found) -> Result<Found, Error> {
        let mut missing = found.missing;
        let mut failures = Vec::new();
        let mut order: Vec<usize> = (0..self.mirrors.len()).collect();
        order.sort_by_key(|at| *at != self.answered);
        for at in order {
            match self.fetch_from(at, completion, &mut missing) {
                Ok(found) => return Ok(found),
                Err(trouble) => failures.push(self.failure(at, trouble)?),
            }
        }
        let paths = missing.into_iter().map(|missing| missing.path).collect();
        Err(Error::Missing { revision: completion.revision.clone(), paths, failures })
    }

    /// Asks one mirror, step by step. What it sent before it failed stays, and the next one need not send it.
    fn fetch_from(
        &mut self,
        at: usize,
        completion: &mut Completion<'_>,
        missing: &mut Vec<Missing>,
    ) -> Result<Found, Trouble> {
        loop {
            let by_difference = !completion.asked_difference && self.ask_difference(at, completion)?;
            completion.asked_difference = true;
            if !by_difference {
                self.ask_or_take_all(at, completion, missing)?;
            }
            let found = walk::walk(&self.objects, &self.limits, &completion.root, completion.paths)?;
            if found.missing.is_empty() {
                return Ok(found);
            }
            if !by_difference && found.missing == *missing {
                let what = "it lacks what was asked for".to_owned();
                return Err(MirrorError::GarbagePack { what, source: None }.into());
            }
            *missing = found.missing;
        }
    }

    /// Some servers give out nothing but what a ref leads to: from those the whole revision is taken.
    fn ask_or_take_all(
        &mut self,
        at: usize,
        completion: &mut Completion<'_>,
        missing: &[Missing],
    ) -> Result<(), Trouble> {
        let refused = match self.ask(at, completion.older, missing) {
            Err(Trouble::Mirror(error @ MirrorError::Refused { .. })) if !completion.asked_snapshot => error,
            done => return done,
        };
        completion.asked_snapshot = true;
        let Some(tip) = ids::object(&completion.revision.commit.0) else { return Err(refused.into()) };
        self.bring(at, &[tip], false, History::TipAlone, Place::Main).map(drop)
    }

    /// One request for some of what is missing.
    fn ask(&mut self, at: usize, older: Option<ObjectId>, missing: &[Missing]) -> Result<(), Trouble> {
        let flat = self.mirrors[at].filters()?;
        let mut level = Vec::new();
        let mut whole = Vec::new();
        for missing in missing {
            let fresh = missing.what == What::WholeTree && !self.had(older, &missing.path)?;
            if fresh { whole.push(missing) } else { level.push(missing) }
        }
        let ids = |missing: &[&Missing]| missing.iter().map(|it| it.id).take(WANTS).collect::<Vec<_>>();
        let trees_left = level.iter().any(|missing| missing.what != What::Blob);
        // One level of trees at a time: what lies below them is mostly at hand, or not asked for. Files and whole folders that are
        // new here come last, together.
        let flat = flat && trees_left;
        if !flat {
            level.extend(whole);
        }
        self.bring(at, &ids(&level), flat, History::NoCommits, Place::Main).map(drop)
    }

    /// Where the whole repository is asked for and an older revision is at hand whole, the difference is one small thin pack.
    fn ask_difference(&mut self, at: usize, completion: &Completion<'_>) -> Result<bool, Trouble> {
        let (Some(older), true) = (completion.older, completion.paths.contains(&RepoPath::root())) else {
            return Ok(false);
        };
        let Some(tip) = ids::object(&completion.revision.commit.0) else { return Ok(false) };
        if !self.holds_content_of(older)? {
            return Ok(false);
        }
        self.bring(at, &[tip], false, History::Since(older), Place::Main)?;
        Ok(true)
    }

    /// The nearest commit below the revision that we have content of.
    fn older(&self, revision: &Revision) -> Result<Option<ObjectId>, Error> {
        chain::nearest_held(&self.objects, &self.limits, &revision.commit)
    }

    /// Whether `path` was a folder in the older revision, and its tree is at hand.
    fn had(&self, older: Option<ObjectId>, path: &RepoPath) -> Result<bool, Error> {
        let Some(older) = older else { return Ok(false) };
        let mut tree = chain::root_of(&self.objects, &older)?;
        for part in path.parts() {
            let Some(id) = tree else { return Ok(false) };
            let Some((Kind::Tree, raw)) = self.objects.find(&id)? else { return Ok(false) };
            tree = TreeRefIter::from_bytes(&raw, ids::KIND)
                .filter_map(Result::ok)
                .find(|entry| entry.filename == part && entry.mode.is_tree())
                .map(|entry| entry.oid.to_owned());
        }
        Ok(tree.is_some_and(|tree| self.objects.contains(&tree)))
    }
}
