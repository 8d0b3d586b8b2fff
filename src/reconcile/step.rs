//! One step of the site's machine.

use super::application::Application;
use super::site::{Applied, Effect, Event, Judged, Rules, Site, State, Target};
use super::waits;
use crate::model::{ErrorClass, Revision, Trouble};
use jiff::Timestamp;
use std::time::Duration;

/// Takes the machine one event further. `random` is any number; it spreads waits.
pub fn step(mut site: Site, event: Event, now: Timestamp, random: u64, rules: &Rules) -> (Site, Effect) {
    let state = std::mem::replace(&mut site.state, State::Idle { until: now });
    let (state, effect) = match (state, event) {
        (State::Idle { .. }, Event::Tick) => (State::Fetching, Effect::Fetch),

        (State::Fetching, Event::Fetched(commits)) => {
            site.link = None;
            (State::Verifying(commits), Effect::Verify)
        }
        (State::Fetching, Event::FetchFailed(trouble)) => {
            site.link = Some(trouble);
            go_on(&mut site, now, random, rules)
        }

        (State::Verifying(_), Event::Proven(revision)) => {
            site.offer = None;
            (State::Accepting(revision), Effect::Accept)
        }
        (State::Verifying(_), Event::Unchanged) => {
            site.offer = None;
            go_on(&mut site, now, random, rules)
        }
        (State::Verifying(_), Event::Refused(trouble)) => {
            site.offer = Some(trouble);
            go_on(&mut site, now, random, rules)
        }

        (State::Accepting(revision), Event::Accepted) => {
            site.accepted = Some(revision.clone());
            render(revision)
        }
        (State::Accepting(_), Event::Failed(trouble)) => {
            site.trouble = Some(trouble);
            go_on(&mut site, now, random, rules)
        }

        (State::Rendering(revision), Event::Rendered(targets)) => {
            if site.accepted.as_ref() == Some(&revision) {
                site.trouble = None;
            }
            aim(&mut site, &revision, targets);
            site.applied = Some(revision.clone());
            (State::Applying(revision), Effect::Apply)
        }
        (State::Rendering(revision), Event::RenderFailed(trouble)) => {
            fall_back(&mut site, &revision, trouble, now, random, rules)
        }

        (State::Applying(revision), Event::Applied(applied)) => {
            note_applied(&mut site, applied, now);
            (State::Settling(revision), Effect::Judge)
        }
        (State::Settling(revision), Event::Judged(judged)) => {
            note_judged(&mut site, judged, now);
            after_health(&mut site, revision, now, random, rules)
        }
        (State::Settling(revision), Event::Tick) => (State::Settling(revision), Effect::Judge),

        (State::Pruning(revision), Event::Pruned(refused)) => {
            if let Some(trouble) = refused {
                site.trouble.get_or_insert(trouble);
            }
            (State::Keeping(revision), Effect::Keep)
        }
        (State::Keeping(revision), Event::Kept) => {
            site.last_good = Some(revision);
            rest(&mut site, now, random, rules)
        }

        (
            State::Applying(_) | State::Settling(_) | State::Pruning(_) | State::Keeping(_),
            Event::Failed(trouble),
        ) => {
            site.trouble.get_or_insert(trouble);
            rest(&mut site, now, random, rules)
        }

        (state, event) => (state, Effect::Unexpected(name(&event))),
    };
    site.state = state;
    (site, effect)
}

/// Without news: what was accepted before is what this site runs.
fn go_on(site: &mut Site, now: Timestamp, random: u64, rules: &Rules) -> (State, Effect) {
    match site.accepted.clone() {
        Some(revision) => render(revision),
        None => rest(site, now, random, rules),
    }
}

fn render(revision: Revision) -> (State, Effect) {
    (State::Rendering(revision.clone()), Effect::Render(revision))
}

/// A revision that cannot be rendered leaves last-good in force; it goes on being healed.
fn fall_back(
    site: &mut Site,
    failed: &Revision,
    trouble: Trouble,
    now: Timestamp,
    random: u64,
    rules: &Rules,
) -> (State, Effect) {
    if site.accepted.as_ref() == Some(failed) || site.trouble.is_none() {
        site.trouble = Some(trouble);
    }
    match site.last_good.clone().filter(|last_good| last_good != failed) {
        Some(last_good) => render(last_good),
        None => rest(site, now, random, rules),
    }
}

fn aim(site: &mut Site, revision: &Revision, targets: Vec<Target>) {
    let named = |name: &String| targets.iter().any(|target| target.name == *name);
    site.applications.retain(|name, _| named(name));
    for target in targets {
        let application = site.applications.entry(target.name).or_default();
        application.aim(revision, target.digest, target.objects, target.deadline);
    }
}

fn note_applied(site: &mut Site, applied: Vec<Applied>, now: Timestamp) {
    for Applied { name, held } in applied {
        if let Some(application) = site.applications.get_mut(&name) {
            application.applied(held, now);
        }
    }
}

fn note_judged(site: &mut Site, judged: Vec<Judged>, now: Timestamp) {
    for Judged { name, health, message } in judged {
        if let Some(application) = site.applications.get_mut(&name) {
            application.judged(health, message, now);
        }
    }
}

/// Prune and last-good move only when everything is Current.
fn after_health(
    site: &mut Site,
    revision: Revision,
    now: Timestamp,
    random: u64,
    rules: &Rules,
) -> (State, Effect) {
    if site.applications.values().all(Application::is_steady) {
        return (State::Pruning(revision), Effect::Prune);
    }
    if rules.wait && site.applications.values().any(|application| application.is_settling(now)) {
        let look = later(now, rules.look);
        return (State::Settling(revision), Effect::WakeAt(look));
    }
    rest(site, now, random, rules)
}

/// The pass is over. What may be better in a moment is tried again with backoff, all else at the next poll.
fn rest(site: &mut Site, now: Timestamp, random: u64, rules: &Rules) -> (State, Effect) {
    let transient = |trouble: &Option<Trouble>| {
        trouble.as_ref().is_some_and(|trouble| trouble.class == ErrorClass::Transient)
    };
    let waits = |application: &Application| {
        application.held().is_some_and(|trouble| trouble.class == ErrorClass::Transient)
    };
    let is_one_waiting = site.applications.values().any(waits);
    let again = transient(&site.link) || transient(&site.trouble) || transient(&site.offer) || is_one_waiting;
    site.failures = if again { site.failures.saturating_add(1) } else { 0 };
    let wait = if again {
        waits::wait(site.failures, random).min(rules.poll.max(Duration::from_secs(1)))
    } else {
        waits::spread(rules.poll, random)
    };
    let until = later(now, wait);
    (State::Idle { until }, Effect::WakeAt(until))
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(now)
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Tick => "Tick",
        Event::Fetched(_) => "Fetched",
        Event::FetchFailed(_) => "FetchFailed",
        Event::Proven(_) => "Proven",
        Event::Unchanged => "Unchanged",
        Event::Refused(_) => "Refused",
        Event::Accepted => "Accepted",
        Event::Rendered(_) => "Rendered",
        Event::RenderFailed(_) => "RenderFailed",
        Event::Applied(_) => "Applied",
        Event::Judged(_) => "Judged",
        Event::Pruned(_) => "Pruned",
        Event::Kept => "Kept",
        Event::Failed(_) => "Failed",
    }
}
