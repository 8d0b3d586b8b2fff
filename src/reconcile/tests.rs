//! The ways through the machine, and the laws it keeps whatever happens.

use super::*;
use crate::model::{CommitId, Digest, ErrorClass, Facts, Hash, Health, Revision, SitePhase, Trouble};
use jiff::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

const RULES: Rules = Rules { poll: Duration::from_secs(300), wait: false, look: Duration::from_secs(2) };

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn revision(n: u8) -> Revision {
    Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: CommitId(Hash::Sha1([n; 20])) }
}

fn target(name: &str, content: &str) -> Target {
    Target {
        name: name.to_owned(),
        digest: Digest::of(content.as_bytes()),
        objects: 3,
        deadline: Duration::from_secs(300),
    }
}

fn trouble(class: ErrorClass) -> Trouble {
    Trouble { class, reason: "Test", message: "it broke".to_owned() }
}

fn applied(name: &str) -> Applied {
    Applied { name: name.to_owned(), held: None }
}

fn judged(name: &str, health: Health) -> Judged {
    Judged { name: name.to_owned(), health, message: String::new() }
}

fn fresh() -> Site {
    resume(&Facts::default(), now())
}

/// Feeds events in turn; answers with the machine and the effect that the last one led to.
fn feed(mut site: Site, events: Vec<Event>) -> (Site, Effect) {
    let mut effect = Effect::WakeAt(now());
    for event in events {
        (site, effect) = step(site, event, now(), 7, &RULES);
        assert!(!matches!(effect, Effect::Unexpected(_)), "{effect:?}");
    }
    (site, effect)
}

/// A site that is steady at revision 1.
fn steady() -> Site {
    let (site, _) = feed(fresh(), way_to_steady(1, "a"));
    assert_eq!(site.phase(), SitePhase::Steady);
    site
}

fn way_to_steady(n: u8, content: &str) -> Vec<Event> {
    vec![
        Event::Tick,
        Event::Fetched(1),
        Event::Proven(revision(n)),
        Event::Accepted,
        Event::Rendered(vec![target("pos", content)]),
        Event::Applied(vec![applied("pos")]),
        Event::Judged(vec![judged("pos", Health::Current)]),
        Event::Pruned(None),
        Event::Kept,
    ]
}

#[test]
fn the_floor_is_written_before_anything_is_rendered() {
    let (_, effect) = feed(fresh(), vec![Event::Tick, Event::Fetched(1), Event::Proven(revision(1))]);
    assert_eq!(effect, Effect::Accept);
}

#[test]
fn a_floor_that_cannot_be_written_keeps_the_site_at_what_it_had() {
    let failed = Event::Failed(trouble(ErrorClass::Transient));
    let (site, effect) =
        feed(steady(), vec![Event::Tick, Event::Fetched(1), Event::Proven(revision(2)), failed]);
    assert_eq!(effect, Effect::Render(revision(1)));
    assert_eq!(site.accepted, Some(revision(1)));
}

#[test]
fn without_a_link_the_site_goes_on_with_what_it_has() {
    let down = Event::FetchFailed(trouble(ErrorClass::Transient));
    let (site, effect) = feed(steady(), vec![Event::Tick, down]);
    assert_eq!(effect, Effect::Render(revision(1)));
    assert!(site.link.is_some());
}

#[test]
fn a_refused_revision_holds_the_site_while_last_good_is_healed() {
    let (site, effect) =
        feed(steady(), vec![Event::Tick, Event::Fetched(1), Event::Refused(trouble(ErrorClass::Untrusted))]);
    assert_eq!(effect, Effect::Render(revision(1)));
    let rest = way_to_steady(1, "a").split_off(4);
    let (site, _) = feed(site, rest);
    assert_eq!(site.phase(), SitePhase::Held);
    assert!(site.is_steady(), "its applications are as they were");
}

#[test]
fn a_revision_that_does_not_render_leaves_last_good_in_force() {
    let events = vec![Event::Tick, Event::Fetched(1), Event::Proven(revision(2)), Event::Accepted];
    let (site, _) = feed(steady(), events);
    let (site, effect) = feed(site, vec![Event::RenderFailed(trouble(ErrorClass::Terminal))]);
    assert_eq!(effect, Effect::Render(revision(1)));
    let (site, _) = feed(site, way_to_steady(1, "a").split_off(4));
    assert_eq!((site.phase(), site.last_good), (SitePhase::Held, Some(revision(1))));
}

#[test]
fn nothing_is_pruned_and_last_good_stays_while_anything_is_not_current() {
    let mut events = way_to_steady(2, "b");
    events.truncate(6);
    events.push(Event::Judged(vec![judged("pos", Health::InProgress)]));
    let (site, effect) = feed(steady(), events);
    assert!(matches!(effect, Effect::WakeAt(_)), "{effect:?}");
    assert_eq!((site.phase(), site.last_good), (SitePhase::Settling, Some(revision(1))));
}

#[test]
fn a_held_application_keeps_the_site_from_pruning() {
    let mut events = way_to_steady(2, "b");
    events.truncate(5);
    events
        .push(Event::Applied(vec![Applied { held: Some(trouble(ErrorClass::Terminal)), ..applied("pos") }]));
    events.push(Event::Judged(vec![judged("pos", Health::Current)]));
    let (site, _) = feed(steady(), events);
    assert_eq!((site.phase(), site.last_good), (SitePhase::Held, Some(revision(1))));
}

