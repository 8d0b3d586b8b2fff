//! What the thread that owns gix does.

use super::Want;
use super::chain::{self, Chain};
use super::error::{Error, MirrorFailure};
use super::ids;
use super::lookup::Lookup;
use super::mirror::{self, Answer, Ask, History, Meter, Mirror};
use super::mirror_error::MirrorError;
use super::objects::{Objects, Place};
use super::settings::{Limits, Settings};
use super::trouble::Trouble;
use super::walk;
use crate::model::{ChainEnd, CommitChain, CommitId, Revision};
use gix::ObjectId;
use standfast_tls::Clock;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The object database and the mirrors, on one thread.
pub(super) struct Worker {
    pub(super) objects: Objects,
    pub(super) mirrors: Vec<Box<dyn Mirror>>,
    pub(super) limits: Limits,
    pub(super) meter: Arc<Meter>,
    /// Tips that a mirror sent what it has of, together with the base that was asked for: asking again brings no more.
    settled: Vec<(ObjectId, Option<CommitId>)>,
    /// The mirror that answered last: it has what its tip needs.
    pub(super) answered: usize,
}

impl Worker {
    pub(super) fn new(settings: &Settings, clock: &Clock, meter: Arc<Meter>) -> Self {
        Self {
            objects: Objects::open(&settings.objects, settings.limits),
            mirrors: mirror::all(settings, clock, &meter),
            limits: settings.limits,
            meter,
            settled: Vec::new(),
            answered: 0,
        }
    }

