//! A bare repository in a folder of this machine, as a person brings it on a stick.
//!
//! Its objects are read with gix and written into a pack, so that they go the same way as a server's: checked, indexed, fsynced.
//! git's own transport for local paths would start `git-upload-pack`, which need not be installed here.

use super::write::write_pack;
use super::{Answer, Ask, Filter, History, Meter, Mirror, Server};
use crate::model::RefName;
use crate::source::ids::KIND;
use crate::source::lookup::Lookup;
use crate::source::mirror_error::{MirrorError, printable};
use crate::source::objects::{Objects, Spool, open_database};
use crate::source::settings::Limits;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::objs::tree::EntryRef;
use gix::objs::{CommitRefIter, Find, FindHeader, Kind, TreeRef};
use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Most names in the message about a missing ref.
const NAMED_REFS: usize = 5;
/// Most symbolic refs that are followed, as in git.
const SYMBOLIC: usize = 5;

/// One mirror in a folder.
pub(super) struct Local {
    path: PathBuf,
    name: String,
    limits: Limits,
    meter: Arc<Meter>,
}

/// Longest configuration that is looked into, in bytes.
const MOST_CONFIG: u64 = 64 * 1024;

/// What goes into a pack.
struct Gathered<'a> {
    from: &'a gix::odb::Handle,
    at_hand: &'a Objects,
    limits: &'a Limits,
    ids: Vec<ObjectId>,
    seen: HashSet<ObjectId>,
}

impl Local {
    pub(super) fn new(path: PathBuf, limits: Limits, meter: Arc<Meter>) -> Self {
        let name = path.display().to_string();
        Self { path, name, limits, meter }
    }

    /// Opened for each request: a stick may be swapped between two.
    fn open(&self) -> Result<gix::Repository, MirrorError> {
        if !self.path.exists() {
            let what = "nothing is there; plug it in or mount it".to_owned();
            return Err(MirrorError::Unreachable { what, source: None });
        }
        if let Some(format) = self.object_format().filter(|format| *format != KIND.to_string()) {
            return Err(MirrorError::ObjectFormat { format });
        }
        // Whoever owns its files, they are only read, and no setting in them starts anything here.
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Full);
        let repository = options.open(&self.path).map_err(|error| MirrorError::NotGit {
            what: format!("not a bare repository: {}", printable(error.to_string().as_bytes())),
        })?;
        Ok(repository.to_thread_local())
    }

    /// The object format that the repository's configuration names. gix, which is built for ours alone, only says that it cannot
    /// load the configuration of another.
    fn object_format(&self) -> Option<String> {
        let mut text = String::new();
        let file = std::fs::File::open(self.path.join("config")).ok()?;
        file.take(MOST_CONFIG).read_to_string(&mut text).ok()?;
        let mut settings = text.lines().filter_map(|line| line.split_once('='));
        let (_, format) = settings.find(|(key, _)| key.trim().eq_ignore_ascii_case("objectformat"))?;
        Some(printable(format.as_bytes()))
    }

    fn gather<'a>(
        &'a self,
        ask: &'a Ask<'_>,
        from: &'a gix::odb::Handle,
    ) -> Result<Option<Vec<ObjectId>>, Trouble> {
        let mut gathered = Gathered {
            from,
            at_hand: ask.at_hand,
            limits: &self.limits,
            ids: Vec::new(),
            seen: HashSet::new(),
        };
        let all = ask.filter == Filter::Nothing;
        for want in ask.wants {
            let met = match (gathered.kind(want)?, ask.history) {
                (Kind::Commit, History::Above { base, .. }) => gathered.chain(*want, base, all)?,
                (Kind::Commit, _) => gathered.commit(*want, all).map(|_| true)?,
                (Kind::Tree, _) if all => gathered.below(*want).map(|()| true)?,
                (Kind::Tree | Kind::Blob | Kind::Tag, _) => gathered.add(*want).map(|()| true)?,
            };
            if !met {
                return Ok(None);
            }
        }
        Ok(Some(gathered.ids))
    }
}

