//! The ways through the machine, and the laws it keeps whatever happens.

use super::*;
use crate::model::{
    CommitId, Digest, ErrorClass, Facts, Hash, Health, Revision, Rollback, SitePhase, Suspension, Trouble,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

pub(super) const RULES: Rules =
    Rules { poll: Duration::from_secs(300), slot: 0, look: Duration::from_secs(2), stay: Stay::Once };
pub(super) const DAEMON: Rules = Rules { stay: Stay::Forever, ..RULES };

pub(super) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(super) fn after(seconds: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_secs(seconds)
}

pub(super) fn revision(n: u8) -> Revision {
    Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: CommitId(Hash::Sha1([n; 20])) }
}

/// An application's part of revision `n`.
pub(super) fn target(n: u8, name: &str, content: &str) -> Target {
    Target {
        name: name.to_owned(),
        content: (revision(n), Digest::of(content.as_bytes())),
        terms: Terms {
            deadline: Duration::from_secs(300),
            quiet: Duration::from_secs(30),
            pull_deadline: None,
            rollback: Rollback::Application,
            depends_on: BTreeSet::new(),
            objects: 3,
        },
    }
}

pub(super) fn trouble(class: ErrorClass) -> Trouble {
    Trouble { class, reason: "Test", message: "it broke".to_owned() }
}

pub(super) fn applied(name: &str) -> Event {
    Event::Applied(vec![Applied { name: name.to_owned(), stopped: None, is_partial: false }])
}

pub(super) fn stopped(name: &str, trouble: Trouble) -> Event {
    Event::Applied(vec![Applied { name: name.to_owned(), stopped: Some(trouble), is_partial: true }])
}

pub(super) fn verdict(name: &str, health: Health) -> Judged {
    let message = if health == Health::Current { "" } else { "1 of 2 replicas are ready" };
    Judged {
        name: name.to_owned(),
        health,
        message: message.to_owned(),
        patience: None,
        failed: None,
        late: None,
        is_old: false,
    }
}

pub(super) fn judged(name: &str, health: Health) -> Event {
    Event::Judged(Judgement { applications: vec![verdict(name, health)], paused: None })
}

fn fresh() -> Site {
    resume(&Facts::default(), now())
}

/// Feeds events in turn; answers with the machine and the effects that the last one led to.
pub(super) fn feed_by(rules: &Rules, mut site: Site, events: Vec<Event>) -> (Site, Vec<Effect>) {
    let mut effects = Vec::new();
    for event in events {
        (site, effects) = step(site, event, now(), 7, rules);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Unexpected(_))), "{effects:?}");
    }
    (site, effects)
}

fn feed(site: Site, events: Vec<Event>) -> (Site, Vec<Effect>) {
    feed_by(&RULES, site, events)
}

/// A site that is steady at revision 1.
fn steady() -> Site {
    let (site, _) = feed(fresh(), way_to_steady(1, "a"));
    assert_eq!(site.phase(), SitePhase::Steady);
    site
}

fn way_to_applying(n: u8, content: &str) -> Vec<Event> {
    vec![
        Event::Tick,
        Event::Fetched(1),
        Event::Proven(revision(n)),
        Event::Accepted,
        Event::Rendered(revision(n), vec![target(n, "pos", content)]),
    ]
}

fn way_to_steady(n: u8, content: &str) -> Vec<Event> {
    let mut events = way_to_applying(n, content);
    events.extend([applied("pos"), judged("pos", Health::Current), Event::Pruned(None), Event::Kept]);
    events
}

/// The time of the next poll, for a machine that is fed at one moment only.
fn polled(mut site: Site) -> Site {
    site.news = News::Resting { until: now() };
    site
}

fn render(n: u8, is_offline: bool) -> Effect {
    Effect::Render { revision: revision(n), is_offline }
}

#[test]
fn the_floor_is_written_before_anything_is_rendered() {
    let (_, effects) = feed(fresh(), vec![Event::Tick, Event::Fetched(1), Event::Proven(revision(1))]);
    assert_eq!(effects, [Effect::Accept]);
}

