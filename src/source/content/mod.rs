//! The content of a proven revision: what is on disk, and what is missing from the mirrors.

mod excess;
mod heavy;
mod pace;
mod urgent;
pub(super) mod walk;
mod way;

use super::chain;
use super::error::{self, Error, MirrorFailure};
use super::ids;
use super::lookup::Lookup;
use super::mirror::{Answer, Filter, History, Server, Stop};
use super::mirror_error::MirrorError;
use super::trouble::Trouble;
use super::worker::{Request, Worker};
use crate::model::{Artifact, RepoPath, Revision, TreeId};
use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};
use pace::Unit;
use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;
use walk::{Missing, Walk, What};
use way::{Known, Older, Way};

pub(super) use excess::Excess;
pub(super) use heavy::Heavy;
pub(super) use pace::Pace;

/// How large a tree is taken to be at most, at first: some 700 names.
const TREE: u64 = 32 * 1024;
/// More whole folders than this are much to send.
const FOLDERS: usize = 4;
/// How much larger at the next try.
const LARGER: u64 = 8;

/// One revision that is being completed.
struct Completion<'a> {
    revision: &'a Revision,
    root: ObjectId,
    walk: Walk,
    /// Whether the whole revision is needed.
    is_whole: bool,
    /// An older commit with its root tree at hand: what is there of it need not come again.
    older: Option<(ObjectId, Older)>,
    /// Whether the difference to `older` was asked for.
    asked_difference: bool,
    /// Whether the commit with all of its content was asked for.
    asked_snapshot: bool,
    /// How much is read of an answer of which only the first tree is needed, from a server that sends all below it as well.
    look: u64,
}

