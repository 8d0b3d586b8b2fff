//! The work on the cluster: apply, judge, settle, heal, prune, keep.

use super::event::{Applied, Effect, Event, Judgement, Notice};
use super::site::{News, Site, Stay, Turn, Work};
use super::step::Moment;
use super::{choose, later, waits};
use crate::model::{ErrorClass, Trouble};
use std::time::Duration;

/// Between two comparisons of everything that is followed. They cost no request; what they find is what a watch lost.
const CHECK: Duration = Duration::from_hours(1);
/// Between two tries of what was refused: somebody may have mended it in the cluster.
const RETRY: Duration = Duration::from_mins(5);
/// Between two moments at which what is used of a deadline is written down; a power cut gives back no more than that.
const STEP: u64 = 60;

/// Rendered content is there: it is written, and what was refused before is tried again along with it.
pub(super) fn begin(site: &mut Site) -> Vec<Effect> {
    let retried = site.applications.values_mut().filter(|application| application.is_to_be_retried());
    retried.for_each(super::Application::release);
    if site.turn != Turn::Ours {
        site.work = Work::Resting { until: None };
        return Vec::new();
    }
    choose::point(&mut site.applications);
    site.is_kept = false;
    site.work = Work::Applying;
    vec![Effect::Apply]
}

/// It is this agent's turn to write, or another's. After another's all is rendered once more, along with what may be gone back to by now,
/// and compared with what that one did.
pub(super) fn turn(site: &mut Site, turn: Turn, at: Moment<'_>) -> Vec<Effect> {
    let before = std::mem::replace(&mut site.turn, turn);
    let is_idle = matches!(site.work, Work::Resting { .. } | Work::Settling { .. });
    match (before, &site.turn) {
        (_, Turn::Theirs(_) | Turn::Unknown(_)) if is_idle => {
            site.work = Work::Resting { until: None };
            Vec::new()
        }
        (Turn::Theirs(_), Turn::Ours) => {
            (site.rendered, site.applied) = (None, None);
            if let News::Resting { until } = &mut site.news {
                *until = at.now;
            }
            Vec::new()
        }
        (Turn::Unknown(_), Turn::Ours) if is_idle && site.rendered.is_some() => begin(site),
        _ => Vec::new(),
    }
}

/// The time has come, if it has.
pub(super) fn tick(site: &mut Site, at: Moment<'_>) -> Vec<Effect> {
    match site.work {
        Work::Settling { look } if look <= at.now => judge(site),
        Work::Resting { until: Some(until) } if until <= at.now => again(site),
        _ => Vec::new(),
    }
}

/// Something of ours changed in the cluster.
pub(super) fn notice(site: &mut Site, notice: Notice, at: Moment<'_>) -> Vec<Effect> {
    match site.work {
        Work::Resting { .. } | Work::Settling { .. }
            if site.applied.is_none() || site.turn != Turn::Ours || at.rules.stay != Stay::Forever =>
        {
            Vec::new()
        }
        Work::Resting { .. } | Work::Settling { .. } if notice.drift => heal(site, false),
        Work::Resting { .. } | Work::Settling { .. } if notice.health => judge(site),
        _ => Vec::new(),
    }
}

/// One event of this work; `None` if it is none, or does not fit.
pub(super) fn step(site: &mut Site, event: Event, at: Moment<'_>) -> Option<Vec<Effect>> {
    Some(match (&site.work, event) {
        (Work::Applying, Event::Applied(applied)) => written(site, applied, at),
        (Work::Judging, Event::Judged(judgement)) => judged(site, &judgement, at),
        (Work::Healing, Event::Healed(again)) => {
            mended(site);
            let effects = go_on(site, at);
            if let (Work::Resting { until }, Some(again)) = (&mut site.work, again) {
                *until = Some(until.map_or(again, |until| until.min(again)));
            }
            effects
        }
        (Work::Pruning, Event::Pruned(refused)) => {
            site.setback = refused;
            site.work = Work::Keeping;
            vec![Effect::Keep]
        }
        (Work::Keeping, Event::Kept) => {
            site.is_kept = true;
            if site.is_at_its_goal() {
                site.last_good.clone_from(&site.rendered);
            }
            rest(site, at);
            Vec::new()
        }
        (
            Work::Applying | Work::Judging | Work::Healing | Work::Pruning | Work::Keeping,
            Event::Failed(trouble),
        ) => {
            site.setback = Some(trouble);
            rest(site, at);
            Vec::new()
        }
        _ => return None,
    })
}