#[test]
fn a_floor_that_cannot_be_written_keeps_the_site_at_what_it_had() {
    let failed = Event::AcceptFailed(trouble(ErrorClass::Transient));
    let (site, effects) = feed_by(
        &DAEMON,
        polled(steady()),
        vec![Event::Tick, Event::Fetched(1), Event::Proven(revision(2)), failed],
    );
    assert_eq!(effects, []);
    assert_eq!((site.accepted.clone(), site.rendered.clone()), (Some(revision(1)), Some(revision(1))));
    assert!(!site.troubles().is_empty());
}

#[test]
fn without_a_link_a_site_that_starts_runs_what_it_accepted() {
    let facts = Facts { floor: Some(floor(1)), ..Facts::default() };
    let down = || Event::FetchFailed(trouble(ErrorClass::Transient));
    let (site, effects) = feed(resume(&facts, now()), vec![Event::Tick, down()]);
    assert_eq!(effects, [render(1, false)]);
    assert!(site.link.is_some());
}

fn floor(n: u8) -> crate::model::Floor {
    crate::model::Floor {
        revision: revision(n),
        accepted: now(),
        began: revision(n).commit,
        signer: "alice".to_owned(),
    }
}

#[test]
fn a_daemon_runs_what_is_on_disk_before_it_asks_anybody() {
    let facts = Facts { floor: Some(floor(2)), last_good: Some(revision(1)), ..Facts::default() };
    let (site, effects) = feed_by(&DAEMON, resume(&facts, now()), vec![Event::Tick]);
    assert_eq!(effects, [render(2, true)]);
    let missing = Event::RenderFailed(revision(2), trouble(ErrorClass::Transient));
    let (site, effects) = feed_by(&DAEMON, site, vec![missing]);
    assert_eq!(
        effects,
        [render(1, true)],
        "what was not brought whole before the power went leaves last-good"
    );
    let (site, effects) =
        feed_by(&DAEMON, site, vec![Event::Rendered(revision(1), vec![target(1, "pos", "a")])]);
    assert_eq!((effects, site.due()), (vec![Effect::Apply], Some(now())));
    let settling = vec![applied("pos"), judged("pos", Health::Current), Event::Tick];
    let (site, effects) = feed_by(&DAEMON, site, settling);
    assert_eq!(effects, [Effect::Fetch], "then mirrors are asked at once");
    let (_, effects) = feed_by(&DAEMON, site, vec![Event::Fetched(0), Event::Unchanged]);
    assert_eq!(effects, [render(2, false)]);
}

#[test]
fn a_refused_revision_holds_the_site_while_what_runs_is_healed() {
    let refused = Event::Refused(trouble(ErrorClass::Untrusted));
    let (site, effects) = feed_by(&DAEMON, polled(steady()), vec![Event::Tick, Event::Fetched(1), refused]);
    assert_eq!((effects, site.phase()), (vec![], SitePhase::Held));
    assert!(site.is_steady(), "its applications are as they were");
}

#[test]
fn a_revision_that_does_not_render_leaves_what_runs_in_force() {
    let events = vec![Event::Tick, Event::Fetched(1), Event::Proven(revision(2)), Event::Accepted];
    let (site, _) = feed_by(&DAEMON, polled(steady()), events);
    let (site, effects) =
        feed_by(&DAEMON, site, vec![Event::RenderFailed(revision(2), trouble(ErrorClass::Terminal))]);
    assert_eq!(effects, []);
    assert_eq!((site.phase(), site.last_good), (SitePhase::Held, Some(revision(1))));
}

#[test]
fn nothing_is_pruned_and_last_good_stays_while_anything_is_not_current() {
    let mut events = way_to_applying(2, "b");
    events.extend([applied("pos"), judged("pos", Health::InProgress)]);
    let (site, effects) = feed(polled(steady()), events);
    assert_eq!(effects, []);
    assert_eq!((site.phase(), site.last_good.clone()), (SitePhase::Settling, Some(revision(1))));
    assert!(site.is_resting(), "a single pass judges once");
}

