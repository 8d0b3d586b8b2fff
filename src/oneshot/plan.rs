//! What the next pass would do, without doing it: the same steps, found out in the same way.

use crate::agent::Agent;
use crate::apply::{Applier, Prepared, Subject};
use crate::cluster::AT_ONCE;
use crate::model::{Action, Desired, ObjectKey, Plan, Revision, Stage, Step, Trouble};
use crate::plan::{self, Decision, Held, Place};
use crate::reconcile::Event;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Fetches, proves and renders what the mirrors offer, without accepting it. Without a link: what was accepted before.
/// What is offered and must not be run is an error.
pub async fn look(agent: &mut Agent) -> Result<Desired, Vec<Trouble>> {
    let mut revision = agent.accepted();
    match agent.fetch().await {
        Event::FetchFailed(trouble) if revision.is_none() => return Err(vec![trouble]),
        Event::FetchFailed(_) => {}
        _ => match agent.verify().await {
            Event::Proven(proven) => revision = Some(proven),
            Event::Refused(trouble) => return Err(vec![trouble]),
            _ => {}
        },
    }
    let Some(revision) = revision else { return Err(vec![nothing()]) };
    let read = agent.reader().desire(&revision, false).await;
    let (desired, resolved) = read.map_err(|trouble| vec![trouble])?;
    agent.take(&desired, resolved);
    Ok(desired)
}

/// The plan of the next pass.
pub async fn plan(agent: &mut Agent) -> Result<Plan, Vec<Trouble>> {
    let desired = look(agent).await?;
    foresee_all(agent, desired).await.map_err(|trouble| vec![trouble])
}

/// What the cluster would have to change to be as a revision says: the accepted one, or one that is pinned. From disk alone.
pub async fn diff(agent: &mut Agent, wanted: Option<&str>) -> Result<(Revision, Plan), Trouble> {
    let accepted = agent.accepted();
    let revision = match wanted {
        None => accepted.ok_or_else(nothing)?,
        Some(wanted) => agent.pinned(wanted).map_err(|message| Trouble::terminal("NotPinned", message))?,
    };
    let (desired, resolved) = agent.reader().desire(&revision, true).await?;
    agent.take(&desired, resolved);
    Ok((revision, foresee_all(agent, desired).await?))
}

pub(super) fn nothing() -> Trouble {
    Trouble::transient(
        "NothingAccepted",
        "no revision is known here yet: no mirror has offered one that could be accepted",
    )
}

async fn foresee_all(agent: &mut Agent, desired: Desired) -> Result<Plan, Trouble> {
    agent.know_what_is_ours().await?;
    let applier = &mut agent.applier;
    let refused = applier.see(desired).await?;
    let mut held = Held::default();
    refused.iter().for_each(|refusal| held.refuse(refusal));
    let mut plan = Plan { refused, ..Plan::default() };
    let foreseen = foresee_stages(applier, &mut held, &mut plan).await?;
    for (stage, foreseen) in applier.stages().iter().zip(foreseen) {
        applier.stop_dependants(&mut held);
        let steps = note(foreseen, &mut plan, &mut held);
        plan.stages.push(Stage { name: stage.id.name(), steps });
    }
    applier.stop_dependants(&mut held);
    let pruning = applier.pruning().await?;
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

/// Everything asked about beforehand, stage by stage: what is refused stops its application before anything of it is written.
async fn foresee_stages(
    applier: &Applier,
    held: &mut Held,
    plan: &mut Plan,
) -> Result<Vec<Vec<Foreseen>>, Trouble> {
    let mut all: Vec<Vec<Foreseen>> = Vec::new();
    for stage in applier.stages() {
        let foresee = |place: Place| async move {
            let Some(subject) = applier.subject(place) else { return Ok(None) };
            foresee(applier, subject).await.map(Some)
        };
        let places: Vec<Place> = stage.places.clone();
        let found: Vec<_> = stream::iter(places).map(foresee).buffered(AT_ONCE).try_collect().await?;
        all.push(found.into_iter().flatten().collect());
    }
    let made: Vec<ObjectKey> =
        all.iter().flatten().filter(|one| one.is_made()).map(|one| one.blank.key.clone()).collect();
    for one in all.iter_mut().flatten() {
        let refusal = match (&one.prepared, &one.answer) {
            (Prepared::Refused(refusal), _) | (_, Some(Prepared::Refused(refusal))) => refusal.clone(),
            _ => continue,
        };
        match plan::missing_name(made.iter(), &refusal) {
            Some(key) if one.is_made() => {
                one.answer = Some(Prepared::NotYet(format!("the {} {}", key.kind, key.name)));
            }
            _ => {
                held.refuse(&refusal);
                plan.refused.push(refusal);
            }
        }
    }
    Ok(all)
}

/// What is to be made is asked about too, so that a refusal shows beforehand.
async fn foresee(applier: &Applier, subject: Subject<'_>) -> Result<Foreseen, Trouble> {
    let blank = subject.step(Action::After { what: String::new() });
    if let (Decision::Judge, Some(what)) =
        (&subject.item.decision, applier.changing_definition(subject.object))
    {
        let prepared = Prepared::Step {
            step: Step { action: Action::After { what }, ..blank.clone() },
            force: false,
            uid: String::new(),
        };
        return Ok(Foreseen { blank, prepared, answer: None });
    }
    let mut foreseen = Foreseen { blank, prepared: applier.prepare(subject).await?, answer: None };
    if foreseen.is_made() {
        foreseen.answer = applier.try_create(subject).await?;
    }
    Ok(foreseen)
}

impl Foreseen {
    fn is_made(&self) -> bool {
        matches!(&self.prepared, Prepared::Step { step, .. } if step.action == Action::Create)
    }
}

/// Notes one stage as the pass would go through it, without the applications that are stopped by then.
fn note(foreseen: Vec<Foreseen>, plan: &mut Plan, held: &mut Held) -> Vec<Step> {
    let mut steps = Vec::new();
    let (open, stopped): (Vec<_>, Vec<_>) =
        foreseen.into_iter().partition(|one| !held.holds(&one.blank.application));
    plan.unchanged += stopped.iter().filter(|one| matches!(one.prepared, Prepared::Unchanged(_))).count();
    for Foreseen { blank, prepared, answer } in open {
        match (prepared, answer) {
            (Prepared::Unchanged(_), _) => plan.unchanged += 1,
            (Prepared::Step { step, .. }, Some(Prepared::NotYet(what))) => {
                steps.push(Step { action: Action::After { what }, ..step });
            }
            (Prepared::Step { step, .. }, _) => steps.push(step),
            (Prepared::NotYet(what), _) => {
                held.stop(&blank.application, Trouble::transient("NoPlace", what.clone()));
                steps.push(Step { action: Action::After { what }, ..blank });
            }
            (Prepared::Terminating, _) => {
                let what = "its deletion, which is under way".to_owned();
                held.stop(&blank.application, Trouble::transient("ObjectTerminating", what.clone()));
                steps.push(Step { action: Action::After { what }, ..blank });
            }
            (Prepared::Refused(_), _) => {}
        }
    }
    steps
}
