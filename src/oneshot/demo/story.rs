//! The story: what the site takes, chapter by chapter. Nothing is told before it was checked.

use super::attacks;
use super::fleet::{self, CLOSING, OBJECTS, SITE, TILL};
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
    bytes: Cell<u64>,
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
        let (began, passes, bytes) = (clock.now(), Cell::new(0), Cell::new(0));
        Ok(Self { tell, space, repository, alice, mallory, site, clock, began, passes, bytes })
    }

    pub(super) async fn tell_all(&self) -> Result<(), Error> {
        let files = fleet::files(&self.space.fleet, &self.space.namespace);
        let mut booted = self.site.boot()?;
        let first = self.first_commit(&mut booted, &files).await?;
        let files = fleet::edited(&files, TILL, "replicas: 1", "replicas: 2");
        let second = self.one_line(&mut booted, &files, first).await?;
        attacks::nobody_signed(self, &mut booted, &files, second).await?;
        attacks::history_rewritten(self, &mut booted, &files, first, second).await?;
        drop(booted);
        let mut booted = self.no_link().await?;
        self.an_object_leaves(&mut booted, &fleet::without(&files, CLOSING), second).await?;
        let took = self.clock.now().duration_since(self.began);
        self.chapter("That was all");
        self.plain(format!(
            "{} passes in {}, {} bytes over the link, by the same code that runs on a site.",
            self.passes.get(),
            time(Duration::try_from(took).unwrap_or_default()),
            number(self.bytes.get())
        ));
        Ok(())
    }

    async fn first_commit(&self, booted: &mut Booted, files: &Files) -> Result<CommitId, Error> {
        self.chapter("A fleet, a signer, a site");
        self.plain(format!(
            "The fleet: a git repository of {} files, two applications with {OBJECTS} objects.",
            files.len()
        ));
        self.plain(format!("The signer: {}, with an SSH key made a moment ago.", self.alice.email));
        self.plain(format!("The site: {SITE}. It knows one mirror, and Alice's public key."));

        self.chapter("Alice signs the first commit");
        let first = self.commit(Draft { files, parent: None, message: "pos: one till" })?;
        let pass = self.pass(booted).await;
        self.proven(&pass, first, true)?;
        let made = pass.done.iter().filter(|done| done.outcome == Outcome::Created).count();
        pass.holds(
            "every object is made",
            made == OBJECTS && pass.done.len() == OBJECTS && pass.rendered == OBJECTS,
        )?;
        pass.holds("the site is steady and this commit its last-good", is_steady_at(&pass, first))?;
        let space = &self.space.namespace;
        self.good(format!(
            "applied: {made} objects, the namespace {space} first, all healthy, in {}",
            time(pass.took)
        ));

        let pass = self.pass(booted).await;
        pass.holds(
            "a second look writes nothing",
            pass.reached() && pass.done.is_empty() && pass.unchanged == OBJECTS,
        )?;
        self.good(format!(
            "looked again: {} objects are as they should be, nothing is written",
            pass.unchanged
        ));
        Ok(first)
    }

    async fn one_line(&self, booted: &mut Booted, files: &Files, first: CommitId) -> Result<CommitId, Error> {
        self.chapter("Alice changes one line: two tills instead of one");
        let second = self.commit(Draft { files, parent: Some(first), message: "pos: two tills" })?;
        let pass = self.pass(booted).await;
        self.proven(&pass, second, false)?;
        let till = format!("Deployment.apps {}/till", self.space.namespace);
        pass.holds("only the till is written", pass.written() == [(Outcome::Configured, till.clone())])?;
        pass.holds(
            "all else is left as it was",
            pass.unchanged == OBJECTS - 1 && is_steady_at(&pass, second),
        )?;
        pass.holds("there are two tills", self.till().await?.is_some_and(|till| till.replicas == 2))?;
        self.good(format!("applied: {till}, and not one write to the other {}", pass.unchanged));
        Ok(second)
    }

    async fn no_link(&self) -> Result<Booted, Error> {
        self.chapter("The link is down, the power was out, and somebody deleted a service");
        let (mirror, away) =
            (self.repository.path().to_owned(), self.repository.path().with_extension("away"));
        let moved = |source| Error::Write { path: mirror.clone(), source };
        durable::rename(&RealDisk, &mirror, &away).map_err(moved)?;
        self.space.delete("v1", "Service", "till").await?;
        let mut booted = self.site.boot()?;
        let pass = self.pass(&mut booted).await;
        durable::rename(&RealDisk, &away, &mirror).map_err(moved)?;
        let service = format!("Service {}/till", self.space.namespace);
        pass.holds("the mirror is away", pass.fetched.is_none() && pass.status.link.reason.is_some())?;
        pass.holds(
            "only the service is made again",
            pass.written() == [(Outcome::Created, service.clone())],
        )?;
        pass.holds("all applications are healthy", pass.are_applications_steady())?;
        let is_back = self.space.get("v1", "Service", "till").await?.is_some();
        pass.holds("the service is back", is_back)?;
        self.good(format!("booted from its own disk, and {service} is back, in {}", time(pass.took)));
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
        let job = format!("CronJob.batch {}/closing", self.space.namespace);
        pass.holds("only the job is deleted", pass.written() == [(Outcome::Deleted, job.clone())])?;
        pass.holds("all else is left as it was", pass.unchanged == OBJECTS - 1 && is_steady_at(&pass, last))?;
        pass.holds("the job is gone", self.space.get("batch/v1", "CronJob", "closing").await?.is_none())?;
        self.good(format!("pruned: {job}, once the other {} were found healthy", pass.unchanged));
        Ok(())
    }

    /// Checks and tells that this commit was proven just now.
    fn proven(&self, pass: &Pass, commit: CommitId, is_first: bool) -> Result<(), Error> {
        let accepted = pass.accepted.as_ref().filter(|(revision, ..)| revision.commit == commit);
        let Some((_, signer, is_beginning)) =
            accepted.filter(|(_, _, is_beginning)| *is_beginning == is_first)
        else {
            return pass.holds("the commit is proven", false);
        };
        let begins = if *is_beginning { "; this site's trust begins here" } else { "" };
        let bytes = number(pass.bytes());
        self.good(format!("proven: {}, signed by {signer}{begins} ({bytes} bytes)", commit.short()));
        Ok(())
    }

    /// Has Alice sign a commit and push it.
    fn commit(&self, draft: Draft<'_>) -> Result<CommitId, Error> {
        let commit = self.draft(draft, &self.alice, Some(&self.alice))?;
        self.repository.push(commit)?;
        Ok(commit)
    }

    pub(super) fn draft(
        &self,
        draft: Draft<'_>,
        author: &Author,
        signer: Option<&Author>,
    ) -> Result<CommitId, Error> {
        self.repository.commit(draft, author, signer, self.clock.now())
    }

    pub(super) async fn pass(&self, booted: &mut Booted) -> Pass {
        let pass = booted.pass().await;
        self.passes.set(self.passes.get() + 1);
        self.bytes.set(self.bytes.get() + pass.bytes());
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
pub(super) fn is_steady_at(pass: &Pass, commit: CommitId) -> bool {
    let last_good = format!("refs/heads/main@sha1:{commit}");
    let is_last_good = pass.status.revision.last_good.as_deref() == Some(&last_good);
    pass.reached() && is_last_good && pass.status.phase == SitePhase::Steady
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
