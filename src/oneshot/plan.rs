//! What the next pass would do, without doing it: the same steps, found out in the same way.

use crate::agent::{AT_ONCE, Agent, CREATE, Prepared, Subject, with_answer};
use crate::cluster::{Applied, ApplyMode};
use crate::model::{Action, Desired, Moment, Plan, Refusal, Stage, Step, Trouble};
use crate::plan::{self, Answer, Held, Place};
use crate::reconcile::Event;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Fetches, proves and renders what the mirrors offer, without accepting it. Without a link: what was accepted before.
/// What is offered and must not be run is an error.
pub async fn look(agent: &mut Agent) -> Result<Desired, Vec<Trouble>> {
    let mut revision = agent.accepted();
    match agent.fetch().await {
        Event::FetchFailed(trouble) if revision.is_none() => return Err(vec![trouble]),
        Event::FetchFailed(trouble) => agent.tell(&Moment::Unreachable(trouble)),
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
    let mut held = Held::default();
    refused.iter().for_each(|refusal| held.refuse(refusal));
    let mut plan = Plan { refused, ..Plan::default() };
    for stage in agent.stages() {
        agent.stop_dependants(&mut held);
        let open = |place: &&Place| {
            agent.subject(**place).is_some_and(|subject| !held.holds(&subject.application.name))
        };
        let places: Vec<Place> = stage.places.iter().filter(open).copied().collect();
        let agent: &Agent = agent;
        let prepare = |place: Place| async move {
            let Some(subject) = agent.subject(place) else { return Ok(None) };
            foresee(agent, subject).await.map(Some)
        };
        let prepared: Vec<_> = stream::iter(places).map(prepare).buffered(AT_ONCE).try_collect().await?;
        let steps = note(prepared.into_iter().flatten().collect(), &mut plan, &mut held);
        plan.stages.push(Stage { name: stage.id.name(), steps });
    }
    agent.stop_dependants(&mut held);
    let pruning = agent.pruning().await?;
    // Deletions wait until every application is steady.
    if held.is_empty() {
        plan.prune = pruning.stages.into_iter().flat_map(|stage| stage.steps).collect();
        plan.refused.extend(pruning.refused);
    }
    Ok(plan)
}

/// What would be done about one object.
struct Foreseen {
    /// The step, as far as it is known without the server.
    blank: Step,
    prepared: Prepared,
    /// What the server would say only when the object is made, and others beside it are too.
    answer: Option<Prepared>,
}

/// What is to be made is asked about too, so that a refusal shows beforehand.
async fn foresee(agent: &Agent, subject: Subject<'_>) -> Result<Foreseen, Trouble> {
    let blank = subject.step(Action::After { what: String::new() });
    let prepared = agent.prepare(subject).await?;
    let is_new = matches!(&prepared, Prepared::Step { step, .. } if step.action == Action::Create);
    let answer = if is_new { try_create(agent, subject).await? } else { None };
    Ok(Foreseen { blank, prepared, answer })
}

/// Whether the server would take an object that is to be made, so that a refusal shows beforehand.
async fn try_create(agent: &Agent, subject: Subject<'_>) -> Result<Option<Prepared>, Trouble> {
    let mode = ApplyMode { dry_run: true, ..CREATE };
    let applied = agent.cluster.apply(subject.object, mode).await?;
    let refused = |answer: &Answer<'_>| {
        plan::refused(&subject.application.name, subject.object, answer).map(Prepared::Refused)
    };
    Ok(match (&applied, agent.awaited(subject.object)) {
        (Applied::NoPlace(_), Some(what)) => Some(Prepared::NotYet(what)),
        (applied, _) => with_answer(applied, refused).flatten(),
    })
}

/// Notes one stage as the pass would go through it: what stops an application stops all of it in this stage if it shows before
/// anything is written, else in the stages to come.
fn note(foreseen: Vec<Foreseen>, plan: &mut Plan, held: &mut Held) -> Vec<Step> {
    let (mut open, mut steps) = (Vec::new(), Vec::new());
    for Foreseen { blank, prepared, answer } in foreseen {
        match prepared {
            Prepared::Unchanged(_) => plan.unchanged += 1,
            Prepared::Step { step, .. } => open.push((step, answer)),
            Prepared::NotYet(what) => {
                held.stop(&blank.application, Trouble::transient("NoPlace", what.clone()));
                steps.push(Step { action: Action::After { what }, ..blank });
            }
            Prepared::Terminating => {
                let what = "its deletion, which is under way".to_owned();
                held.stop(&blank.application, Trouble::transient("ObjectTerminating", what.clone()));
                steps.push(Step { action: Action::After { what }, ..blank });
            }
            Prepared::Refused(refusal) => {
                held.refuse(&refusal);
                plan.refused.push(refusal);
            }
        }
    }
    open.retain(|(step, _)| !held.holds(&step.application));
    for (step, answer) in open {
        match answer {
            Some(Prepared::NotYet(what)) => steps.push(Step { action: Action::After { what }, ..step }),
            Some(Prepared::Refused(refusal)) => {
                if let Some(what) = made_before(plan, &refusal) {
                    steps.push(Step { action: Action::After { what }, ..step });
                } else {
                    held.refuse(&refusal);
                    plan.refused.push(refusal);
                }
            }
            _ => steps.push(step),
        }
    }
    steps
}

/// The object that an earlier stage makes and whose name the server misses: a Pod's ServiceAccount or PriorityClass.
fn made_before(plan: &Plan, refusal: &Refusal) -> Option<String> {
    let is_named = |name: &str| {
        let mut words = refusal.message.split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
        words.any(|word| word.trim_end_matches('.') == name)
    };
    let made = plan.stages.iter().flat_map(|stage| &stage.steps).filter(|step| step.action == Action::Create);
    let mut others = made.filter(|step| Some(&step.key) != refusal.key.as_ref());
    others
        .find(|step| is_named(&step.key.name))
        .map(|step| format!("the {} {}", step.key.kind, step.key.name))
}