#[test]
fn a_held_application_keeps_the_site_from_pruning() {
    let mut events = way_to_applying(2, "b");
    let refused = Trouble { reason: "AdoptionRefused", ..trouble(ErrorClass::Terminal) };
    let stopped = Applied { name: "pos".to_owned(), stopped: Some(refused), is_partial: false };
    events.push(Event::Applied(vec![stopped]));
    let (site, effects) = feed(polled(steady()), events);
    assert_eq!(effects, [Effect::Remember, Effect::Apply], "what was last-good is applied again");
    let (site, effects) = feed(site, vec![applied("pos"), judged("pos", Health::Current)]);
    assert_eq!(effects, []);
    assert_eq!((site.phase(), site.last_good), (SitePhase::Held, Some(revision(1))));
}

#[test]
fn with_wait_health_is_looked_at_until_the_deadline() {
    let rules = Rules { stay: Stay::UntilSettled, ..RULES };
    let mut events = way_to_applying(1, "a");
    events.extend([applied("pos"), judged("pos", Health::InProgress)]);
    let (mut site, _) = feed_by(&rules, fresh(), events);
    for second in (2..300).step_by(2) {
        assert_eq!(site.due().unwrap(), after(second));
        let (next, effects) = step(site, Event::Tick, after(second), 7, &rules);
        assert_eq!(effects, [Effect::Judge]);
        (site, _) = step(next, judged("pos", Health::InProgress), after(second), 7, &rules);
    }
    let (site, _) = step(site, Event::Tick, after(300), 7, &rules);
    let (site, _) = step(site, judged("pos", Health::InProgress), after(300), 7, &rules);
    assert!(site.is_resting(), "{site:?}");
    assert_eq!(site.phase(), SitePhase::Settling, "a first sync is never held by time alone");
}

#[test]
fn what_is_new_must_stay_healthy_for_its_quiet_time() {
    let mut events = way_to_applying(1, "a");
    events.extend([applied("pos"), judged("pos", Health::Current)]);
    let (site, effects) = feed_by(&DAEMON, fresh(), events);
    assert_eq!((effects, site.phase()), (vec![], SitePhase::Settling));
    let look = |site: Site, second, health| {
        let (site, effects) = step(site, Event::Tick, after(second), 7, &DAEMON);
        assert_eq!(effects, [Effect::Judge]);
        step(site, judged("pos", health), after(second), 7, &DAEMON)
    };
    let (site, _) = look(site, 10, Health::InProgress);
    let (site, _) = look(site, 20, Health::Current);
    let (site, effects) = look(site, 40, Health::Current);
    assert_eq!((effects, site.phase()), (vec![], SitePhase::Settling));
    let (_, effects) = look(site, 50, Health::Current);
    assert_eq!(effects, [Effect::Remember, Effect::Prune]);
}

#[test]
fn a_poll_without_news_asks_the_cluster_for_nothing() {
    let mut site = steady();
    site.news = News::Resting { until: now() };
    for (event, expected) in [
        (Event::Tick, vec![Effect::Fetch]),
        (Event::Fetched(0), vec![Effect::Verify]),
        (Event::Unchanged, vec![]),
    ] {
        let effects;
        (site, effects) = feed_by(&DAEMON, site, vec![event]);
        assert_eq!((effects, site.phase()), (expected, SitePhase::Steady));
    }
}

