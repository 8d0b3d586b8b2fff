//! What the next pass would do, without doing it: the same steps, found out in the same way.

use crate::agent::{AT_ONCE, Agent, Prepared, Subject};
use crate::model::Trouble;
use crate::model::{Action, Desired, Moment, Plan, Stage, Step};
use crate::plan::Place;
use crate::reconcile::Event;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;

/// Fetches, proves and renders what the mirrors offer, without accepting it. Without a link: what was accepted before.
/// What is offered and must not be run is an error.
pub async fn look(agent: &mut Agent) -> Result<Desired, Vec<Trouble>> {
    let mut revision = agent.accepted();
    match agent.fetch().await {
        Event::FetchFailed(trouble) if revision.is_none() => return Err(vec![trouble]),
        Event::FetchFailed(trouble) => agent.tell(&Moment::Unreachable(trouble.message)),
        _ => match agent.verify().await {
            Event::Proven(proven) => revision = Some(proven),
            Event::Refused(trouble) => return Err(vec![trouble]),
            _ => {}
        },
    }
    let Some(revision) = revision else { return Err(vec![nothing()]) };
    let (desired, resolved) = agent.desire(&revision).await.map_err(|trouble| vec![trouble])?;
    agent.take(desired.clone(), resolved);
    Ok(desired)
}

/// The plan of the next pass.
pub async fn plan(agent: &mut Agent) -> Result<Plan, Vec<Trouble>> {
    let desired = look(agent).await?;
    foresee_all(agent, desired).await.map_err(|trouble| vec![trouble])
}

pub(super) fn nothing() -> Trouble {
    Trouble::transient(
        "NothingAccepted",
        "no revision is known here yet: no mirror has offered one that could be accepted",
    )
}

async fn foresee_all(agent: &mut Agent, desired: Desired) -> Result<Plan, Trouble> {
    let refused = agent.see(desired).await?;
    let held: BTreeSet<String> = refused.iter().filter_map(|refusal| refusal.application.clone()).collect();
    let mut plan = Plan { refused, ..Plan::default() };
    for stage in agent.stages() {
        let open = |place: &&Place| {
            agent.subject(**place).is_some_and(|subject| !held.contains(&subject.application.name))
        };
        let places: Vec<Place> = stage.places.iter().filter(open).copied().collect();
        let agent: &Agent = agent;
        let prepare = |place: Place| async move {
            let Some(subject) = agent.subject(place) else { return Ok(None) };
            foresee(agent, subject).await.map(Some)
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
    let pruning = agent.pruning().await?;
    plan.prune = pruning.stages.into_iter().flat_map(|stage| stage.steps).collect();
    plan.refused.extend(pruning.refused);
    Ok(plan)
}

/// What would be done about one object. What is to be made is asked about too, so that a refusal shows beforehand.
async fn foresee(agent: &Agent, subject: Subject<'_>) -> Result<(Step, Prepared), Trouble> {
    let blank = subject.step(Action::After { what: String::new() });
    let prepared = agent.prepare(subject).await?;
    let is_new = matches!(&prepared, Prepared::Step { step, .. } if step.action == Action::Create);
    let answer = if is_new { agent.try_create(subject).await? } else { None };
    let prepared = match answer {
        Some(Prepared::NotYet(why)) => Prepared::NotYet(agent.awaited(subject.object).unwrap_or(why)),
        Some(answer) => answer,
        None => prepared,
    };
    Ok((blank, prepared))
}
