//! The story as a whole: who is in it, and the order of its chapters.

use super::fleet::{self, CLOSING, TILL};
use super::pass::Pass;
use super::repository::{Author, Draft, Repository};
use super::site::{Booted, Site};
use super::space::Space;
use super::{Error, Line};
use super::{attacks, goes_on};
use crate::agent::clock::Clock;
use crate::model::CommitId;
use crate::reconcile::Stay;
use crate::store::durable::{self, RealDisk};
use jiff::Timestamp;
use serde_json::Value;
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
    pub(super) site: Site,
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
        let mut booted = self.site.boot(Stay::UntilSettled)?;
        let first = self.first_commit(&mut booted, &files).await?;
        let files = fleet::edited(&files, TILL, "replicas: 1", "replicas: 2");
        let second = self.one_line(&mut booted, &files, first).await?;
        attacks::by_strangers(self, &mut booted, &files, second).await?;
        attacks::by_playing_back(self, &mut booted, &files, first, second).await?;
        drop(booted);
        let mut booted = self.no_link().await?;
        let files = fleet::without(&files, CLOSING);
        let third = self.an_object_leaves(&mut booted, &files, second).await?;
        drop(booted);
        goes_on::tell(self, &files, third).await
    }

    /// The last words, for a story that was told to its end.
    pub(super) fn end(&self) {
        let took = self.since(self.began);
        self.chapter("That was all");
        self.plain(format!(
            "{} passes, then a daemon, and {} writes in {}, by the same code that runs on a site.",
            self.passes.get(),
            self.written.get(),
            time(took),
        ));
        if !self.space.is_real {
            self.plain("The same on a cluster of yours: standfast demo --cluster KUBECONFIG".to_owned());
        }
    }

    /// Has Alice sign a commit and push it.
    pub(super) fn commit(&self, draft: Draft<'_>) -> Result<CommitId, Error> {
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

    /// Cuts the link to the mirror, or mends it.
    pub(super) fn link(&self, is_up: bool) -> Result<(), Error> {
        let mirror = self.repository.path();
        let away = mirror.with_extension("away");
        if is_up == mirror.exists() {
            return Ok(());
        }
        let (from, to) = if is_up { (away.as_path(), mirror) } else { (mirror, away.as_path()) };
        durable::rename(&RealDisk, from, to)
            .map_err(|source| Error::Write { path: mirror.to_owned(), source })
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long ago that was.
    pub(super) fn since(&self, began: Timestamp) -> Duration {
        Duration::try_from(self.clock.now().duration_since(began)).unwrap_or_default()
    }

    /// Counts writes of the daemon.
    pub(super) fn wrote(&self, writes: usize) {
        self.written.set(self.written.get() + writes);
    }

    /// What the till's container is told to run, if it is told.
    pub(super) async fn command(&self) -> Result<Option<Value>, Error> {
        let live = self.space.get("apps/v1", "Deployment", "till").await?;
        Ok(live.and_then(|live| live.value.pointer("/spec/template/spec/containers/0/command").cloned()))
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

/// A time as a person says it.
pub(super) fn time(took: Duration) -> String {
    match took.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// A number with its thousands apart.
pub(super) fn number(number: u64) -> String {
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
