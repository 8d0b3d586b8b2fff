//! One object: what exactly is to be done about it, found out with the server's help, and doing it.

use super::Applier;
use crate::cluster::{self, Applied, ApplyMode};
use crate::model::{
    Action, Application, Baseline, Gvk, InventoryEntry, Live, Object, ObjectKey, Outcome, Refusal, Step,
    Trouble,
};
use crate::plan::{self, Answer, Case, Decision, Item, Verdict};
use std::time::Duration;

/// How often an object is read anew that changes while it is judged.
const ATTEMPTS: usize = 5;
/// How long an object that is to be made anew may take to go, and a kind that was just defined to be served.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at either.
const LOOK: Duration = Duration::from_millis(200);

/// What is to be done about one object.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// Nothing; its baseline, where that is news.
    Unchanged(Option<Baseline>),
    /// This.
    Step {
        /// The step.
        step: Step,
        /// Whether fields that others took are taken back.
        force: bool,
        /// The uid of what stands there now.
        uid: String,
    },
    /// The server cannot tell before something else is there; its words.
    NotYet(String),
    /// It is being deleted, and can be made when it is gone.
    Terminating,
    /// It will not be done.
    Refused(Refusal),
}

/// What came of writing one object.
#[derive(Debug)]
pub(crate) enum Written {
    /// It is so now.
    Done(Outcome, Option<Baseline>),
    /// It was refused.
    Refused(Refusal),
}

/// One object with all that is needed to judge and write it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) application: &'a Application,
    pub(crate) object: &'a Object,
    pub(crate) item: &'a Item,
}

/// To make an object, and not to take one that is there.
pub(crate) const CREATE: ApplyMode = ApplyMode { dry_run: false, force: false, create_only: true };
const ASK: ApplyMode = ApplyMode { dry_run: true, force: false, create_only: false };

impl Applier {
    /// Finds out what is to be done about one object. Reads and dry-runs only.
    pub(crate) async fn prepare(&self, subject: Subject<'_>) -> Result<Prepared, Trouble> {
        let step = |action, force| Prepared::Step { step: subject.step(action), force, uid: String::new() };
        match &subject.item.decision {
            Decision::Unchanged => Ok(Prepared::Unchanged(None)),
            Decision::Refuse(refusal) => Ok(Prepared::Refused(refusal.clone())),
            Decision::Wait => Ok(Prepared::Terminating),
            Decision::Create => Ok(step(Action::Create, false)),
            Decision::Heal { changes, .. } => Ok(step(Action::Heal { changes: changes.clone() }, true)),
            Decision::Judge => self.ask_server(subject).await,
        }
    }

    /// Asks the server by dry-runs, at first without force, so that conflicts are named before anything is written.
    async fn ask_server(&self, subject: Subject<'_>) -> Result<Prepared, Trouble> {
        let Subject { application, object, item } = subject;
        let entry = self.eyes.lock().entry(&item.key).cloned();
        let mut is_forced = false;
        for _ in 0..ATTEMPTS {
            let live = self.get(object.gvk(), &item.key).await?;
            let Some(live) = live else {
                return Ok(Prepared::Step {
                    step: subject.step(Action::Create),
                    force: false,
                    uid: String::new(),
                });
            };
            let mode = ApplyMode { force: is_forced, ..ASK };
            let applied = self.cluster.apply(object, mode).await?;
            let case = Case {
                desired: object,
                digest: item.digest,
                live: &live,
                entry: entry.as_ref(),
                application,
                is_forced,
            };
            let step = |action, force| Prepared::Step {
                step: subject.step(action),
                force,
                uid: live.uid().to_owned(),
            };
            match with_answer(&applied, |answer| plan::judge(&case, answer)) {
                None | Some(Verdict::Stale) => {}
                Some(Verdict::AskWithForce) => is_forced = true,
                Some(Verdict::Unchanged(baseline)) => return Ok(Prepared::Unchanged(Some(baseline))),
                Some(Verdict::Configure { changes, force }) => {
                    return Ok(step(Action::Configure { changes }, force));
                }
                Some(Verdict::Recreate { why }) => return Ok(step(Action::Recreate { why }, false)),
                Some(Verdict::NotYet(why)) => return Ok(Prepared::NotYet(why)),
                Some(Verdict::Refuse(refusal)) => return Ok(Prepared::Refused(refusal)),
            }
        }
        Err(Trouble::transient(
            "ObjectBusy",
            format!("{} changed every time while it was judged; somebody writes it all the time", item.key),
        ))
    }

