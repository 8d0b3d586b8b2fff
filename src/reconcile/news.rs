//! The way of what is new: asked for, proven, accepted, rendered.

use super::event::{Effect, Event, Target};
use super::site::{News, Site, Stay};
use super::step::Moment;
use super::{later, waits, work};
use crate::model::{ErrorClass, Revision, Trouble};
use jiff::Timestamp;
use std::time::Duration;

/// The time has come, if it has.
pub(super) fn tick(site: &mut Site, at: Moment<'_>) -> Vec<Effect> {
    match site.news {
        News::Resting { until } if until <= at.now => {}
        _ => return Vec::new(),
    }
    // What was accepted is on disk, and runs before anybody is asked for more.
    if let (Some(revision), None, Stay::Forever) = (&site.accepted, &site.rendered, at.rules.stay)
        && site.trouble.is_none()
    {
        return render(site, revision.clone(), true);
    }
    if site.is_suspended(at.now) {
        let until = site.suspended.as_ref().and_then(|suspension| suspension.until);
        let poll = later(at.now, at.rules.poll);
        site.news = News::Resting { until: until.map_or(poll, |until| until.min(poll)) };
        return Vec::new();
    }
    site.was_asked = true;
    site.news = News::Fetching;
    vec![Effect::Fetch]
}

/// One event of this way; `None` if it is none, or does not fit.
pub(super) fn step(site: &mut Site, event: &Event, at: Moment<'_>) -> Option<Vec<Effect>> {
    Some(match (site.news.clone(), event) {
        (News::Fetching, Event::Fetched(commits)) => {
            site.link = None;
            site.news = News::Verifying(*commits);
            vec![Effect::Verify]
        }
        (News::Fetching, Event::FetchFailed(trouble)) => {
            site.link = Some(trouble.clone());
            go_on(site, at)
        }
        (News::Verifying(_), Event::Proven(revision)) => {
            site.offer = None;
            site.news = News::Accepting(revision.clone());
            vec![Effect::Accept]
        }
        (News::Verifying(_), Event::Unchanged) => {
            site.offer = None;
            go_on(site, at)
        }
        (News::Verifying(_), Event::Refused(trouble)) => {
            site.offer = Some(trouble.clone());
            go_on(site, at)
        }
        (News::Accepting(revision), Event::Accepted) => {
            site.accepted = Some(revision.clone());
            render(site, revision, false)
        }
        (News::Accepting(_), Event::AcceptFailed(trouble)) => {
            site.trouble = Some(trouble.clone());
            go_on(site, at)
        }
        (News::Rendering(asked), Event::Rendered(revision, targets)) if asked == *revision => {
            rendered(site, revision, targets, at)
        }
        (News::Rendering(asked), Event::RenderFailed(revision, trouble)) if asked == *revision => {
            fall_back(site, revision, trouble, at)
        }
        _ => return None,
    })
}

/// Without news: what was accepted before is what this site runs. A daemon follows it already; a single pass compares it anew.
fn go_on(site: &mut Site, at: Moment<'_>) -> Vec<Effect> {
    let is_running = site.rendered.is_some() && site.rendered == site.accepted;
    let is_followed = is_running && at.rules.stay == Stay::Forever;
    match site.accepted.clone() {
        Some(revision) if !is_followed => render(site, revision, false),
        _ => {
            rest(site, at);
            Vec::new()
        }
    }
}

fn render(site: &mut Site, revision: Revision, is_offline: bool) -> Vec<Effect> {
    site.news = News::Rendering(revision.clone());
    vec![Effect::Render { revision, is_offline }]
}

fn rendered(site: &mut Site, revision: &Revision, targets: &[Target], at: Moment<'_>) -> Vec<Effect> {
    if site.accepted.as_ref() == Some(revision) {
        site.trouble = None;
    }
    site.rendered = Some(revision.clone());
    site.applications.retain(|name, _| targets.iter().any(|target| target.name == *name));
    for target in targets {
        let application = site.applications.entry(target.name.clone()).or_default();
        application.aim(target.content.clone(), target.terms.clone());
    }
    rest(site, at);
    work::begin(site)
}

/// A revision that cannot be rendered leaves what runs in force. Where nothing is followed yet, last-good is what runs.
fn fall_back(site: &mut Site, failed: &Revision, trouble: &Trouble, at: Moment<'_>) -> Vec<Effect> {
    if site.accepted.as_ref() == Some(failed) || site.trouble.is_none() {
        site.trouble = Some(trouble.clone());
    }
    match site.last_good.clone().filter(|last_good| last_good != failed) {
        Some(last_good) if site.rendered.is_none() || at.rules.stay != Stay::Forever => {
            render(site, last_good, true)
        }
        _ => {
            rest(site, at);
            Vec::new()
        }
    }
}

/// Nothing more to do here for now. What may be better in a moment is asked for again with backoff, all else at the next poll.
fn rest(site: &mut Site, at: Moment<'_>) {
    let is_transient = |trouble: &Option<Trouble>| {
        trouble.as_ref().is_some_and(|trouble| trouble.class == ErrorClass::Transient)
    };
    let again = [&site.link, &site.trouble, &site.offer].into_iter().any(is_transient);
    site.failures = if again { site.failures.saturating_add(1) } else { 0 };
    let wait = if !site.was_asked {
        Duration::ZERO
    } else if again {
        waits::wait(site.failures, at.random).min(at.rules.poll.max(waits::SECOND))
    } else {
        waits::until_slot(at.rules.poll, at.rules.slot, at.now)
    };
    // A single pass asks once.
    let is_over = at.rules.stay != Stay::Forever;
    site.news = News::Resting { until: if is_over { Timestamp::MAX } else { later(at.now, wait) } };
}
