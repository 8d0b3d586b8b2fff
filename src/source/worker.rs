//! What the thread that owns gix does.

use super::Want;
use super::chain::{self, Chain};
use super::content::walk::Ground;
use super::content::{Heavy, Pace};
use super::error::{Error, MirrorFailure};
use super::ids;
use super::lookup::Lookup;
use super::mirror::{self, Answer, Ask, Filter, History, Meter, Mirror, Server, Stop};
use super::mirror_error::MirrorError;
use super::objects::{Absorbed, Ending, Objects, Place};
use super::settings::{Limits, Settings};
use super::trouble::Trouble;
use crate::model::{ChainEnd, CommitChain, CommitId, Revision};
use gix::ObjectId;
use standfast_tls::Clock;
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The object database and the mirrors, on one thread.
pub(super) struct Worker {
    pub(super) objects: Objects,
    pub(super) mirrors: Vec<One>,
    pub(super) limits: Limits,
    pub(super) meter: Arc<Meter>,
    /// Tips that a mirror sent what it has of, together with the base that was asked for: asking again brings no more.
    settled: Vec<(ObjectId, Option<CommitId>)>,
    /// The mirror that answered last: it has what its tip needs.
    pub(super) answered: usize,
    clock: Clock,
}

/// One mirror, and what was learnt of the link to it.
pub(super) struct One {
    pub(super) mirror: Box<dyn Mirror>,
    pub(super) pace: Pace,
    pub(super) heavy: Heavy,
}

/// One request to one mirror.
pub(super) struct Request<'a> {
    pub(super) wants: &'a [ObjectId],
    pub(super) filter: Filter,
    pub(super) history: History,
    pub(super) stop: Stop,
    pub(super) is_bulk: bool,
    pub(super) place: Place,
}

/// What a request brought.
pub(super) struct Brought {
    pub(super) answer: Answer,
    /// Bytes that arrived.
    pub(super) bytes: u64,
    /// Objects that are kept.
    pub(super) objects: usize,
    /// Objects that rest on others that are not here.
    pub(super) dropped: u32,
    /// Why the answer ended before its end, if it did.
    pub(super) cut: Option<MirrorError>,
}

/// How much is read of what a server that does not filter sends along with commits, unproven as it is.
const FREIGHT: u64 = 4 << 20;

impl<'a> Request<'a> {
    /// For objects by their ids.
    pub(super) fn of(wants: &'a [ObjectId], place: Place) -> Self {
        let (history, filter, stop) = (History::NoCommits, Filter::Nothing, Stop::Never);
        Self { wants, filter, history, stop, is_bulk: false, place }
    }
}

impl Worker {
    pub(super) fn new(settings: &Settings, clock: &Clock, meter: Arc<Meter>) -> Self {
        Self {
            objects: Objects::open(&settings.objects, settings.limits),
            mirrors: mirror::all(settings, clock, &meter).into_iter().map(One::new).collect(),
            limits: settings.limits,
            meter,
            settled: Vec::new(),
            answered: 0,
            clock: clock.clone(),
        }
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.clock.read().seconds()
    }