    /// What the server would say of an object that is to be made: that it waits for something, or is refused. `None` if it would take it.
    pub(crate) async fn try_create(&self, subject: Subject<'_>) -> Result<Option<Prepared>, Trouble> {
        let mode = ApplyMode { dry_run: true, ..CREATE };
        let applied = self.cluster.apply(subject.object, mode).await?;
        let refused = |answer: &Answer<'_>| {
            plan::refused(&subject.application.name, subject.object, answer).map(Prepared::Refused)
        };
        Ok(match (&applied, self.awaited(subject.object)) {
            (Applied::NoPlace(_), Some(what)) => Some(Prepared::NotYet(what)),
            (applied, _) => with_answer(applied, refused).flatten(),
        })
    }

    /// Carries out one step.
    pub(crate) async fn write(
        &self,
        subject: Subject<'_>,
        step: &Step,
        force: bool,
        uid: &str,
    ) -> Result<Written, Trouble> {
        let done = match &step.action {
            Action::Create => return self.create(subject, Outcome::Created).await,
            Action::Recreate { .. } => {
                self.delete_and_wait(step, uid).await?;
                return self.create(subject, Outcome::Recreated).await;
            }
            Action::Heal { .. } => Outcome::Healed,
            Action::Configure { .. } | Action::After { .. } | Action::Delete { .. } => Outcome::Configured,
        };
        let mode = ApplyMode { dry_run: false, force, create_only: false };
        let applied = self.cluster.apply(subject.object, mode).await?;
        Ok(self.written(subject, &applied, done))
    }

    /// What came of an apply; what is seen of the object from now on.
    fn written(&self, subject: Subject<'_>, applied: &Applied, done: Outcome) -> Written {
        if let Applied::Live(live) = applied {
            self.eyes.lock().note(&subject.application.name, live);
        }
        subject.written(applied, done)
    }

    /// Makes an object. What it needs may have been defined a moment ago and not be served yet: that is waited for.
    async fn create(&self, subject: Subject<'_>, done: Outcome) -> Result<Written, Trouble> {
        let mut waited = Duration::ZERO;
        loop {
            let applied = self.cluster.apply(subject.object, CREATE).await?;
            match applied {
                Applied::NoPlace(_) if waited < PATIENCE && self.awaited(subject.object).is_some() => {}
                Applied::Exists => {
                    let message = format!(
                        "{} appeared while it was to be made; it is looked at again",
                        subject.item.key
                    );
                    return Err(Trouble::transient("ObjectBusy", message));
                }
                applied => return Ok(self.written(subject, &applied, done)),
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
    }

    /// What an object waits for that the desired set itself makes: `the CRD widgets.example.com`.
    pub(crate) fn awaited(&self, object: &Object) -> Option<String> {
        self.seen.as_ref().and_then(|seen| plan::awaits(&seen.observed.desired, object))
    }

    /// The definition of an object's kind, if it is to change along with it: until then the server cannot judge the object.
    pub(crate) fn changing_definition(&self, object: &Object) -> Option<String> {
        let observed = &self.seen.as_ref()?.observed;
        let place = plan::definition_of(&observed.desired, object)?;
        let item = observed.items.get(&place).filter(|item| item.decision != Decision::Unchanged)?;
        Some(format!("the CRD {}", item.key.name))
    }

    async fn delete_and_wait(&self, step: &Step, uid: &str) -> Result<(), Trouble> {
        let step = Step { action: Action::Delete { uid: uid.to_owned() }, ..step.clone() };
        let (_, still) =
            cluster::delete(self.cluster.as_ref(), std::slice::from_ref(&step), PATIENCE).await?;
        if still.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} is to be made anew, and its deletion takes longer than {} s",
            step.key,
            PATIENCE.as_secs()
        );
        Err(Trouble::transient("ObjectTerminating", message))
    }

    pub(crate) async fn get(&self, gvk: &Gvk, key: &ObjectKey) -> Result<Option<Live>, Trouble> {
        self.cluster.get(gvk, key).await.map_err(Trouble::from)
    }
}

impl Subject<'_> {
    /// The inventory's entry after an apply that left this baseline.
    pub(super) fn entry(&self, baseline: Baseline) -> InventoryEntry {
        InventoryEntry {
            application: self.application.name.clone(),
            version: self.object.gvk().version.clone(),
            baseline: Some(baseline),
        }
    }

    pub(crate) fn step(&self, action: Action) -> Step {
        Step {
            key: self.item.key.clone(),
            gvk: self.object.gvk().clone(),
            application: self.application.name.clone(),
            action,
        }
    }

    fn written(&self, applied: &Applied, done: Outcome) -> Written {
        if let Applied::Live(live) = applied {
            return Written::Done(done, plan::take(live, self.object, self.item.digest));
        }
        let refused =
            with_answer(applied, |answer| plan::refused(&self.application.name, self.object, answer))
                .flatten();
        refused.map_or(Written::Done(Outcome::Failed, None), Written::Refused)
    }
}

/// The server's answer in the plan's words. `None` where it says only that the object is there already.
pub(crate) fn with_answer<T>(applied: &Applied, then: impl FnOnce(&Answer<'_>) -> T) -> Option<T> {
    Some(match applied {
        Applied::Live(live) => then(&Answer::Live(live)),
        Applied::Conflict(conflicts) => {
            let pairs: Vec<_> =
                conflicts.iter().map(|one| (one.manager.as_str(), one.field.as_str())).collect();
            then(&Answer::Conflict(&pairs))
        }
        Applied::Exists => return None,
        Applied::Immutable(why) => then(&Answer::Immutable(why)),
        Applied::NoPlace(why) => then(&Answer::NoPlace(why)),
        Applied::Refused(why) => then(&Answer::Refused(why)),
    })
}