/// What could not be done is tried again; else everything that is followed is compared.
fn again(site: &mut Site) -> Vec<Effect> {
    let is_due = |one: &super::Application| one.is_to_be_retried() || one.is_unwritten();
    let is_one_due = site.applications.values().any(is_due) || is_transient(site.setback.as_ref());
    if site.rendered.is_some() && is_one_due { begin(site) } else { heal(site, true) }
}

fn written(site: &mut Site, applied: Vec<Applied>, at: Moment<'_>) -> Vec<Effect> {
    mended(site);
    site.applied.clone_from(&site.rendered);
    for Applied { name, stopped, is_partial } in applied {
        if let Some(application) = site.applications.get_mut(&name) {
            application.applied(stopped, is_partial, at.now);
        }
    }
    if choose::point(&mut site.applications) {
        site.work = Work::Applying;
        return vec![Effect::Remember, Effect::Apply];
    }
    judge(site)
}

fn judged(site: &mut Site, judgement: &Judgement, at: Moment<'_>) -> Vec<Effect> {
    mended(site);
    let before = facts(site);
    let is_quiet = at.rules.stay == Stay::Forever;
    for judged in choose::in_order(&site.applications, &judgement.applications) {
        let needs = choose::needs(&site.applications, &judged.name);
        if let Some(application) = site.applications.get_mut(&judged.name) {
            application.judged(judged, judgement.paused.as_deref(), at.now, is_quiet, needs);
        }
    }
    if choose::point(&mut site.applications) {
        site.is_kept = false;
        site.work = Work::Applying;
        return vec![Effect::Remember, Effect::Apply];
    }
    let mut effects = go_on(site, at);
    if facts(site) != before && !effects.contains(&Effect::Keep) {
        effects.insert(0, Effect::Remember);
    }
    effects
}

/// Prune and keep once everything is steady; wait while anything may still settle.
fn go_on(site: &mut Site, at: Moment<'_>) -> Vec<Effect> {
    if site.is_steady() && !site.is_kept {
        site.work = Work::Pruning;
        return vec![Effect::Prune];
    }
    let is_settling = site.applications.values().any(super::Application::is_settling);
    if is_settling && at.rules.stay != Stay::Once {
        site.work = Work::Settling { look: later(at.now, at.rules.look) };
    } else {
        rest(site, at);
    }
    Vec::new()
}

fn judge(site: &mut Site) -> Vec<Effect> {
    site.work = Work::Judging;
    vec![Effect::Judge]
}

fn heal(site: &mut Site, everything: bool) -> Vec<Effect> {
    site.work = Work::Healing;
    vec![Effect::Heal { everything }]
}

/// The cluster answered.
fn mended(site: &mut Site) {
    if is_transient(site.setback.as_ref()) {
        site.setback = None;
    }
    site.setbacks = 0;
}

/// Nothing more to do here, for now.
fn rest(site: &mut Site, at: Moment<'_>) {
    let is_passing = |one: &super::Application| {
        one.is_unwritten() || one.held().is_some_and(|trouble| trouble.class == ErrorClass::Transient)
    };
    let passing = site.applications.values().any(is_passing);
    let is_refused = site.applications.values().any(super::Application::is_to_be_retried);
    if site.turn != Turn::Ours {
        site.work = Work::Resting { until: None };
        return;
    }
    let wait = if is_transient(site.setback.as_ref()) || passing {
        site.setbacks = site.setbacks.saturating_add(1);
        waits::near(site.setbacks, at.random)
    } else if is_refused {
        RETRY
    } else {
        waits::spread(CHECK, at.random)
    };
    site.work = Work::Resting { until: Some(later(at.now, wait)) };
}

fn is_transient(trouble: Option<&Trouble>) -> bool {
    trouble.is_some_and(|trouble| trouble.class == ErrorClass::Transient)
}

/// What of the machine must survive, in a form in which a change is worth a write.
fn facts(site: &Site) -> Vec<(Option<crate::model::Digest>, Option<crate::model::Digest>, u64)> {
    let of = |one: &super::Application| {
        let quarantined = one.quarantine.as_ref().map(|quarantine| quarantine.digest);
        let last_good = one.last_good.as_ref().map(|(_, digest)| *digest);
        (quarantined, last_good, one.spent.as_secs() / STEP)
    };
    site.applications.values().map(of).collect()
}