    /// Does one job. If an object turns out damaged, what is damaged is removed and the job done once more.
    pub(super) fn job<T>(
        &mut self,
        cancel: Arc<AtomicBool>,
        work: impl Fn(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.meter.begin(cancel);
        match work(self) {
            Err(Error::Damaged { id, .. }) if self.objects.remove_damaged()? => {
                tracing::warn!(%id, "a pack was damaged on disk and is removed: its objects are fetched again");
                work(self)
            }
            done => done,
        }
    }

    /// The first mirror whose chain meets the base wins; a mirror that lags behind must not keep news from us.
    pub(super) fn advance(&mut self, want: &Want) -> Result<CommitChain, Error> {
        // Whoever asks for what lies above a commit has accepted it: facts may name it, so it must not go with its mirror's next tip.
        if let Some(base) = want.base.and_then(|base| ids::object(&base.0)) {
            self.objects.promote(&base)?;
        }
        let before = self.meter.total();
        let mut failures = Vec::new();
        let mut offered = Vec::new();
        let mut second_best = None;
        for at in 0..self.mirrors.len() {
            match self.offer(at, want, &mut offered) {
                Ok(chain) if want.base.is_none() || matches!(chain.end, ChainEnd::Base(_)) => {
                    second_best = Some((at, chain));
                    break;
                }
                Ok(chain) => second_best = second_best.or(Some((at, chain))),
                Err(trouble) => failures.push(self.failure(at, trouble)?),
            }
        }
        let Some((at, mut chain)) = second_best else { return Err(Error::Mirrors { failures }) };
        self.answered = at;
        self.objects.keep_only(&offered)?;
        self.settled.retain(|(tip, _)| offered.contains(tip));
        let after = self.meter.total();
        chain.traffic.up = after.up - before.up;
        chain.traffic.down = after.down - before.down;
        Ok(chain)
    }

    /// A mirror's trouble as it is reported; our own trouble ends everything.
    pub(super) fn failure(&self, at: usize, trouble: Trouble) -> Result<MirrorFailure, Error> {
        match trouble {
            Trouble::Ours(error) => Err(error),
            Trouble::Mirror(_) if self.meter.is_cancelled() => Err(Error::Stopped),
            Trouble::Mirror(error) => {
                let mirror = self.mirrors[at].name().to_owned();
                tracing::debug!(mirror, %error, "a mirror was of no use");
                Ok(MirrorFailure { mirror, error })
            }
        }
    }

    /// What one mirror offers.
    fn offer(&mut self, at: usize, want: &Want, offered: &mut Vec<ObjectId>) -> Result<CommitChain, Trouble> {
        let tip = self.mirrors[at].tip(&want.ref_name)?;
        offered.push(tip);
        if !self.is_at_hand(tip, want.base)? {
            self.bring_chain(at, tip, want.base)?;
            self.settled.push((tip, want.base));
        }
        match chain::read(&self.objects, &self.limits, tip, want.base)? {
            Chain::Commits(commits, end) => Ok(CommitChain {
                revision: Revision { ref_name: want.ref_name.clone(), commit: ids::commit(&tip) },
                commits,
                end,
                mirror: self.mirrors[at].name().to_owned(),
                traffic: crate::model::Traffic::default(),
            }),
            Chain::Other(kind) => {
                Err(MirrorError::NotACommit { ref_name: want.ref_name.clone(), kind: kind.to_string() }
                    .into())
            }
            Chain::Absent => {
                let what = "the commit that it offers is not in it".to_owned();
                Err(MirrorError::GarbagePack { what, source: None }.into())
            }
        }
    }

    /// Whether asking the mirror would bring nothing that is not on disk.
    fn is_at_hand(&self, tip: ObjectId, base: Option<CommitId>) -> Result<bool, Error> {
        if self.settled.contains(&(tip, base)) {
            return Ok(true);
        }
        Ok(match chain::read(&self.objects, &self.limits, tip, base)? {
            // The tip is the base, which is accepted; a site that lost its disk does not have it.
            Chain::Commits(commits, _) if commits.is_empty() => self.objects.find_anywhere(&tip)?.is_some(),
            Chain::Commits(_, ChainEnd::Base(_)) => true,
            Chain::Commits(..) => base.is_none(),
            Chain::Absent | Chain::Other(_) => false,
        })
    }

    /// Fetches the commits from the tip down to the base. From a server that does not filter, their content comes along.
    fn bring_chain(&mut self, at: usize, tip: ObjectId, base: Option<CommitId>) -> Result<(), Trouble> {
        let flat = self.mirrors[at].filters()?;
        let above = base.and_then(|base| ids::object(&base.0));
        if above == Some(tip) {
            return self.bring(at, &[tip], flat, History::TipAlone, Place::Main).map(drop);
        }
        let place = Place::Incoming(tip);
        if let Some(base) = above {
            let thin = !flat && self.holds_content_of(base)?;
            let answer = self.bring(at, &[tip], flat, History::Above { base, thin }, place)?;
            // A tip below the base comes in an empty pack: the server takes it for granted that we have it.
            if answer == Answer::Pack && self.objects.find_anywhere(&tip)?.is_some() {
                return Ok(());
            }
        }
        self.bring(at, &[tip], flat, History::TipAlone, place).map(drop)
    }

    /// Whether all content of a commit is at hand, so that deltas may rest on it.
    pub(super) fn holds_content_of(&self, commit: ObjectId) -> Result<bool, Error> {
        match chain::root_of(&self.objects, &commit)? {
            Some(root) => walk::holds_all(&self.objects, root),
            None => Ok(false),
        }
    }

    /// One request to one mirror, and its pack on disk.
    pub(super) fn bring(
        &mut self,
        at: usize,
        wants: &[ObjectId],
        flat: bool,
        history: History,
        place: Place,
    ) -> Result<Answer, Trouble> {
        let mut spool = self.objects.spool()?;
        let ask = Ask { wants, flat, history, at_hand: &self.objects };
        let answer = self.mirrors[at].fetch(&ask, &mut spool)?;
        if answer == Answer::Pack {
            let thin = matches!(history, History::Since(_) | History::Above { thin: true, .. });
            let bytes = spool.written();
            let objects = self.objects.absorb(spool, place, thin, &self.meter.cancel())?;
            tracing::debug!(mirror = self.mirrors[at].name(), bytes, objects, "a pack arrived");
        }
        Ok(answer)
    }
}