/// What is asked for in one request.
struct Batch {
    wants: Vec<ObjectId>,
    /// Folders among them that are to come with all below.
    folders: BTreeSet<ObjectId>,
    filter: Filter,
    stop: Stop,
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
        let mut walk = Walk::begin(self.ground(), &root, paths)?;
        if !walk.missing.is_empty() {
            let is_whole = paths.contains(&RepoPath::root());
            let older = self.older(revision, is_whole)?;
            let above = older.map_or(1, |(_, older)| older.commits);
            self.is_urgent = self.is_urgent(revision, above)?;
            let (asked_difference, asked_snapshot, look) = (false, false, TREE);
            let root = ids::object(&root.0).ok_or(Error::Stopped)?;
            let mut completion =
                Completion { revision, root, walk, is_whole, older, asked_difference, asked_snapshot, look };
            self.fetch_missing(&mut completion)?;
            walk = completion.walk;
        }
        let files = walk.load(self.ground())?;
        Ok(Artifact { revision: revision.clone(), root, trees: walk.trees, files })
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
        let walk = Walk::begin(self.ground(), &root, paths)?;
        if !walk.missing.is_empty() {
            let paths = walk.missing.into_iter().map(|missing| missing.path).collect();
            return Err(Error::Missing { revision: revision.clone(), paths, failures: Vec::new() });
        }
        let files = walk.load(self.ground())?;
        Ok(Artifact { revision: revision.clone(), root, trees: walk.trees, files })
    }

    /// Asks the mirrors, the one that answered last first, until nothing is missing.
    fn fetch_missing(&mut self, completion: &mut Completion<'_>) -> Result<(), Error> {
        let mut failures = Vec::new();
        let order = self.links().for_content(self.answered, self.now());
        for at in order {
            let revision = &completion.revision.commit;
            if let Some(excess) =
                self.mirrors[at].excess.as_ref().filter(|one| one.holds(revision, self.now()))
            {
                let mirror = self.mirrors[at].mirror.name().to_owned();
                failures.push(MirrorFailure { mirror, error: excess.error() });
                continue;
            }
            match self.fetch_from(at, completion) {
                Ok(()) => return Ok(()),
                Err(trouble) => {
                    self.mirrors[at].excess = Excess::of(&trouble, &completion.revision.commit, self.now());
                    failures.push(self.failure(at, trouble)?);
                }
            }
        }
        Err(self.still_missing(completion, failures))
    }

    /// What the mirrors did not give: objects that no link carries, or all kinds of things.
    fn still_missing(&self, completion: &Completion<'_>, failures: Vec<MirrorFailure>) -> Error {
        let revision = completion.revision.clone();
        let carried =
            |missing: &Missing| self.mirrors.iter().filter_map(|one| one.heavy.carried(&missing.id)).max();
        let missing = &completion.walk.missing;
        let heavy: Option<BTreeMap<RepoPath, u64>> =
            missing.iter().map(|one| Some((one.path.clone(), carried(one)?))).collect();
        if let Some(objects) = heavy {
            return Error::ObjectTooLarge { revision, objects, failures };
        }
        let paths = missing.iter().map(|missing| missing.path.clone()).collect();
        Error::Missing { revision, paths, failures }
    }

    /// Asks one mirror, step by step. What it sent before it failed stays, and the next one need not send it.
    fn fetch_from(&mut self, at: usize, completion: &mut Completion<'_>) -> Result<(), Trouble> {
        loop {
            self.all_but_too_large(completion)?;
            let server = self.server(at)?;
            if completion.asked_difference {
                self.fetch_batch(at, server, completion)?;
            } else {
                self.fetch_difference(at, server, completion)?;
                completion.asked_difference = true;
            }
            if completion.walk.missing.is_empty() {
                return Ok(());
            }
        }
    }

    /// Stops where nothing is missing but files that are larger than is taken, from whomever.
    fn all_but_too_large(&self, completion: &Completion<'_>) -> Result<(), Error> {
        let missing = completion.walk.missing.iter();
        let files: Option<BTreeMap<&RepoPath, u64>> =
            missing.map(|missing| Some((&missing.path, *self.over.get(&missing.id)?))).collect();
        let Some(files) = files.filter(|files| !files.is_empty()) else { return Ok(()) };
        let what = error::few(files.iter().map(|(path, size)| format!("{path} ({} MiB)", size >> 20)));
        let limit = format!("{} MiB for one file", self.limits.object_bytes >> 20);
        Err(Error::TooLarge { what, limit })
    }

    /// All that changed, where that is the cheaper way.
    fn fetch_difference(
        &mut self,
        at: usize,
        server: Server,
        completion: &mut Completion<'_>,
    ) -> Result<(), Trouble> {
        let older = completion.older.map(|(_, older)| older);
        let way = way::cheaper(Known { server, is_whole: completion.is_whole, older });
        let (Way::Difference { files, most }, Some((older, _))) = (way, completion.older) else {
            return Ok(());
        };
        let stop = most.map_or(Stop::Never, Stop::After);
        let request = Request { filter: files, stop, ..Request::content(from_ref(&completion.root)) };
        let brought = match self.bring(at, &Request { history: History::Beyond(older), ..request }) {
            // Some servers give out nothing but what a ref leads to.
            Err(Trouble::Mirror(error @ MirrorError::Refused { .. })) => {
                let Some(tip) = ids::object(&completion.revision.commit.0) else { return Err(error.into()) };
                let history = History::Since(older);
                self.bring(at, &Request { wants: from_ref(&tip), history, ..request })?
            }
            brought => brought?,
        };
        completion.walk.go_on(self.ground(), |_| true)?;
        match brought.cut {
            Some(error) if brought.objects == 0 => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// One request for some of what is missing.
    fn fetch_batch(
        &mut self,
        at: usize,
        server: Server,
        completion: &mut Completion<'_>,
    ) -> Result<(), Trouble> {
        let now = self.now();
        let batch = self.batch(at, server, completion)?;
        let Batch { wants, folders, filter, stop } = batch;
        let is_bulk = folders.len() > FOLDERS || folders.contains(&completion.root);
        let request = Request { filter, stop, is_bulk, ..Request::content(&wants) };
        let brought = match self.bring(at, &request) {
            // Some servers give out nothing but what a ref leads to: from those the whole revision is taken.
            Err(Trouble::Mirror(error @ MirrorError::Refused { .. })) if !completion.asked_snapshot => {
                return self.fetch_snapshot(at, error, completion);
            }
            brought => brought?,
        };
        let wanted: BTreeSet<ObjectId> = wants.iter().copied().collect();
        let came = completion.walk.go_on(self.ground(), |id| wanted.contains(id))?;
        let one = &mut self.mirrors[at];
        let begun = came.intersection(&folders).count() as u64;
        one.pace.learn(pace::Brought {
            bytes: brought.bytes,
            objects: brought.objects as u64,
            folders: begun,
            others: came.len() as u64 - begun,
            is_whole: brought.cut.is_none(),
        });
        came.iter().for_each(|id| one.heavy.forget(id));
        let was_too_large = wants.iter().any(|id| self.over.contains_key(id));
        match (came.is_empty(), brought.cut, wants.first()) {
            (true, ..) if was_too_large => Ok(()),
            (true, Some(_), Some(first)) if one.heavy.blame(*first, brought.bytes, now) => Ok(()),
            (true, Some(error), _) => Err(error.into()),
            (true, None, _) if brought.answer == Answer::Part => {
                completion.look = completion.look.saturating_mul(LARGER);
                Ok(())
            }
            (true, None, _) if filter != Filter::Nothing => {
                one.filters_all = true;
                Ok(())
            }
            (true, None, _) => {
                let what = "it lacks what was asked for".to_owned();
                Err(MirrorError::GarbagePack { what, source: None }.into())
            }
            (false, ..) => Ok(()),
        }
    }

    fn fetch_snapshot(
        &mut self,
        at: usize,
        refused: MirrorError,
        completion: &mut Completion<'_>,
    ) -> Result<(), Trouble> {
        completion.asked_snapshot = true;
        let Some(tip) = ids::object(&completion.revision.commit.0) else { return Err(refused.into()) };
        let request =
            Request { history: History::TipAlone, is_bulk: true, ..Request::content(from_ref(&tip)) };
        let brought = self.bring(at, &request)?;
        completion.walk.go_on(self.ground(), |_| true)?;
        brought.cut.map_or(Ok(()), |error| Err(error.into()))
    }

    /// What to ask for next: one level of trees at a time, for what lies below them is mostly at hand, or not asked for. Files and
    /// whole folders that are new here come last, together. What the link did not carry before waits until all else is there.
    fn batch(&self, at: usize, server: Server, completion: &Completion<'_>) -> Result<Batch, Trouble> {
        let one = &self.mirrors[at];
        let missing = &completion.walk.missing;
        let mut level = Vec::new();
        let mut units: Vec<(ObjectId, Unit)> = Vec::new();
        let mut seen = BTreeSet::new();
        let is_asked_for = |missing: &&Missing| !self.over.contains_key(&missing.id);
        let missing: Vec<&Missing> = missing.iter().filter(is_asked_for).collect();
        for missing in missing.iter().filter(|missing| !one.heavy.waits(&missing.id)) {
            if !seen.insert(missing.id) {
                continue;
            }
            match missing.what {
                What::Blob => units.push((missing.id, Unit::Object)),
                What::WholeTree if !self.had(completion, &missing.path)? => {
                    units.push((missing.id, Unit::Folder))
                }
                What::WholeTree | What::TreeOnTheWay => level.push(missing.id),
            }
        }
        let (filter, stop) = match server {
            _ if level.is_empty() => (Filter::Nothing, Stop::Never),
            Server::Folder | Server::Filters => (Filter::Flat, Stop::Never),
            // All below the first tree comes before the second one.
            Server::Plain => {
                level.truncate(1);
                (Filter::Nothing, Stop::After(completion.look))
            }
        };
        if !level.is_empty() {
            units = level.into_iter().map(|id| (id, Unit::Object)).collect();
        }
        if one.pace.breaks() {
            units.sort_by_key(|(_, unit)| *unit);
        }
        units.truncate(one.pace.take(units.iter().map(|(_, unit)| *unit)));
        if units.is_empty() {
            let lightest = one.heavy.next(missing.iter().map(|missing| &missing.id), self.now());
            let Some(id) = lightest else { return Err(Trouble::Mirror(MirrorError::TooHeavy)) };
            units.push((id, Unit::Object));
        }
        let folders = units.iter().filter(|(_, unit)| *unit == Unit::Folder).map(|(id, _)| *id).collect();
        Ok(Batch { wants: units.into_iter().map(|(id, _)| id).collect(), folders, filter, stop })
    }

    /// Whether one of the commits from the revision down says that it cannot wait. All of them are proven: there are so many above what
    /// was accepted before, or there is the one.
    fn is_urgent(&self, revision: &Revision, commits: usize) -> Result<bool, Error> {
        let mut next = ids::object(&revision.commit.0);
        for _ in 0..commits {
            let Some((Kind::Commit, raw)) = next.map_or(Ok(None), |id| self.objects.find(&id))? else {
                break;
            };
            if urgent::is_urgent(&raw) {
                return Ok(true);
            }
            next = chain::first_parent(&raw);
        }
        Ok(false)
    }

    /// The nearest commit below the revision that we have content of.
    fn older(&self, revision: &Revision, is_whole: bool) -> Result<Option<(ObjectId, Older)>, Error> {
        let nearest = chain::nearest_held(&self.objects, &self.limits, &revision.commit)?;
        let Some((older, commits)) = nearest else { return Ok(None) };
        let is_whole = is_whole && self.holds_content_of(older)?;
        Ok(Some((older, Older { commits, is_whole })))
    }

    /// Whether all content of a commit is at hand.
    fn holds_content_of(&self, commit: ObjectId) -> Result<bool, Error> {
        match chain::root_of(&self.objects, &commit)? {
            Some(root) => walk::holds_all(&self.objects, root),
            None => Ok(false),
        }
    }

    /// Whether `path` was a folder in the older revision, and its tree is at hand.
    fn had(&self, completion: &Completion<'_>, path: &RepoPath) -> Result<bool, Error> {
        let Some((older, _)) = completion.older else { return Ok(false) };
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
