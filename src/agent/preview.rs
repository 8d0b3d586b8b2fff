//! What the next pass would do, without doing it: the same steps, found out in the same way.

use super::build::Agent;
use super::observe::AT_ONCE;
use super::stage::{Prepared, Subject};
use crate::model::{Action, CommitId, Desired, ErrorClass, Plan, Revision, Stage, Step};
use crate::plan::{self, Place};
use crate::reconcile::{Event, Trouble};
use crate::trust::{self, Base, Checked, CommitError, Verdict};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;

/// What the mirrors offer, with every commit's check.
#[derive(Debug)]
pub struct Examined {
    /// The mirror that answered.
    pub mirror: String,
    /// What it offers.
    pub revision: Revision,
    /// Where the proof has to start.
    pub base: Base,
    /// Every commit, newest first.
    pub checks: Vec<(CommitId, Result<Checked, CommitError>)>,
    /// The decision.
    pub verdict: Verdict,
}

impl Agent {
    /// Asks the mirrors and judges what they offer; nothing is accepted.
    pub async fn examine(&mut self) -> Result<Examined, Trouble> {
        if let Event::FetchFailed(trouble) = self.fetch().await {
            return Err(trouble);
        }
        let Some(chain) = self.work.chain.take() else { return Err(Self::nothing()) };
        let (base, clock) = (self.base(), self.trusted_clock());
        let checks = trust::explain(&chain, self.verifier.as_ref(), &clock);
        let verdict = trust::judge(&chain, base, self.verifier.as_ref(), &clock);
        Ok(Examined { mirror: chain.mirror, revision: chain.revision, base, checks, verdict })
    }

    fn nothing() -> Trouble {
        Trouble {
            class: ErrorClass::Transient,
            reason: "NothingAccepted",
            message: "no revision is known here yet: no mirror has offered one that could be accepted".to_owned(),
        }
    }

    /// Fetches, proves and renders what the mirrors offer, without accepting it. Without a link: what was accepted before.
    /// What is offered and must not be run is an error.
    pub async fn look(&mut self) -> Result<Desired, Vec<Trouble>> {
        let mut revision = self.facts.floor.as_ref().map(|floor| floor.revision.clone());
        match self.fetch().await {
            Event::FetchFailed(trouble) if revision.is_none() => return Err(vec![trouble]),
            Event::FetchFailed(trouble) => self.sink.moment(&crate::model::Moment::Unreachable(trouble.message)),
            _ => match self.verify().await {
                Event::Proven(proven) => revision = Some(proven),
                Event::Refused(trouble) => return Err(vec![trouble]),
                _ => {}
            },
        }
        let Some(revision) = revision else { return Err(vec![Self::nothing()]) };
        let (desired, resolved) = self.desire(&revision).await.map_err(|trouble| vec![trouble])?;
        self.take(desired.clone(), resolved);
        Ok(desired)
    }

    /// The plan of the next pass.
    pub async fn preview(&mut self) -> Result<Plan, Vec<Trouble>> {
        let desired = self.look().await?;
        self.plan(desired).await.map_err(|trouble| vec![trouble])
    }

    async fn plan(&mut self, desired: Desired) -> Result<Plan, Trouble> {
        let seen = self.observe(desired).await?;
        let mut plan = Plan { refused: seen.refused.clone(), ..Plan::default() };
        let held: BTreeSet<String> = seen.refused.iter().filter_map(|refusal| refusal.application.clone()).collect();
        self.work.seen = Some(seen);
        for stage in self.stages() {
            let open = |place: &&Place| self.subject(**place).is_some_and(|subject| !held.contains(&subject.application.name));
            let places: Vec<Place> = stage.places.iter().filter(open).copied().collect();
            let agent: &Self = self;
            let prepare = |place: Place| async move {
                let Some(subject) = agent.subject(place) else { return Ok(None) };
                agent.foresee(subject).await.map(Some)
            };
            let prepared: Vec<_> = stream::iter(places).map(prepare).buffered(AT_ONCE).try_collect().await?;
            let mut steps = Vec::new();
            for (step, prepared) in prepared.into_iter().flatten() {
                match prepared {
                    Prepared::Unchanged(_) => plan.unchanged += 1,
                    Prepared::Step { step, .. } => steps.push(step),
                    Prepared::NotYet(what) => steps.push(Step { action: Action::After { what }, ..step }),
                    Prepared::Terminating => {
                        let what = "its deletion, which is under way".to_owned();
                        steps.push(Step { action: Action::After { what }, ..step });
                    }
                    Prepared::Refused(refusal) => plan.refused.push(refusal),
                }
            }
            plan.stages.push(Stage { name: stage.id.name(), steps });
        }
        let pruning = self.pruning().await?;
        plan.prune = pruning.stages.into_iter().flat_map(|stage| stage.steps).collect();
        plan.refused.extend(pruning.refused);
        Ok(plan)
    }

    /// What would be done about one object. What is to be made is asked about too, so that a refusal shows beforehand.
    async fn foresee(&self, subject: Subject<'_>) -> Result<(Step, Prepared), Trouble> {
        let blank = subject.step(Action::After { what: String::new() });
        let prepared = self.prepare(subject).await?;
        let is_new = matches!(&prepared, Prepared::Step { step, .. } if step.action == Action::Create);
        let answer = if is_new { self.try_create(subject).await? } else { None };
        let awaited = || self.work.seen.as_ref().and_then(|seen| plan::awaits(&seen.desired, subject.object));
        let prepared = match answer {
            Some(Prepared::NotYet(why)) => match awaited() {
                Some(what) => Prepared::NotYet(what),
                None => Prepared::NotYet(why),
            },
            Some(answer) => answer,
            None => prepared,
        };
        Ok((blank, prepared))
    }
}
