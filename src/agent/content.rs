//! From a proven revision to desired objects: complete, bind, resolve, render.

use super::build::Agent;
use super::fetch::Proven;
use crate::fleet::{self, Answer, Resolved, Version};
use crate::model::{Artifact, Desired, DesiredApplication, Moment, OwnerLabel, RepoPath, Revision, Trouble};
use crate::reconcile::{Event, Target};
use crate::render::Rendered;
use crate::trust::{self, Ground, Verified};
use std::collections::BTreeSet;

/// How often rendering may ask for paths that it had not named before.
const ROUNDS: usize = 8;

impl Agent {
    pub(super) async fn render(&mut self, revision: &Revision) -> Event {
        match self.desire(revision).await {
            Ok((desired, resolved)) => self.take(desired, resolved),
            Err(trouble) => {
                self.sink.moment(&Moment::RenderFailed(revision.clone(), trouble.clone()));
                Event::RenderFailed(trouble)
            }
        }
    }

    pub(crate) fn take(&mut self, desired: Desired, resolved: Resolved) -> Event {
        self.work.owner = Some(OwnerLabel::of(&resolved.fleet, &resolved.site.name));
        let target = |application: &DesiredApplication| Target {
            name: application.application.name.clone(),
            digest: application.digest,
            objects: application.objects.len(),
            deadline: application.application.deadline,
        };
        let targets: Vec<_> = desired.applications.iter().map(target).collect();
        self.sink.moment(&Moment::Rendered {
            revision: desired.revision.clone(),
            applications: targets.len(),
            objects: targets.iter().map(|target| target.objects).sum(),
            notes: resolved.notes,
        });
        self.work.desired = Some(desired);
        Event::Rendered(targets)
    }

    /// Everything that `revision` says must run here.
    pub(crate) async fn desire(&mut self, revision: &Revision) -> Result<(Desired, Resolved), Trouble> {
        let verified = self.verified(revision).await?;
        let (resolved, mut paths) = self.resolve(&verified).await?;
        for _ in 0..ROUNDS {
            let artifact = self.complete(&verified, &paths).await?;
            match self.render_all(&artifact, &resolved)? {
                Ok(applications) => {
                    let desired = Desired { revision: revision.clone(), guard: resolved.guard, applications };
                    return Ok((desired, resolved));
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
    async fn verified(&mut self, revision: &Revision) -> Result<Verified<Revision>, Trouble> {
        if let Some(Proven::Chain(accepted)) = &self.work.proven
            && accepted.revision.get() == revision
        {
            return Ok(accepted.revision.clone());
        }
        let commit = self.source.recall(&revision.commit).await?;
        let missing =
            || format!("the commit of {revision} is not on disk; it comes with the next contact to a mirror");
        let commit = commit.ok_or_else(|| Trouble::transient("ContentMissing", missing()))?;
        let ground = match self.settings.pin {
            Some(pin) if pin == revision.commit => Ground::Pin(pin),
            _ => Ground::Facts(&self.facts),
        };
        trust::reaffirm(&commit, revision, ground).map_err(Trouble::from)
    }

    /// The content of these paths, proven: what is there, and that the rest is not.
    async fn complete(
        &mut self,
        revision: &Verified<Revision>,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Verified<Artifact>, Trouble> {
        let artifact = self.source.complete(revision, paths).await?;
        let artifact = trust::bind(revision, artifact)?;
        trust::whole(&artifact, paths)?;
        Ok(artifact)
    }

    /// The fleet as it applies to this site, and all paths that takes.
    async fn resolve(
        &mut self,
        revision: &Verified<Revision>,
    ) -> Result<(Resolved, BTreeSet<RepoPath>), Trouble> {
        let mut paths = fleet::documents(&self.settings.local.name);
        for _ in 0..ROUNDS {
            let artifact = self.complete(revision, &paths).await?;
            let read = fleet::read(&artifact, &self.settings.local, &Version::of_this_agent());
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

    /// All applications rendered, or the paths that are missing.
    #[allow(clippy::type_complexity, reason = "missing paths are an answer here, not an error")]
    fn render_all(
        &self,
        artifact: &Verified<Artifact>,
        resolved: &Resolved,
    ) -> Result<Result<Vec<DesiredApplication>, BTreeSet<RepoPath>>, Trouble> {
        let mut applications = Vec::new();
        let mut missing = BTreeSet::new();
        for application in &resolved.applications {
            match self.render.render(artifact, application)? {
                Rendered::Objects(rendered) => applications.push(rendered),
                Rendered::Missing(paths) => missing.extend(paths),
            }
        }
        Ok(if missing.is_empty() { Ok(applications) } else { Err(missing) })
    }
}
