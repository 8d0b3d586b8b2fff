//! From a proven revision to desired objects: complete, bind, resolve, render.

use super::build::Agent;
use super::fetch::Proven;
use super::keep::Keeper;
use crate::fleet::{self, Answer, Local, Resolved, Version};
use crate::model::{
    Artifact, CommitId, Desired, DesiredApplication, Digest, Facts, Moment, OwnerLabel, RepoPath, Revision,
    Trouble,
};
use crate::reconcile::{Content, Contents, Event, Target, targets};
use crate::render::{Render, Rendered};
use crate::source::{self, Source};
use crate::trust::{self, Ground, Verified};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often rendering may ask for paths that it had not named before.
const ROUNDS: usize = 8;

/// Reads revisions, beside whatever else the agent does: it holds all that this takes.
#[derive(Clone)]
pub(crate) struct Reader {
    source: Arc<dyn Source>,
    render: Arc<dyn Render>,
    local: Local,
    pin: Option<CommitId>,
    facts: Facts,
    keeper: Keeper,
    proven: Option<Verified<Revision>>,
}

/// What a revision says must run here, and what applications may go back to.
#[derive(Debug)]
pub(super) struct Brought {
    desired: Desired,
    resolved: Resolved,
    /// Last-good of applications that rendered something else.
    ways_back: Vec<DesiredApplication>,
}

impl Agent {
    /// A reader of revisions as things are now.
    pub(crate) fn reader(&self) -> Reader {
        let proven = match &self.work.proven {
            Some(Proven::Chain(accepted)) => Some(accepted.revision.clone()),
            _ => None,
        };
        Reader {
            source: Arc::clone(&self.source),
            render: Arc::clone(&self.render),
            local: self.settings.local.clone(),
            pin: self.settings.pin,
            facts: self.facts.clone(),
            keeper: self.keeper.clone(),
            proven,
        }
    }

    /// What last-good must be brought along for: what is at hand already is not.
    pub(super) fn ways_back(&self) -> BTreeMap<String, Content> {
        let is_missing = |name: &str, content: &Content| {
            self.contents.as_ref().is_none_or(|contents| !contents.has(name, content))
        };
        let known = self.site.applications.iter();
        known
            .filter_map(|(name, one)| Some((name.clone(), one.last_good.clone()?)))
            .filter(|(name, content)| is_missing(name, content))
            .collect()
    }

    /// Takes over what was brought.
    pub(super) fn take_rendered(&mut self, revision: Revision, brought: Result<Brought, Trouble>) -> Event {
        let Brought { desired, resolved, ways_back } = match brought {
            Ok(brought) => brought,
            Err(trouble) => {
                self.tell(&Moment::RenderFailed(revision.clone(), trouble.clone()));
                return Event::RenderFailed(revision, trouble);
            }
        };
        let targets = self.take(&desired, resolved);
        let mut contents = Contents::new(desired, self.contents.take());
        ways_back.into_iter().for_each(|one| contents.add(one));
        self.contents = Some(contents);
        Event::Rendered(revision, targets)
    }

    /// Takes note of what was rendered, and tells it.
    pub(crate) fn take(&mut self, desired: &Desired, resolved: Resolved) -> Vec<Target> {
        self.applier.set_owner(OwnerLabel::of(&resolved.fleet, &resolved.site.name));
        let targets = targets(&desired.revision, &desired.applications);
        self.tell(&Moment::Rendered {
            revision: desired.revision.clone(),
            applications: targets.len(),
            objects: targets.iter().map(|target| target.terms.objects).sum(),
            notes: resolved.notes,
        });
        targets
    }
}

impl Reader {
    /// Brings a revision, and last-good of those applications that render something else.
    pub(super) async fn bring(
        self,
        revision: Revision,
        is_offline: bool,
        ways_back: BTreeMap<String, Content>,
    ) -> Result<Brought, Trouble> {
        let (desired, resolved) = self.desire(&revision, is_offline).await?;
        let is_other = |name: &str, content: &Content| {
            desired.applications.iter().any(|one| one.application.name == name && one.digest != content.1)
        };
        let mut wanted: BTreeMap<Revision, BTreeMap<String, Digest>> = BTreeMap::new();
        for (name, content) in ways_back.into_iter().filter(|(name, content)| is_other(name, content)) {
            wanted.entry(content.0).or_default().insert(name, content.1);
        }
        let mut found = Vec::new();
        for (revision, contents) in wanted {
            match self.again(&revision, contents).await {
                Ok(again) => found.extend(again),
                Err(trouble) => {
                    tracing::warn!(%revision, why = %trouble.message, "what applications may go back to is not at hand");
                }
            }
        }
        Ok(Brought { desired, resolved, ways_back: found })
    }

    /// Applications as they were at an earlier revision: as they were kept, else rendered once more.
    async fn again(
        &self,
        revision: &Revision,
        mut contents: BTreeMap<String, Digest>,
    ) -> Result<Vec<DesiredApplication>, Trouble> {
        self.verified(revision).await?;
        let mut found = Vec::new();
        for digest in contents.values() {
            found.extend(self.keeper.kept(*digest).await);
        }
        contents.retain(|name, _| found.iter().all(|one| one.application.name != *name));
        if !contents.is_empty() {
            let (rendered, _) = self.desire(revision, true).await?;
            let is_missing = |one: &DesiredApplication| contents.contains_key(&one.application.name);
            found.extend(rendered.applications.into_iter().filter(is_missing));
        }
        Ok(found)
    }