    /// What walks look at.
    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { objects: &self.objects, limits: &self.limits }
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
        self.gather(&chain)?;
        self.objects.keep_only(&offered)?;
        self.settled.retain(|(tip, _)| offered.contains(tip));
        let after = self.meter.total();
        chain.traffic.up = after.up - before.up;
        chain.traffic.down = after.down - before.down;
        Ok(chain)
    }

    /// Keeps all of a chain together, under its tip.
    fn gather(&mut self, chain: &CommitChain) -> Result<(), Error> {
        let ids: Vec<ObjectId> =
            chain.commits.iter().filter_map(|commit| ids::object(&commit.id.0)).collect();
        ids.first().map_or(Ok(()), |tip| self.objects.gather(tip, &ids))
    }

    /// A mirror's trouble as it is reported; our own trouble ends everything.
    pub(super) fn failure(&self, at: usize, trouble: Trouble) -> Result<MirrorFailure, Error> {
        match trouble {
            Trouble::Ours(error) => Err(error),
            Trouble::Mirror(_) if self.meter.is_cancelled() => Err(Error::Stopped),
            Trouble::Mirror(error) => {
                let mirror = self.mirrors[at].mirror.name().to_owned();
                tracing::debug!(mirror, %error, "a mirror was of no use");
                Ok(MirrorFailure { mirror, error })
            }
        }
    }

    /// What one mirror offers.
    fn offer(&mut self, at: usize, want: &Want, offered: &mut Vec<ObjectId>) -> Result<CommitChain, Trouble> {
        let tip = self.mirrors[at].mirror.tip(&want.ref_name)?;
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
                mirror: self.mirrors[at].mirror.name().to_owned(),
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

    /// Fetches the commits from the tip down to the base, those that are not on disk. From a server that does not filter, content
    /// comes along.
    fn bring_chain(&mut self, at: usize, tip: ObjectId, base: Option<CommitId>) -> Result<(), Trouble> {
        let filter = match self.mirrors[at].mirror.server()? {
            Server::Plain => Filter::Nothing,
            Server::Folder | Server::Filters => Filter::Flat,
        };
        let above = base.and_then(|base| ids::object(&base.0));
        if above == Some(tip) {
            return self.bring_tip(at, tip, filter, Place::Main);
        }
        if let Some(base) = above
            && self.bring_above(at, tip, base, filter)?
        {
            return Ok(());
        }
        self.bring_tip(at, tip, filter, Place::Incoming(tip))
    }

    /// The commits above the base; `false` if the base is not in the tip's history. A link that breaks in between leaves the newer
    /// part, and the rest is asked for from there.
    fn bring_above(
        &mut self,
        at: usize,
        tip: ObjectId,
        base: ObjectId,
        filter: Filter,
    ) -> Result<bool, Trouble> {
        let is_flat = filter == Filter::Flat;
        let mut thin = !is_flat && self.objects.contains(&base);
        while let Some(next) = chain::gap(&self.objects, &self.limits, tip, base)? {
            let history = History::Above { base, thin };
            let stop = if is_flat { Stop::Never } else { Stop::AfterCommits(FREIGHT) };
            let request =
                Request { filter, history, stop, ..Request::of(from_ref(&next), Place::Incoming(tip)) };
            let brought = match self.bring(at, &request) {
                // Some servers give out nothing but what a ref leads to: those begin anew.
                Err(Trouble::Mirror(MirrorError::Refused { .. })) if next != tip => return Ok(false),
                brought => brought?,
            };
            let is_further = chain::gap(&self.objects, &self.limits, tip, base)? != Some(next);
            match brought.cut {
                _ if is_further => {}
                Some(error) => return Err(error.into()),
                None if brought.dropped > 0 && thin => thin = false,
                // A tip below the base comes in an empty pack: the server takes it for granted that we have it.
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The tip alone; from a server that does not filter, as much of its content as comes along.
    fn bring_tip(&mut self, at: usize, tip: ObjectId, filter: Filter, place: Place) -> Result<(), Trouble> {
        let stop = if filter == Filter::Flat { Stop::Never } else { Stop::After(FREIGHT) };
        let request =
            Request { filter, history: History::TipAlone, stop, ..Request::of(from_ref(&tip), place) };
        let brought = self.bring(at, &request)?;
        match brought.cut {
            Some(error) if self.objects.find_anywhere(&tip)?.is_none() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// One request to one mirror, and what comes of it on disk. Of an answer that breaks off, what came whole is kept.
    pub(super) fn bring(&mut self, at: usize, request: &Request<'_>) -> Result<Brought, Trouble> {
        let Request { wants, filter, history, stop, is_bulk, place } = *request;
        let mut spool = self.objects.spool(place)?;
        let ask = Ask { wants, filter, history, stop, is_bulk, at_hand: &self.objects };
        let (answer, cut) = match self.mirrors[at].mirror.fetch(&ask, &mut spool) {
            Ok(answer) => (answer, None),
            Err(Trouble::Mirror(error @ MirrorError::Unreachable { .. })) if spool.written() > 0 => {
                (Answer::Part, Some(error))
            }
            Err(trouble) => return Err(trouble),
        };
        let bytes = spool.written();
        let ending = match answer {
            Answer::Pack => Some(Ending::Whole),
            Answer::Part => Some(Ending::Cut),
            Answer::NoCommonHistory => None,
        };
        let thin =
            matches!(history, History::Beyond(_) | History::Since(_) | History::Above { thin: true, .. });
        let absorbed = match ending {
            Some(ending) => self.objects.absorb(spool, ending, thin, &self.meter.cancel())?,
            None => Absorbed::default(),
        };
        let Absorbed { objects, dropped } = absorbed;
        tracing::debug!(
            mirror = self.mirrors[at].mirror.name(),
            bytes,
            objects,
            dropped,
            ?cut,
            "a pack arrived"
        );
        Ok(Brought { answer, bytes, objects, dropped, cut })
    }
}

impl One {
    fn new(mirror: Box<dyn Mirror>) -> Self {
        Self { mirror, pace: Pace::default(), heavy: Heavy::default() }
    }
}