#[test]
fn drift_is_healed_while_a_link_hangs() {
    let (site, _) = feed_by(&DAEMON, polled(steady()), vec![Event::Tick]);
    assert_eq!(site.news, News::Fetching);
    let (site, effects) = feed_by(&DAEMON, site, vec![Event::Noticed(Notice { drift: true, health: false })]);
    assert_eq!(effects, [Effect::Heal { everything: false }]);
    let (site, effects) = feed_by(&DAEMON, site, vec![Event::Healed(None)]);
    assert_eq!((effects, &site.news), (vec![], &News::Fetching));
    let (_, effects) = feed_by(&DAEMON, site, vec![Event::Noticed(Notice { drift: false, health: true })]);
    assert_eq!(effects, [Effect::Judge]);
}

#[test]
fn everything_is_compared_from_time_to_time_and_what_failed_is_tried_again_soon() {
    let mut site = steady();
    site.work = Work::Resting { until: Some(now()) };
    site.news = News::Resting { until: after(100) };
    let (site, effects) = feed_by(&DAEMON, site, vec![Event::Tick]);
    assert_eq!(effects, [Effect::Heal { everything: true }]);
    let (site, _) = feed_by(&DAEMON, site, vec![Event::Failed(trouble(ErrorClass::Transient))]);
    let until = site.due().unwrap();
    assert!(until <= after(1) && site.setback.is_some());
    let (site, effects) = step(site, Event::Tick, until, 7, &DAEMON);
    assert_eq!(effects, [Effect::Apply], "after a failure all is compared with the cluster");
    let (site, _) = feed_by(&DAEMON, site, vec![applied("pos")]);
    assert!(site.setback.is_none());
}

#[test]
fn failures_back_off_and_success_forgets_them() {
    let down = || vec![Event::Tick, Event::FetchFailed(trouble(ErrorClass::Transient))];
    let (site, _) = feed(fresh(), down());
    assert_eq!(site.failures, 1);
    let (site, _) = feed(polled(site), down());
    assert_eq!(site.failures, 2);
    let (site, _) = feed(polled(site), way_to_steady(1, "a"));
    assert_eq!(site.failures, 0);
}

#[test]
fn a_suspended_site_takes_nothing_new_until_its_time_is_over() {
    let suspension = Suspension { reason: "stocktaking".to_owned(), since: now(), until: Some(after(600)) };
    let (site, effects) =
        feed_by(&DAEMON, polled(steady()), vec![Event::Ordered(Order::Suspend(suspension)), Event::Tick]);
    assert_eq!((effects, site.due()), (vec![], Some(after(300))));
    let (site, effects) = feed_by(&DAEMON, site, vec![Event::Noticed(Notice { drift: true, health: false })]);
    assert_eq!(effects, [Effect::Heal { everything: false }], "healing goes on");
    let (site, _) = feed_by(&DAEMON, site, vec![Event::Healed(None)]);
    let (_, effects) = step(site.clone(), Event::Tick, after(600), 7, &DAEMON);
    assert_eq!(effects, [Effect::Fetch]);
    let (_, effects) = feed_by(&DAEMON, site, vec![Event::Ordered(Order::Resume), Event::Tick]);
    assert_eq!(effects, [Effect::Fetch]);
}

#[test]
fn an_event_that_does_not_fit_changes_nothing() {
    let site = steady();
    let (after, effects) = step(site.clone(), Event::Kept, now(), 7, &RULES);
    assert_eq!((after, effects), (site, vec![Effect::Unexpected("Kept")]));
}

