//! What the thread that owns gix does.

use super::content::walk::Ground;
use super::content::{Excess, Heavy, Pace};
use super::error::{Error, MirrorFailure};
use super::link::{Allowance, Links};
use super::mirror::{self, Answer, Ask, Filter, History, Meter, Mirror, Server, Stop};
use super::mirror_error::MirrorError;
use super::objects::{Absorbed, Ending, Objects, Place};
use super::settings::{Limits, Settings};
use super::trouble::Trouble;
use crate::model::{CommitChain, CommitId, Purpose, Traffic};
use gix::ObjectId;
use standfast_tls::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most files over the limit that are remembered.
const MOST_OVER: usize = 1000;

/// The object database and the mirrors, on one thread.
pub(super) struct Worker {
    pub(super) objects: Objects,
    pub(super) mirrors: Vec<One>,
    pub(super) limits: Limits,
    pub(super) meter: Arc<Meter>,
    /// Tips that a mirror sent what it has of, together with the base that was asked for: asking again brings no more.
    pub(super) settled: Vec<(ObjectId, Option<CommitId>)>,
    /// The mirror that gave the news last: it has what its tip needs.
    pub(super) answered: Option<usize>,
    /// What each mirror offered last.
    pub(super) tips: Vec<Option<ObjectId>>,
    /// Other lines, by the mirror that offers them.
    pub(super) rivals: BTreeMap<usize, CommitChain>,
    /// Whether what is fetched now may overdraw a budget.
    pub(super) is_urgent: bool,
    /// Files over the limit for one object that came, with their sizes: whoever has them, they are not asked for again.
    pub(super) over: BTreeMap<ObjectId, u64>,
    links: Arc<Mutex<Links>>,
    clock: Clock,
}

/// One mirror, and what was learnt of the link to it.
pub(super) struct One {
    pub(super) mirror: Box<dyn Mirror>,
    pub(super) pace: Pace,
    pub(super) heavy: Heavy,
    /// Whether its filter takes away what was asked for by its id, too, as JGit's does: changes are cheaper without it.
    pub(super) filters_all: bool,
    /// What it sent too much of.
    pub(super) excess: Option<Excess>,
}

/// One request to one mirror.
pub(super) struct Request<'a> {
    pub(super) wants: &'a [ObjectId],
    pub(super) filter: Filter,
    pub(super) history: History,
    pub(super) stop: Stop,
    pub(super) is_bulk: bool,
    pub(super) place: Place,
    pub(super) purpose: Purpose,
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

impl<'a> Request<'a> {
    /// For trees and files by their ids.
    pub(super) fn content(wants: &'a [ObjectId]) -> Self {
        Self { purpose: Purpose::Content, ..Self::commits(wants, Place::Main) }
    }

    /// For commits by their ids.
    pub(super) fn commits(wants: &'a [ObjectId], place: Place) -> Self {
        let (history, filter, stop) = (History::NoCommits, Filter::Nothing, Stop::Never);
        Self { wants, filter, history, stop, is_bulk: false, place, purpose: Purpose::Commits }
    }
}

impl Worker {
    pub(super) fn new(
        settings: &Settings,
        clock: &Clock,
        meter: Arc<Meter>,
        links: Arc<Mutex<Links>>,
    ) -> Self {
        let mirrors: Vec<One> = mirror::all(settings, clock, &meter).into_iter().map(One::new).collect();
        Self {
            objects: Objects::open(&settings.objects, settings.limits),
            tips: vec![None; mirrors.len()],
            mirrors,
            limits: settings.limits,
            meter,
            settled: Vec::new(),
            answered: None,
            rivals: BTreeMap::new(),
            is_urgent: false,
            over: BTreeMap::new(),
            links,
            clock: clock.clone(),
        }
    }

