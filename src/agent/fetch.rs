//! Ask the mirrors, prove what they offer, make it the floor.

use super::build::Agent;
use crate::model::{Classify, CommitChain, CommitId, Floor, Moment, Revision, Trouble};
use crate::reconcile::Event;
use crate::source::Want;
use crate::store::Changes;
use crate::trust::{self, Accepted, Base, TrustedClock, Verdict, Witness};
use std::sync::Arc;

/// How far below the floor a tip is looked for on disk, to tell a mirror that lags from a history that was rewritten.
const LAG: usize = 500;

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

    /// Asks the mirrors, beside whatever else is done.
    pub(super) fn ask(&self) -> impl Future<Output = Result<CommitChain, Trouble>> + Send + 'static {
        let want = Want { ref_name: self.settings.ref_name.clone(), base: self.base().commit() };
        let source = Arc::clone(&self.source);
        async move { source.advance(&want).await.map_err(Trouble::from) }
    }

    /// Asks the mirrors and waits for what they say.
    pub(crate) async fn fetch(&mut self) -> Event {
        self.tell(&Moment::Fetching);
        let offer = self.ask().await;
        self.take_offer(offer)
    }

    /// Takes note of what mirrors said.
    pub(super) fn take_offer(&mut self, offer: Result<CommitChain, Trouble>) -> Event {
        self.work.chain = None;
        let chain = match offer {
            Ok(chain) => chain,
            Err(trouble) => {
                self.tell(&Moment::Unreachable(trouble.clone()));
                return Event::FetchFailed(trouble);
            }
        };
        let now = self.clock.now();
        let (bytes, commits) = (chain.traffic.up + chain.traffic.down, chain.commits.len());
        self.link.count(bytes, now);
        self.link.mirror = Some(chain.mirror.clone());
        self.link.last_contact = Some(now);
        self.tell(&Moment::Fetched { mirror: chain.mirror.clone(), commits, bytes });
        self.work.chain = Some(chain);
        Event::Fetched(commits)
    }

    pub(crate) async fn verify(&mut self) -> Event {
        let Some(chain) = self.work.chain.take() else { return Event::Unchanged };
        let base = self.base();
        match trust::judge(&chain, base, self.verifier.as_ref(), &self.trusted_clock()) {
            Verdict::Unchanged if matches!(base, Base::Pin(_)) => {
                self.work.proven = Some(Proven::Pin(chain.revision.clone()));
                Event::Proven(chain.revision)
            }
            Verdict::Unchanged => Event::Unchanged,
            Verdict::Accepted(accepted) => {
                for checked in accepted.checks() {
                    self.tell(&Moment::Checked(checked.commit, checked.verification.clone()));
                }
                let revision = accepted.revision.get().clone();
                self.work.proven = Some(Proven::Chain(Box::new(accepted)));
                Event::Proven(revision)
            }
            Verdict::Refused(refusal) => {
                let refusal = refusal.knowing(&chain.revision, &self.below_the_floor().await);
                let message = format!(
                    "{} offers {}: {refusal}; {}",
                    chain.mirror,
                    chain.revision,
                    refusal.reason.hint()
                );
                Event::Refused(Trouble {
                    class: refusal.class(),
                    reason: Classify::reason(&refusal),
                    message,
                })
            }
        }
    }

    /// The floor's ancestors by first parents, as far as they are on disk.
    async fn below_the_floor(&self) -> Vec<CommitId> {
        let mut below = Vec::new();
        let mut at = self.facts.floor.as_ref().map(|floor| floor.revision.commit);
        while let Some(commit) = at.filter(|_| below.len() < LAG) {
            // A commit that is not on disk ends the line; that it cannot be read is for the next effect to find out.
            let Ok(Some(raw)) = self.source.recall(&commit).await else { break };
            at = trust::first_parent(&raw).ok().flatten();
            below.extend(at);
        }
        below
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
