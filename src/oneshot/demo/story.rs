//! The story: what the site takes, chapter by chapter. Nothing is told before it was checked.

use super::attacks;
use super::fleet::{self, CLOSING, IMAGE, OBJECTS, SITE, TILL};
use super::pass::Pass;
use super::repository::{Author, Draft, Files, Repository};
use super::site::{Booted, Site};
use super::space::Space;
use super::{Error, Line};
use crate::agent::clock::Clock;
use crate::model::{CommitId, Outcome, SitePhase};
use crate::store::durable::{self, RealDisk};
use jiff::Timestamp;
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

/// All that the story is about.
pub(super) struct Story<'a, T> {
    pub(super) tell: &'a T,
    pub(super) space: &'a Space,
    pub(super) repository: Repository,
    pub(super) alice: Author,
    pub(super) mallory: Author,
    site: Site,
    clock: Clock,
    began: Timestamp,
    passes: Cell<usize>,
    written: Cell<usize>,
}

/// What the till is as the cluster holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Till {
    pub(super) replicas: u64,
    pub(super) image: String,
}

impl<'a, T: Fn(Line)> Story<'a, T> {
    /// Makes keys, an empty repository and an empty site in a folder.
    pub(super) fn begin(space: &'a Space, folder: &Path, clock: Clock, tell: &'a T) -> Result<Self, Error> {
        let alice = Author::new("Alice", "alice@acme.example")?;
        let mallory = Author::new("Mallory", "mallory@evil.example")?;
        let repository = Repository::init(&folder.join("fleet.git"))?;
        let allowed_signers = folder.join("allowed_signers");
        durable::write_atomic(&RealDisk, &allowed_signers, alice.allowed_line().as_bytes(), 0o644)
            .map_err(|source| Error::Write { path: allowed_signers.clone(), source })?;
        let site = Site {
            state: folder.join("site"),
            mirror: repository.path().to_owned(),
            allowed_signers,
            cluster: space.cluster.clone(),
            clock: clock.clone(),
        };
        let (began, passes, written) = (clock.now(), Cell::new(0), Cell::new(0));
        Ok(Self { tell, space, repository, alice, mallory, site, clock, began, passes, written })
    }

    /// All chapters, in order.
    pub(super) async fn tell_all(&self) -> Result<(), Error> {
        let files = fleet::files(&self.space.fleet, &self.space.namespace);
        self.introduce(&files);
        let mut booted = self.site.boot()?;
        let first = self.first_commit(&mut booted, &files).await?;
        let files = fleet::edited(&files, TILL, "replicas: 1", "replicas: 2");
        let second = self.one_line(&mut booted, &files, first).await?;
        attacks::by_strangers(self, &mut booted, &files, second).await?;
        attacks::by_playing_back(self, &mut booted, &files, first, second).await?;
        drop(booted);
        let mut booted = self.no_link().await?;
        self.an_object_leaves(&mut booted, &fleet::without(&files, CLOSING), second).await
    }

    /// The last words, for a story that was told to its end.
    pub(super) fn end(&self) {
        let took = self.clock.now().duration_since(self.began);
        self.chapter("That was all");
        self.plain(format!(
            "{} passes and {} writes in {}, by the same code that runs on a site.",
            self.passes.get(),
            self.written.get(),
            time(Duration::try_from(took).unwrap_or_default()),
        ));
        if !self.space.is_real {
            self.plain("The same on a cluster of yours: standfast demo --cluster KUBECONFIG".to_owned());
        }
    }

    fn introduce(&self, files: &Files) {
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

    async fn first_commit(&self, booted: &mut Booted, files: &Files) -> Result<CommitId, Error> {
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

    async fn one_line(&self, booted: &mut Booted, files: &Files, first: CommitId) -> Result<CommitId, Error> {
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

    async fn no_link(&self) -> Result<Booted, Error> {
        self.chapter("The link is down, the site boots anew, and somebody has deleted a service");
        let mirror = self.repository.path();
        let away = mirror.with_extension("away");
        let moved = |source| Error::Write { path: mirror.to_owned(), source };
        durable::rename(&RealDisk, mirror, &away).map_err(moved)?;
        self.space.delete("v1", "Service", "till").await?;
        let mut booted = self.site.boot()?;
        let pass = self.pass(&mut booted).await;
        durable::rename(&RealDisk, &away, mirror).map_err(moved)?;
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

    async fn an_object_leaves(
        &self,
        booted: &mut Booted,
        files: &Files,
        parent: CommitId,
    ) -> Result<(), Error> {
        self.chapter("The link is back, and Alice removes a file");
        let last = self.commit(Draft { files, parent: Some(parent), message: "pos: no more closing job" })?;
        let pass = self.pass(booted).await;
        self.proven(&pass, last, false)?;
        let job = self.space.name_of("CronJob.batch", "closing");
        pass.holds("only the job is deleted", pass.written() == [(Outcome::Deleted, job.clone())])?;
        pass.holds("all else is left as it was", pass.unchanged == OBJECTS - 1 && is_steady_at(&pass, last))?;
        pass.holds("the job is gone", self.space.get("batch/v1", "CronJob", "closing").await?.is_none())?;
        self.good(format!("pruned: {job}, after the other {} were found healthy", pass.unchanged));
        Ok(())
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

    /// Has Alice sign a commit and push it.
    fn commit(&self, draft: Draft<'_>) -> Result<CommitId, Error> {
        let commit = self.draft(draft, Some(&self.alice))?;
        self.repository.push(commit)?;
        Ok(commit)
    }

    /// A commit in Alice's name that nobody has pushed, signed by somebody or nobody.
    pub(super) fn draft(&self, draft: Draft<'_>, signer: Option<&Author>) -> Result<CommitId, Error> {
        self.repository.commit(draft, &self.alice, signer, self.clock.now())
    }

    pub(super) async fn pass(&self, booted: &mut Booted) -> Pass {
        let pass = booted.pass().await;
        self.passes.set(self.passes.get() + 1);
        self.written.set(self.written.get() + pass.done.len());
        pass
    }

    /// The till as it is in the cluster now.
    pub(super) async fn till(&self) -> Result<Option<Till>, Error> {
        let live = self.space.get("apps/v1", "Deployment", "till").await?;
        Ok(live.and_then(|live| {
            let image = live.value.pointer("/spec/template/spec/containers/0/image")?.as_str()?.to_owned();
            Some(Till { replicas: live.value.pointer("/spec/replicas")?.as_u64()?, image })
        }))
    }

    pub(super) fn chapter(&self, text: impl Into<String>) {
        (self.tell)(Line::Chapter(text.into()));
    }

    pub(super) fn good(&self, text: String) {
        (self.tell)(Line::Good(text));
    }

    pub(super) fn refused(&self, text: String) {
        (self.tell)(Line::Refused(text));
    }

    pub(super) fn plain(&self, text: String) {
        (self.tell)(Line::Plain(text));
    }
}

/// Whether the pass left the site healthy at this commit.
fn is_steady_at(pass: &Pass, commit: CommitId) -> bool {
    let last_good = format!("refs/heads/main@sha1:{commit}");
    let is_last_good = pass.status.revision.last_good.as_deref() == Some(&last_good);
    pass.is_reached() && is_last_good && pass.status.phase == SitePhase::Steady
}

/// A time as a person says it.
fn time(took: Duration) -> String {
    match took.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// A number with its thousands apart.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        let check = |given, expect| assert_eq!(number(given), expect);
        check(0, "0");
        check(999, "999");
        check(1000, "1,000");
        check(1_234_567, "1,234,567");
    }
}