    /// What is known of the links.
    pub(super) fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.clock.read().seconds()
    }

    /// Lets go what need not be held open while nothing is asked.
    pub(super) fn rest(&mut self) {
        self.mirrors.iter_mut().for_each(|one| one.mirror.rest());
    }

    /// Keeps what these revisions need.
    pub(super) fn retain(&mut self, revisions: BTreeSet<ObjectId>) -> Result<(), Error> {
        self.objects.retain(revisions, &self.meter.cancel())
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
        let done = match work(self) {
            Err(Error::Damaged { id, .. }) if self.objects.remove_damaged()? => {
                tracing::warn!(%id, "a pack was damaged on disk and is removed: its objects are fetched again");
                work(self)
            }
            done => done,
        };
        let now = self.now();
        self.links().keep(false, now);
        done
    }

    /// A mirror's trouble as it is reported; our own trouble ends everything.
    pub(super) fn failure(&self, at: usize, trouble: Trouble) -> Result<MirrorFailure, Error> {
        match trouble {
            Trouble::Ours(error) => Err(error),
            Trouble::Mirror(_) if self.meter.is_cancelled() => Err(Error::Stopped),
            Trouble::Mirror(error) => {
                if error.is_its_fault() {
                    let now = self.now();
                    self.links().failed(at, now);
                }
                let mirror = self.mirrors[at].mirror.name().to_owned();
                tracing::debug!(mirror, %error, "a mirror was of no use");
                Ok(MirrorFailure { mirror, error })
            }
        }
    }

    /// Asks a mirror for something, and notes what that cost.
    pub(super) fn charged<T>(
        &mut self,
        at: usize,
        purpose: Purpose,
        ask: impl FnOnce(&mut dyn Mirror) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let before = self.meter.total();
        let asked = ask(self.mirrors[at].mirror.as_mut());
        self.charge(at, purpose, before);
        asked
    }

    fn charge(&self, at: usize, purpose: Purpose, before: Traffic) {
        let after = self.meter.total();
        let traffic = Traffic { up: after.up - before.up, down: after.down - before.down };
        self.links().spend(at, purpose, traffic, self.now());
    }

    /// Where to stop at the latest, so that the link's budget holds.
    fn within_budget(&self, at: usize, purpose: Purpose, stop: Stop) -> Result<Stop, Trouble> {
        if purpose != Purpose::Content {
            return Ok(stop);
        }
        match self.links().allows(at, self.is_urgent, self.now()) {
            Allowance::All => Ok(stop),
            Allowance::Bytes(most) => Ok(stop.at_most(most)),
            Allowance::NothingUntil(until) => Err(MirrorError::OverBudget { until }.into()),
        }
    }

    /// What a mirror can do that is of use.
    pub(super) fn server(&mut self, at: usize) -> Result<Server, Trouble> {
        match self.charged(at, Purpose::News, |mirror| mirror.server())? {
            Server::Filters if self.mirrors[at].filters_all => Ok(Server::Plain),
            server => Ok(server),
        }
    }

    /// One request to one mirror, and what comes of it on disk. Of an answer that breaks off, what came whole is kept.
    pub(super) fn bring(&mut self, at: usize, request: &Request<'_>) -> Result<Brought, Trouble> {
        let Request { wants, filter, history, stop, is_bulk, place, purpose } = *request;
        let stop = self.within_budget(at, purpose, stop)?;
        self.objects.make_room(&self.meter.cancel())?;
        let mut spool = self.objects.spool(place)?;
        let ask = Ask { wants, filter, history, stop, is_bulk, at_hand: &self.objects };
        let before = self.meter.total();
        let fetched = self.mirrors[at].mirror.fetch(&ask, &mut spool);
        self.charge(at, purpose, before);
        let (answer, cut) = match fetched {
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
        let Absorbed { objects, dropped, over } = absorbed;
        if self.over.len() < MOST_OVER {
            self.over.extend(over);
        }
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
        Self { mirror, pace: Pace::default(), heavy: Heavy::default(), filters_all: false, excess: None }
    }
}