fn any_class() -> impl Strategy<Value = ErrorClass> + Clone {
    prop_oneof![
        Just(ErrorClass::Transient),
        Just(ErrorClass::Terminal),
        Just(ErrorClass::Misconfigured),
        Just(ErrorClass::Untrusted)
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let health = prop_oneof![
        Just(Health::Current),
        Just(Health::InProgress),
        Just(Health::Failed),
        Just(Health::Unknown)
    ];
    let name = prop_oneof![Just("pos"), Just("web")];
    let reason = prop_oneof![Just("ObjectRefused"), Just("AdoptionRefused"), Just("DependencyHeld")];
    let any_trouble = (any_class(), reason).prop_map(|(class, reason)| Trouble { reason, ..trouble(class) });
    let targets = prop::collection::vec((name.clone(), "[ab]", any::<bool>()), 0..3).prop_map(|all| {
        let target = |(name, content, depends): &(&str, String, bool)| {
            let mut target = target(1, name, content);
            target.terms.depends_on.extend(depends.then(|| "pos".to_owned()));
            target
        };
        all.iter().map(target).collect::<Vec<_>>()
    });
    let judged = (name.clone(), health, proptest::option::of(any_trouble.clone())).prop_map(
        |(name, health, failed)| {
            let applications = vec![Judged { failed, ..verdict(name, health) }];
            Event::Judged(Judgement { applications, paused: None })
        },
    );
    let news = prop_oneof![
        Just(Event::Tick),
        (0usize..2).prop_map(Event::Fetched),
        any_trouble.clone().prop_map(Event::FetchFailed),
        (1u8..4).prop_map(|n| Event::Proven(revision(n))),
        Just(Event::Unchanged),
        any_trouble.clone().prop_map(Event::Refused),
        Just(Event::Accepted),
        any_trouble.clone().prop_map(Event::AcceptFailed),
        ((1u8..4), targets.clone()).prop_map(|(n, targets)| Event::Rendered(revision(n), targets)),
        ((1u8..4), any_trouble.clone()).prop_map(|(n, trouble)| Event::RenderFailed(revision(n), trouble)),
    ];
    let work = prop_oneof![
        (name, proptest::option::of(any_trouble.clone())).prop_map(|(name, stopped)| Event::Applied(vec![
            Applied { name: name.to_owned(), stopped, is_partial: true }
        ])),
        judged,
        Just(Event::Healed(None)),
        proptest::option::of(any_trouble.clone()).prop_map(Event::Pruned),
        Just(Event::Kept),
        any_trouble.prop_map(Event::Failed),
        (any::<bool>(), any::<bool>()).prop_map(|(drift, health)| Event::Noticed(Notice { drift, health })),
    ];
    let orders = prop_oneof![
        Just(Order::Sync),
        Just(Order::Retry(None)),
        Just(Order::Resume),
        targets.prop_map(Order::Rollback)
    ];
    let turns = prop_oneof![
        2 => Just(Turn::Ours),
        1 => Just(Turn::Theirs("another".to_owned())),
        1 => Just(Turn::Unknown(None)),
    ];
    prop_oneof![3 => news, 3 => work, 1 => orders.prop_map(Event::Ordered), 1 => turns.prop_map(Event::Turn)]
}

/// The event with which a world where everything works answers an effect.
fn answer(site: &Site, effect: &Effect) -> Option<Event> {
    let everybody = |judge: fn(&str) -> Judged| site.applications.keys().map(|name| judge(name)).collect();
    Some(match effect {
        Effect::Fetch => Event::Fetched(0),
        Effect::Verify => Event::Unchanged,
        Effect::Accept => Event::Accepted,
        Effect::Render { revision, .. } => {
            Event::Rendered(revision.clone(), vec![target(1, "pos", "a"), target(1, "web", "b")])
        }
        Effect::Apply => Event::Applied(
            site.applications
                .keys()
                .map(|name| Applied { name: name.clone(), stopped: None, is_partial: false })
                .collect(),
        ),
        Effect::Judge => Event::Judged(Judgement {
            applications: everybody(|name| verdict(name, Health::Current)),
            paused: None,
        }),
        Effect::Heal { .. } => Event::Healed(None),
        Effect::Prune => Event::Pruned(None),
        Effect::Keep => Event::Kept,
        Effect::Remember | Effect::Unexpected(_) => return None,
    })
}

proptest! {
    /// Whatever happens in whatever order, nothing panics, last-good only ever moves by a revision that was kept, and the phase can
    /// always be told.
    #[test]
    fn any_story_is_survived(events in prop::collection::vec(any_event(), 0..80), daemon: bool) {
        let rules = if daemon { DAEMON } else { RULES };
        let mut site = fresh();
        for event in events {
            let before = site.last_good.clone();
            let is_kept = event == Event::Kept && site.work == Work::Keeping;
            let (after, _) = step(site, event, now(), 7, &rules);
            prop_assert!(is_kept || after.last_good == before);
            let _ = (after.phase(), after.troubles(), after.due());
            site = after;
        }
    }

    /// From wherever a story leads, a world where everything works brings the site to rest: steady, or held for a reason that only a
    /// person mends, if it ever accepted anything.
    #[test]
    fn every_state_leads_to_rest(events in prop::collection::vec(any_event(), 0..80), daemon: bool) {
        let rules = if daemon { DAEMON } else { RULES };
        let mut site = fresh();
        let mut waiting: Vec<Effect> = Vec::new();
        for event in events {
            let (after, effects) = step(site, event, now(), 7, &rules);
            if !effects.iter().any(|effect| matches!(effect, Effect::Unexpected(_))) {
                waiting.retain(|effect| is_of_news(effect) != effects.iter().any(is_of_news) || effects.is_empty());
                waiting.extend(effects);
            }
            site = after;
        }
        for round in 0..400 {
            let effect = if waiting.is_empty() { None } else { Some(waiting.remove(0)) };
            let event = match effect {
                Some(effect) => answer(&site, &effect),
                None => stuck(&site),
            };
            let (after, effects) = step(site, event.unwrap_or(Event::Tick), after(round * 40), 7, &rules);
            waiting.extend(effects.into_iter().filter(|effect| !matches!(effect, Effect::Unexpected(_))));
            site = after;
            let ends = [SitePhase::Steady, SitePhase::Held];
            if site.is_resting() && site.rendered.is_some() && ends.contains(&site.phase()) {
                return Ok(());
            }
        }
        prop_assert!(site.accepted.is_none(), "never came to rest: {site:?}");
    }

    /// Facts tell all that matters: a machine that is rebuilt from them aims at the same, knows what failed and what it can go back to.
    #[test]
    fn what_is_remembered_is_resumed(events in prop::collection::vec(any_event(), 0..80)) {
        let mut site = fresh();
        for event in events {
            (site, _) = step(site, event, now(), 7, &DAEMON);
        }
        let facts = remember(&Facts::default(), &site);
        let again = resume(&facts, now());
        for (name, application) in &site.applications {
            let resumed = &again.applications[name];
            prop_assert_eq!(&resumed.last_good, &application.last_good);
            prop_assert_eq!(&resumed.quarantine, &application.quarantine);
            prop_assert_eq!(resumed.spent, application.spent);
        }
        prop_assert_eq!(again.suspended, site.suspended);
    }
}

fn is_of_news(effect: &Effect) -> bool {
    matches!(effect, Effect::Fetch | Effect::Verify | Effect::Accept | Effect::Render { .. })
}

/// An answer that got lost in the story: what the machine is still waiting for.
fn stuck(site: &Site) -> Option<Event> {
    if site.turn != Turn::Ours {
        return Some(Event::Turn(Turn::Ours));
    }
    let effect = match (&site.news, &site.work) {
        (News::Resting { until }, Work::Resting { .. }) if *until == Timestamp::MAX => {
            return Some(Event::Ordered(Order::Sync));
        }
        (News::Fetching, _) => Effect::Fetch,
        (News::Verifying(_), _) => Effect::Verify,
        (News::Accepting(_), _) => Effect::Accept,
        (News::Rendering(revision), _) => Effect::Render { revision: revision.clone(), is_offline: false },
        (_, Work::Applying) => Effect::Apply,
        (_, Work::Judging) => Effect::Judge,
        (_, Work::Healing) => Effect::Heal { everything: false },
        (_, Work::Pruning) => Effect::Prune,
        (_, Work::Keeping) => Effect::Keep,
        (_, Work::Resting { .. } | Work::Settling { .. }) => return None,
    };
    answer(site, &effect)
}