#[test]
fn with_wait_health_is_looked_at_until_the_deadline() {
    let rules = Rules { wait: true, ..RULES };
    let mut events = way_to_steady(1, "a");
    events.truncate(6);
    let (site, _) = feed(fresh(), events);
    let look = |site, at: &str| {
        let event = Event::Judged(vec![judged("pos", Health::InProgress)]);
        step(site, event, at.parse().unwrap(), 7, &rules)
    };
    let (site, effect) = look(site, "2026-11-22T12:00:01Z");
    assert_eq!(effect, Effect::WakeAt("2026-11-22T12:00:03Z".parse().unwrap()));
    let (site, effect) = step(site, Event::Tick, now(), 7, &rules);
    assert_eq!(effect, Effect::Judge);
    let (site, _) = look(site, "2026-11-22T12:05:00Z");
    assert!(matches!(site.state, State::Idle { .. }));
}

#[test]
fn a_poll_without_news_changes_no_phase() {
    let mut site = steady();
    for event in [
        Event::Tick,
        Event::Fetched(0),
        Event::Unchanged,
        Event::Rendered(vec![target("pos", "a")]),
        Event::Applied(vec![applied("pos")]),
        Event::Judged(vec![judged("pos", Health::Current)]),
        Event::Pruned(None),
        Event::Kept,
    ] {
        assert_eq!(site.phase(), SitePhase::Steady, "before {event:?}");
        (site, _) = feed(site, vec![event]);
    }
}

#[test]
fn failures_back_off_and_success_forgets_them() {
    let down = || vec![Event::Tick, Event::FetchFailed(trouble(ErrorClass::Transient))];
    let (site, _) = feed(fresh(), down());
    assert_eq!(site.failures, 1);
    let (site, _) = feed(site, down());
    assert_eq!(site.failures, 2);
    let (site, _) = feed(site, way_to_steady(1, "a"));
    assert_eq!(site.failures, 0);
}

#[test]
fn an_event_that_does_not_fit_changes_nothing() {
    let site = steady();
    let (after, effect) = step(site.clone(), Event::Kept, now(), 7, &RULES);
    assert_eq!((after, effect), (site, Effect::Unexpected("Kept")));
}

fn any_event() -> impl Strategy<Value = Event> {
    let class = prop_oneof![
        Just(ErrorClass::Transient),
        Just(ErrorClass::Terminal),
        Just(ErrorClass::Misconfigured),
        Just(ErrorClass::Untrusted)
    ];
    let health = prop_oneof![
        Just(Health::Current),
        Just(Health::InProgress),
        Just(Health::Failed),
        Just(Health::Unknown)
    ];
    let name = prop_oneof![Just("pos"), Just("web")];
    prop_oneof![
        Just(Event::Tick),
        (0usize..2).prop_map(Event::Fetched),
        class.clone().prop_map(|class| Event::FetchFailed(trouble(class))),
        (1u8..4).prop_map(|n| Event::Proven(revision(n))),
        Just(Event::Unchanged),
        class.clone().prop_map(|class| Event::Refused(trouble(class))),
        Just(Event::Accepted),
        prop::collection::vec((name.clone(), "[ab]"), 0..3).prop_map(|all| Event::Rendered(
            all.iter().map(|(name, content)| target(name, content)).collect()
        )),
        class.clone().prop_map(|class| Event::RenderFailed(trouble(class))),
        (name.clone(), proptest::option::of(class.clone())).prop_map(|(name, class)| Event::Applied(vec![
            Applied { held: class.map(trouble), ..applied(name) }
        ])),
        (name, health).prop_map(|(name, health)| Event::Judged(vec![judged(name, health)])),
        proptest::option::of(class.clone()).prop_map(|class| Event::Pruned(class.map(trouble))),
        Just(Event::Kept),
        class.prop_map(|class| Event::Failed(trouble(class))),
    ]
}

/// The event with which a world where everything works answers an effect.
fn answer(effect: &Effect) -> Option<Event> {
    Some(match effect {
        Effect::Fetch => Event::Fetched(0),
        Effect::Verify => Event::Unchanged,
        Effect::Accept => Event::Accepted,
        Effect::Render(_) => Event::Rendered(vec![target("pos", "a")]),
        Effect::Apply => Event::Applied(vec![applied("pos")]),
        Effect::Judge => Event::Judged(vec![judged("pos", Health::Current)]),
        Effect::Prune => Event::Pruned(None),
        Effect::Keep => Event::Kept,
        Effect::WakeAt(_) | Effect::Unexpected(_) => return None,
    })
}

proptest! {
    /// Whatever happens in whatever order, nothing panics, and last-good only ever moves by a revision that was kept.
    #[test]
    fn any_story_is_survived(events in prop::collection::vec(any_event(), 0..60)) {
        let mut site = fresh();
        for event in events {
            let before = site.last_good.clone();
            let is_kept = event == Event::Kept && matches!(site.state, State::Keeping(_));
            let (after, _) = step(site, event, now(), 7, &RULES);
            prop_assert!(is_kept || after.last_good == before);
            let _ = after.phase();
            site = after;
        }
    }

    /// From wherever a story leads, a world where everything works brings the site to rest, steady if it ever accepted anything.
    #[test]
    fn every_state_leads_to_rest(events in prop::collection::vec(any_event(), 0..60)) {
        let mut site = fresh();
        let mut effect = Effect::WakeAt(now());
        for event in events {
            let (after, next) = step(site, event, now(), 7, &RULES);
            if !matches!(next, Effect::Unexpected(_)) {
                effect = next;
            }
            site = after;
        }
        for _ in 0..40 {
            let event = answer(&effect).unwrap_or(Event::Tick);
            (site, effect) = step(site, event, now(), 7, &RULES);
            if matches!(site.state, State::Idle { .. }) && site.is_steady() {
                return Ok(());
            }
        }
        prop_assert!(site.accepted.is_none(), "never came to rest: {site:?}");
    }
}
