//! The story: what the site takes, chapter by chapter. Nothing is told before it was checked.

use super::fleet::{IMAGE, OBJECTS, SITE};
use super::pass::Pass;
use super::repository::{Draft, Files};
use super::site::Booted;
use super::story::{Story, number, time};
use super::{Error, Line};
use crate::model::{CommitId, Outcome, SitePhase};
use crate::reconcile::Stay;

impl<T: Fn(Line)> Story<'_, T> {
    /// Who is who.
    pub(super) fn introduce(&self, files: &Files) {
        self.chapter("A fleet, a signer, a site");
        self.plain(format!(
            "The fleet: a git repository of {} files, with two applications for its shops.",
            files.len()
        ));
        self.plain(format!("The signer: {}, with an SSH key made a moment ago.", self.alice.email));
        self.plain(format!("The site: {SITE}. It knows one mirror, and Alice's public key."));
        if self.space.is_real {
            self.plain(format!(
                "The cluster: yours, in a namespace of the demo's own. One pod of {IMAGE} has to start."
            ));
        }
    }

    /// A new site meets its fleet, and a second look writes nothing.
    pub(super) async fn first_commit(&self, booted: &mut Booted, files: &Files) -> Result<CommitId, Error> {
        self.chapter("Alice signs the first commit");
        let first = self.commit(Draft { files, parent: None, message: "pos: one till" })?;
        let pass = self.pass(booted).await;
        self.proven(&pass, first, true)?;
        let made = pass.done.iter().filter(|done| done.outcome == Outcome::Created).count();
        let is_all = made == OBJECTS && pass.done.len() == OBJECTS && pass.rendered == OBJECTS;
        pass.holds("every object is made", is_all)?;
        let is_first = pass.done.first().is_some_and(|done| done.key.is("", "Namespace"));
        pass.holds("the namespace is made first", is_first)?;
        pass.holds("the site is steady and this commit its last-good", is_steady_at(&pass, first))?;
        self.good(format!("applied: {made} objects in {}, and all are healthy", time(pass.cost.took)));
        let kinds: Vec<_> = pass.done.iter().map(|done| done.key.kind.as_str()).collect();
        self.plain(kinds.join(", "));

        let pass = self.pass(booted).await;
        let is_idle = pass.is_reached() && pass.done.is_empty() && pass.unchanged == OBJECTS;
        pass.holds("a second look writes nothing", is_idle)?;
        self.good(format!(
            "looked again: {} objects are as they should be, and nothing is written",
            pass.unchanged
        ));
        Ok(first)
    }

    /// A change of one line is one write.
    pub(super) async fn one_line(
        &self,
        booted: &mut Booted,
        files: &Files,
        first: CommitId,
    ) -> Result<CommitId, Error> {
        self.chapter("Alice changes one line: two tills instead of one");
        let second = self.commit(Draft { files, parent: Some(first), message: "pos: two tills" })?;
        let pass = self.pass(booted).await;
        self.proven(&pass, second, false)?;
        let till = self.space.name_of("Deployment.apps", "till");
        pass.holds("only the till is written", pass.written() == [(Outcome::Configured, till.clone())])?;
        pass.holds(
            "all else is left as it was",
            pass.unchanged == OBJECTS - 1 && is_steady_at(&pass, second),
        )?;
        pass.holds("there are two tills", self.till().await?.is_some_and(|till| till.replicas == 2))?;
        let took = time(pass.cost.took);
        self.good(format!("applied: {till} in {took}, and not one write to the other {}", pass.unchanged));
        Ok(second)
    }

    /// The site boots without a mirror, and heals from its own disk.
    pub(super) async fn no_link(&self) -> Result<Booted, Error> {
        self.chapter("The link is down, the site boots anew, and somebody has deleted a service");
        self.link(false)?;
        self.space.delete("v1", "Service", "till").await?;
        let mut booted = self.site.boot(Stay::UntilSettled)?;
        let pass = self.pass(&mut booted).await;
        self.link(true)?;
        let service = self.space.name_of("Service", "till");
        pass.holds("the mirror is away", !pass.is_fetched && pass.status.link.reason.is_some())?;
        pass.holds(
            "only the service is made again",
            pass.written() == [(Outcome::Created, service.clone())],
        )?;
        pass.holds("all applications are healthy", pass.are_applications_steady())?;
        pass.holds("the service is back", self.space.get("v1", "Service", "till").await?.is_some())?;
        let took = time(pass.cost.took);
        self.good(format!(
            "booted from its own disk, with no mirror to ask, and {service} is back in {took}"
        ));
        Ok(booted)
    }

    /// What left the fleet leaves the cluster.
    pub(super) async fn an_object_leaves(
        &self,
        booted: &mut Booted,
        files: &Files,
        parent: CommitId,
    ) -> Result<CommitId, Error> {
        self.chapter("The link is back, and Alice removes a file");
        let last = self.commit(Draft { files, parent: Some(parent), message: "pos: no more closing job" })?;
        let pass = self.pass(booted).await;
        self.proven(&pass, last, false)?;
        let job = self.space.name_of("CronJob.batch", "closing");
        pass.holds("only the job is deleted", pass.written() == [(Outcome::Deleted, job.clone())])?;
        pass.holds("all else is left as it was", pass.unchanged == OBJECTS - 1 && is_steady_at(&pass, last))?;
        pass.holds("the job is gone", self.space.get("batch/v1", "CronJob", "closing").await?.is_none())?;
        self.good(format!("pruned: {job}, after the other {} were found healthy", pass.unchanged));
        Ok(last)
    }

    /// Checks and tells that this commit was proven just now.
    fn proven(&self, pass: &Pass, commit: CommitId, is_first: bool) -> Result<(), Error> {
        let accepted = pass.accepted.as_ref().filter(|accepted| accepted.revision.commit == commit);
        let Some(accepted) = accepted.filter(|accepted| accepted.is_beginning == is_first) else {
            return pass.holds("the commit is proven", false);
        };
        let by_alice = accepted.signer.starts_with(self.alice.email);
        pass.holds("Alice is its signer", by_alice)?;
        let (signer, begins) = if is_first {
            (accepted.signer.as_str(), "; this site's trust begins here")
        } else {
            (self.alice.email, "")
        };
        let bytes = number(pass.cost.bytes);
        self.good(format!("proven: commit {}, signed by {signer}{begins}", commit.short()));
        self.plain(format!("commit, folders and files came in packs of {bytes} bytes"));
        Ok(())
    }
}

/// Whether the pass left the site healthy at this commit.
fn is_steady_at(pass: &Pass, commit: CommitId) -> bool {
    let last_good = format!("refs/heads/main@sha1:{commit}");
    let is_last_good = pass.status.revision.last_good.as_deref() == Some(&last_good);
    pass.is_reached() && is_last_good && pass.status.phase == SitePhase::Steady
}
