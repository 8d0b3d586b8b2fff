//! Ask the mirrors, prove what they offer, make it the floor.

use super::build::Agent;
use crate::model::{CommitChain, CommitId, Floor, Moment, Revision, Trouble};
use crate::reconcile::{Event, Stay};
use crate::source::{self, Want};
use crate::store::Changes;
use crate::trust::{self, Accepted, Base, TrustedClock, Verdict, Witness};
use std::sync::Arc;

/// How far below the floor a tip is looked for on disk, to tell a mirror that lags from a history that was rewritten.
const LAG: usize = 500;

/// What the mirrors said: nothing, if it was nobody's time.
pub(super) type Offer = Result<Option<CommitChain>, Trouble>;

/// What was proven and is not accepted yet.
#[derive(Debug)]
pub(super) enum Proven {
    /// A chain of signatures.
    Chain(Box<Accepted>),
    /// The pin itself, which the site's own configuration vouches for.
    Pin(Revision),
}

impl Agent {
    /// What the mirror that was just asked offers, unproven.
    pub(crate) fn take_chain(&mut self) -> Option<CommitChain> {
        self.work.chain.take()
    }

    /// The revision that was accepted last.
    pub(crate) fn accepted(&self) -> Option<Revision> {
        self.facts.floor.as_ref().map(|floor| floor.revision.clone())
    }

    /// The time by which signatures are judged.
    pub(crate) fn trusted_clock(&self) -> TrustedClock {
        let clock = trust::trusted(self.clock.now(), self.facts.clock_floor, self.settings.built);
        self.applier.cluster.date().map_or(clock, |date| clock.lift(Witness::ApiServer(date)))
    }

    /// From where what the mirrors offer must be proven.
    pub(crate) fn base(&self) -> Base {
        Base::of(self.facts.floor.as_ref(), self.settings.pin)
    }

    /// Asks the mirrors, beside whatever else is done. `None` if it is nobody's time.
    pub(super) fn ask(&self) -> impl Future<Output = Offer> + Send + 'static {
        let want = Want {
            ref_name: self.settings.ref_name.clone(),
            base: self.base().commit(),
            refused: self.work.refused.clone(),
            is_ordered: self.work.is_ordered || self.settings.rules.stay != Stay::Forever,
        };
        let source = Arc::clone(&self.source);
        async move { source::ask(source.as_ref(), &want).await }
    }

    /// Begins to ask anew: what was refused before may be mended.
    pub(super) fn begin(&mut self) {
        self.tell(&Moment::Fetching);
        (self.work.chain, self.work.refusal) = (None, None);
        self.work.refused.clear();
    }

    /// Asks the mirrors and waits for what they say.
    pub(crate) async fn fetch(&mut self) -> Event {
        self.begin();
        let offer = self.ask().await;
        self.take_offer(offer)
    }

    /// Takes note of what mirrors said.
    pub(super) fn take_offer(&mut self, offer: Offer) -> Event {
        self.work.is_ordered = false;
        match offer {
            Ok(None) => Event::Fetched(0),
            Ok(Some(chain)) => self.take_note(chain),
            Err(trouble) => {
                self.tell(&Moment::Unreachable(trouble.clone()));
                Event::FetchFailed(trouble)
            }
        }
    }

    fn take_note(&mut self, chain: CommitChain) -> Event {
        self.link.mirror = Some(chain.mirror.clone());
        self.link.last_contact = Some(self.clock.now());
        let (mirror, commits) = (chain.mirror.clone(), chain.commits.len());
        self.tell(&Moment::Fetched { mirror, commits, bytes: chain.traffic.total() });
        self.work.chain = Some(chain);
        Event::Fetched(commits)
    }

    /// Takes note of what another mirror said, after what the first one offered was refused.
    pub(super) fn take_another(&mut self, offer: Offer) {
        if let Ok(Some(chain)) = offer {
            self.take_note(chain);
        }
    }

    /// Proves what was fetched, from one mirror after the other.
    pub(crate) async fn verify(&mut self) -> Event {
        loop {
            if let Some(event) = self.prove().await {
                return event;
            }
            let offer = self.ask().await;
            self.take_another(offer);
        }
    }

    /// Proves what was fetched. `None` if it is refused, and another mirror is to be asked before that is said.
    pub(super) async fn prove(&mut self) -> Option<Event> {
        let Some(chain) = self.work.chain.take() else {
            return Some(self.work.refusal.take().map_or(Event::Unchanged, Event::Refused));
        };
        let (base, clock) = (self.base(), self.trusted_clock());
        Some(match trust::judge(&chain, base, self.verifier.as_ref(), &clock) {
            Verdict::Unchanged if matches!(base, Base::Pin(_)) => {
                self.work.proven = Some(Proven::Pin(chain.revision.clone()));
                Event::Proven(chain.revision)
            }
            Verdict::Unchanged => {
                self.watch(&chain, &clock);
                Event::Unchanged
            }
            Verdict::Accepted(accepted) => {
                self.watch(&chain, &clock);
                for checked in accepted.checks() {
                    self.tell(&Moment::Checked(checked.commit, checked.verification.clone()));
                }
                let revision = accepted.revision.get().clone();
                self.work.proven = Some(Proven::Chain(Box::new(accepted)));
                Event::Proven(revision)
            }
            Verdict::Refused(refusal) => {
                let refusal = refusal.knowing(&chain.revision, &self.line().await);
                self.work.refusal.get_or_insert(refusal.trouble(&chain));
                self.work.refused.insert(chain.revision.commit);
                return None;
            }
        })
    }

    /// Looks at what other mirrors offer beside the line that is followed, or offered before it, and says once what is wrong about it.
    fn watch(&mut self, chain: &CommitChain, clock: &TrustedClock) {
        let alarm = trust::alarm(self.work.refusal.take(), chain, self.verifier.as_ref(), clock);
        if let Some(trouble) = alarm.as_ref().filter(|alarm| self.link.alarm.as_ref() != Some(*alarm)) {
            self.tell(&Moment::Refused(trouble.clone()));
        }
        self.link.alarm = alarm;
    }

    /// The floor and its ancestors by first parents, as far as they are on disk.
    pub(super) async fn line(&self) -> Vec<CommitId> {
        match &self.facts.floor {
            Some(floor) => source::line(self.source.as_ref(), floor.revision.commit, LAG).await,
            None => Vec::new(),
        }
    }

    pub(super) async fn accept(&mut self) -> Event {
        let mut clock = self.trusted_clock();
        let mut facts = self.facts.clone();
        let before = facts.floor.as_ref();
        let floor: Floor = match &self.work.proven {
            None => return Event::Accepted,
            Some(Proven::Pin(revision)) => trust::pinned(revision, &clock),
            Some(Proven::Chain(accepted)) => {
                clock = clock.lift(Witness::Commit(accepted.tip.committed));
                accepted.floor(before, &clock)
            }
        };
        let is_beginning = before.is_none() && self.settings.pin.is_none();
        facts.floor = Some(floor.clone());
        facts.clock_floor = Some(clock.now());
        if let Err(trouble) = self.save(facts, Changes::default()).await {
            return Event::AcceptFailed(trouble);
        }
        self.clock.raise(clock.now());
        self.tell(&Moment::Accepted { revision: floor.revision, signer: floor.signer, is_beginning });
        Event::Accepted
    }
}
