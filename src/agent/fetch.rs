//! Ask the mirrors, prove what they offer, make it the floor.

use super::build::Agent;
use super::driver::trouble;
use crate::model::{ErrorClass, Floor, Moment};
use crate::reconcile::{Event, Trouble};
use crate::source::Want;
use crate::store::Changes;
use crate::trust::{self, Base, TrustedClock, Verdict};

impl Agent {
    /// The commit down to which a chain must be proven.
    fn base(&self) -> Base {
        match (&self.facts.floor, self.settings.pin) {
            (Some(floor), _) => Base::Floor(floor.revision.commit),
            (None, Some(pin)) => Base::Pin(pin),
            (None, None) => Base::Nothing,
        }
    }

    /// The time by which signatures are judged.
    fn trusted_clock(&self) -> TrustedClock {
        trust::trusted(self.clock.now(), self.facts.clock_floor, self.settings.built)
    }

    pub(super) async fn fetch(&mut self) -> Event {
        self.sink.moment(&Moment::Fetching);
        let want = Want { ref_name: self.settings.ref_name.clone(), base: self.base().commit() };
        self.work.chain = None;
        match self.source.advance(&want).await {
            Ok(chain) => {
                let now = self.clock.now();
                let bytes = chain.traffic.up + chain.traffic.down;
                self.link.count(bytes, now);
                self.link.mirror = Some(chain.mirror.clone());
                self.link.last_contact = Some(now);
                self.sink.moment(&Moment::Fetched { mirror: chain.mirror.clone(), commits: chain.commits.len(), bytes });
                self.work.chain = Some(chain);
                Event::Fetched
            }
            Err(error) => Event::FetchFailed(trouble(&error)),
        }
    }

    pub(super) fn verify(&mut self) -> Event {
        let Some(chain) = self.work.chain.take() else { return Event::Unchanged };
        match trust::judge(&chain, &self.base(), self.verifier.as_ref(), &self.trusted_clock()) {
            Verdict::Unchanged => Event::Unchanged,
            Verdict::Accepted { revision, proofs } => {
                for proof in &proofs {
                    self.sink.moment(&Moment::Checked(proof.commit, proof.verification.clone()));
                }
                let signer = proofs.first().map(|proof| proof.verification.to_string()).unwrap_or_default();
                let proven = revision.get().clone();
                self.work.proven = Some((revision, signer));
                Event::Proven(proven)
            }
            Verdict::Refused(refused) => Event::Refused(Trouble {
                class: ErrorClass::Untrusted,
                reason: refused.reason(),
                message: refused.to_string(),
            }),
        }
    }

    pub(super) async fn accept(&mut self) -> Event {
        let Some((revision, signer)) = &self.work.proven else { return Event::Accepted };
        let (revision, signer) = (revision.get().clone(), signer.clone());
        let clock = self.trusted_clock();
        let mut facts = self.facts.clone();
        let is_beginning = facts.floor.is_none() && self.settings.pin.is_none();
        let began = match (&facts.floor, self.settings.pin) {
            (Some(floor), _) => floor.began,
            (None, Some(pin)) => pin,
            (None, None) => revision.commit,
        };
        facts.floor = Some(Floor { revision: revision.clone(), accepted: clock.now, began, signer: signer.clone() });
        facts.clock_floor = Some(clock.now);
        if let Err(trouble) = self.save(facts, Changes::default()).await {
            return Event::Failed(trouble);
        }
        self.sink.moment(&Moment::Accepted { revision, signer, is_beginning });
        Event::Accepted
    }
}