    /// All that a pinned revision consists of here: as it was kept, else rendered once more.
    pub(super) async fn pinned(&self, revision: &Revision) -> Result<Vec<DesiredApplication>, Trouble> {
        self.verified(revision).await?;
        match self.keeper.pinned(revision).await {
            Some(kept) => Ok(kept),
            None => Ok(self.desire(revision, true).await?.0.applications),
        }
    }

    /// Everything that `revision` says must run here. Offline, from disk alone.
    pub(crate) async fn desire(
        &self,
        revision: &Revision,
        is_offline: bool,
    ) -> Result<(Desired, Resolved), Trouble> {
        let verified = self.verified(revision).await?;
        let (resolved, mut paths) = self.resolve(&verified, is_offline).await?;
        let resolved = Arc::new(resolved);
        for _ in 0..ROUNDS {
            let artifact = self.complete(&verified, &paths, is_offline).await?;
            match self.render_all(artifact, Arc::clone(&resolved)).await? {
                Ok(applications) => {
                    let desired = Desired { revision: revision.clone(), guard: resolved.guard, applications };
                    return Ok((desired, Arc::unwrap_or_clone(resolved)));
                }
                Err(missing) => paths.extend(missing),
            }
        }
        Err(Trouble::terminal(
            "RenderFailed",
            format!("rendering {revision} asked for further paths more than {ROUNDS} times"),
        ))
    }

    /// The revision with its proof: just proven, or read from disk and held against the facts again.
    async fn verified(&self, revision: &Revision) -> Result<Verified<Revision>, Trouble> {
        if let Some(proven) = self.proven.as_ref().filter(|proven| proven.get() == revision) {
            return Ok(proven.clone());
        }
        let commit = self.source.recall(&revision.commit).await?;
        let missing =
            || format!("the commit of {revision} is not on disk; it comes with the next contact to a mirror");
        let commit = commit.ok_or_else(|| Trouble::transient("ContentMissing", missing()))?;
        let ground = match self.pin {
            Some(pin) if pin == revision.commit => Ground::Pin(pin),
            _ => Ground::Facts(&self.facts),
        };
        trust::reaffirm(&commit, revision, ground).map_err(Trouble::from)
    }

    /// The content of these paths, proven: what is there, and that the rest is not.
    async fn complete(
        &self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
        is_offline: bool,
    ) -> Result<Verified<Artifact>, Trouble> {
        let artifact = match is_offline {
            true => {
                self.source.held(revision, paths).await.map_err(|error| offline(revision.get(), error))?
            }
            false => self.source.complete(revision, paths).await?,
        };
        let artifact = trust::bind(revision, artifact)?;
        trust::whole(&artifact, paths)?;
        Ok(artifact)
    }

    /// The fleet as it applies to this site, and all paths that takes.
    async fn resolve(
        &self,
        revision: &Verified<Revision>,
        is_offline: bool,
    ) -> Result<(Resolved, BTreeSet<RepoPath>), Trouble> {
        let mut paths = fleet::documents(&self.local.name);
        for _ in 0..ROUNDS {
            let artifact = self.complete(revision, &paths, is_offline).await?;
            let read = fleet::read(&artifact, &self.local, &Version::of_this_agent());
            match read? {
                Answer::Needs(needed) => paths.extend(needed),
                Answer::Resolved(resolved) => {
                    paths.extend(resolved.paths());
                    return Ok((resolved, paths));
                }
            }
        }
        Err(Trouble::terminal(
            "FleetInvalid",
            format!(
                "reading the fleet's documents of {} asked for further paths more than {ROUNDS} times",
                revision.get()
            ),
        ))
    }

    /// All applications rendered, or the paths that are missing; on a thread of its own, for it is work.
    #[allow(clippy::type_complexity, reason = "missing paths are an answer here, not an error")]
    async fn render_all(
        &self,
        artifact: Verified<Artifact>,
        resolved: Arc<Resolved>,
    ) -> Result<Result<Vec<DesiredApplication>, BTreeSet<RepoPath>>, Trouble> {
        let render = Arc::clone(&self.render);
        let work = move || {
            let mut applications = Vec::new();
            let mut missing = BTreeSet::new();
            for application in &resolved.applications {
                match render.render(&artifact, application)? {
                    Rendered::Objects(rendered) => applications.push(rendered),
                    Rendered::Missing(paths) => missing.extend(paths),
                }
            }
            Ok(if missing.is_empty() { Ok(applications) } else { Err(missing) })
        };
        super::keep::off_the_loop(work).await
    }
}

/// What is not on disk may come with the next contact to a mirror.
fn offline(revision: &Revision, error: source::Error) -> Trouble {
    match error {
        source::Error::Missing { paths, .. } => {
            let first = paths.first().map(ToString::to_string).unwrap_or_default();
            let message = format!(
                "{revision} is not on disk whole: {} paths are missing, such as {first:?}",
                paths.len()
            );
            Trouble::transient("ContentMissing", message)
        }
        error => error.into(),
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("site", &self.local.name).finish_non_exhaustive()
    }
}