impl Mirror for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn tip(&mut self, ref_name: &RefName) -> Result<ObjectId, Trouble> {
        let repository = self.open()?;
        let unreadable =
            |error: gix::error::Error| MirrorError::unreachable("its refs cannot be read", error);
        let mut name = ref_name.as_str().to_owned();
        for _ in 0..SYMBOLIC {
            let Some(found) = repository.try_find_reference(name.as_str()).map_err(unreadable)? else {
                break;
            };
            match found.target() {
                gix::refs::TargetRef::Object(id) => return Ok(id.to_owned()),
                gix::refs::TargetRef::Symbolic(next) => name = next.as_bstr().to_string(),
            }
        }
        let platform = repository.references().map_err(unreadable)?;
        let branches = platform.prefixed("refs/heads/").map_err(unreadable)?;
        let names = branches.filter_map(Result::ok).map(|branch| printable(branch.name().as_bstr()));
        let has: Vec<_> = names.take(NAMED_REFS).collect();
        if has.is_empty() {
            return Err(MirrorError::EmptyRepository.into());
        }
        Err(MirrorError::MissingRef { ref_name: ref_name.clone(), has }.into())
    }

    fn server(&mut self) -> Result<Server, Trouble> {
        Ok(Server::Folder)
    }

    fn fetch(&mut self, ask: &Ask<'_>, spool: &mut Spool) -> Result<Answer, Trouble> {
        let objects = self.open()?.common_dir().join("objects");
        let from = open_database(&objects, &self.limits).ok_or_else(|| MirrorError::NotGit {
            what: format!("its folder {} cannot be read", objects.display()),
        })?;
        let Some(ids) = self.gather(ask, &from)? else { return Ok(Answer::NoCommonHistory) };
        write_pack(&from, ids, &self.limits, &self.meter, spool)?;
        Ok(Answer::Pack)
    }
}

impl Gathered<'_> {
    fn kind(&self, id: &ObjectId) -> Result<Kind, MirrorError> {
        match self.from.try_header(id) {
            Ok(Some(header)) => Ok(header.kind),
            Ok(None) => Err(MirrorError::Refused { message: format!("it has no object {id}") }),
            Err(error) => Err(MirrorError::garbage(format!("object {id} cannot be read"), error)),
        }
    }

    /// The first-parent chain above `base`; `false` if the base is not on it.
    fn chain(&mut self, tip: ObjectId, base: ObjectId, with_content: bool) -> Result<bool, Trouble> {
        let mut next = Some(tip);
        for _ in 0..self.limits.chain_commits {
            match next {
                Some(id) if id == base => return Ok(true),
                // A shallow repository ends where its parents are not there.
                Some(id) if self.from.try_header(&id).is_ok_and(|header| header.is_some()) => {
                    next = self.commit(id, with_content && id == tip)?;
                }
                Some(_) | None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// One commit, and all of its tree if asked for. Answers with its first parent.
    fn commit(&mut self, id: ObjectId, with_content: bool) -> Result<Option<ObjectId>, Trouble> {
        let raw = self.read(&id, Kind::Commit)?;
        self.add(id)?;
        if with_content {
            let tree = CommitRefIter::from_bytes(&raw, KIND).tree_id();
            self.below(
                tree.map_err(|error| MirrorError::garbage(format!("commit {id} names no tree"), error))?,
            )?;
        }
        Ok(CommitRefIter::from_bytes(&raw, KIND).parent_ids().next())
    }

    /// A tree with all below it. A tree at hand is looked into all the same: what is below it need not be.
    fn below(&mut self, root: ObjectId) -> Result<(), Trouble> {
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            self.add(id)?;
            let raw = self.read(&id, Kind::Tree)?;
            let tree = TreeRef::from_bytes(&raw, KIND)
                .map_err(|error| MirrorError::garbage(format!("tree {id} cannot be read"), error))?;
            let new = |entry: &&EntryRef<'_>| !entry.mode.is_commit() && !self.seen.contains(entry.oid);
            let (trees, blobs): (Vec<&EntryRef<'_>>, Vec<_>) =
                tree.entries.iter().filter(new).partition(|entry| entry.mode.is_tree());
            waiting.extend(trees.iter().map(|entry| entry.oid.to_owned()));
            blobs.iter().try_for_each(|entry| self.add(entry.oid.to_owned()))?;
        }
        Ok(())
    }

    fn add(&mut self, id: ObjectId) -> Result<(), Trouble> {
        if self.seen.insert(id) && !self.at_hand.contains(&id) {
            self.ids.push(id);
        }
        if self.seen.len() > self.limits.pack_objects as usize {
            let limit = self.limits.pack_objects.to_string();
            return Err(MirrorError::TooLarge { what: "objects in one pack", limit }.into());
        }
        Ok(())
    }

    fn read(&self, id: &ObjectId, kind: Kind) -> Result<Vec<u8>, MirrorError> {
        let mut bytes = Vec::new();
        match self.from.try_find(id, &mut bytes) {
            Ok(Some(found)) if found.kind == kind => Ok(bytes),
            Ok(_) => Err(MirrorError::Refused { message: format!("it has no {kind} {id}") }),
            Err(error) => Err(MirrorError::garbage(format!("{kind} {id} cannot be read"), error)),
        }
    }
}
