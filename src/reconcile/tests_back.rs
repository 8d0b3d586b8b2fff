//! What fails, and what goes back.

use super::tests::{
    DAEMON, after, applied, feed_by, judged, now, revision, stopped, target, trouble, verdict,
};
use super::*;
use crate::model::ApplicationPhase::{self, Held, RollingBack, Settling};
use crate::model::status::LinkStatus;
use crate::model::{ErrorClass, Facts, Health, Rollback, SitePhase, Trouble};

/// A site that is steady at revision 1 with these applications, each of content `a`.
fn steady(names: &[&str]) -> Site {
    let targets = names.iter().map(|name| target(1, name, "a")).collect();
    let mut site = resume(&Facts::default(), now());
    site = begin(site, 1, targets);
    for name in names {
        let application = site.applications.get_mut(*name).unwrap();
        application.applied(None, false, now());
        application.judged(&verdict(name, Health::Current), None, now(), false, None);
    }
    site.applied = Some(revision(1));
    site.last_good = Some(revision(1));
    site.work = Work::Resting { until: None };
    site.is_kept = true;
    site
}

/// The machine once revision `n` was accepted and rendered.
fn begin(mut site: Site, n: u8, targets: Vec<Target>) -> Site {
    site.accepted = Some(revision(n));
    site.news = News::Rendering(revision(n));
    let (site, effects) = feed_by(&DAEMON, site, vec![Event::Rendered(revision(n), targets)]);
    assert_eq!(effects, [Effect::Apply]);
    site
}

fn all_applied(site: &Site) -> Event {
    let applied = |name: &String| Applied { name: name.clone(), stopped: None, is_partial: false };
    Event::Applied(site.applications.keys().map(applied).collect())
}

/// Everything Current but one, which is as `change` says.
fn look(site: &Site, name: &str, change: impl Fn(&mut Judged)) -> Event {
    let judge = |own: &String| {
        let mut judged = verdict(own, if own == name { Health::InProgress } else { Health::Current });
        if own == name {
            change(&mut judged);
        }
        judged
    };
    Event::Judged(Judgement { applications: site.applications.keys().map(judge).collect(), paused: None })
}

fn crash() -> Trouble {
    Trouble::terminal("CrashLoop", "Pod pos/a restarted 5 times")
}

fn phases(site: &Site) -> Vec<ApplicationPhase> {
    site.applications.values().map(Application::phase).collect()
}

#[test]
fn a_crash_loop_goes_back_is_quarantined_and_a_fix_goes_through_at_once() {
    let site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "bad")]);
    let (site, _) = feed_by(&DAEMON, site, vec![applied("pos")]);
    let failed = look(&site, "pos", |judged| judged.failed = Some(crash()));
    let (site, effects) = feed_by(&DAEMON, site, vec![failed]);
    assert_eq!(effects, [Effect::Remember, Effect::Apply], "what failed is a fact before anything goes back");
    assert_eq!(phases(&site), [RollingBack]);
    let (site, effects) = feed_by(&DAEMON, site, vec![applied("pos"), judged("pos", Health::Current)]);
    assert_eq!(
        effects,
        [Effect::Prune],
        "what only the failed revision had goes now, and last-good needs no quiet time"
    );
    let (site, _) = feed_by(&DAEMON, site, vec![Event::Pruned(None), Event::Kept]);
    assert_eq!((site.phase(), site.last_good.clone()), (SitePhase::Steady, Some(revision(1))));
    assert_eq!(site.troubles()[0].reason, "CrashLoop");
    // An unrelated commit renders the same: it is not run again.
    let site = begin(site, 3, vec![target(3, "pos", "bad")]);
    assert!(site.applications["pos"].is_back());
    // Another content is tried at once, even while it settles.
    let site = begin(site, 4, vec![target(4, "pos", "fixed")]);
    assert_eq!(phases(&site), [ApplicationPhase::Applying]);
    let (mut site, _) = feed_by(&DAEMON, site, vec![applied("pos"), judged("pos", Health::Current)]);
    for second in [2, 32] {
        site = step(site, Event::Tick, after(second), 7, &DAEMON).0;
        site = step(site, judged("pos", Health::Current), after(second), 7, &DAEMON).0;
    }
    assert!(site.applications["pos"].quarantine.is_none() && site.is_at_its_goal(), "{site:?}");
}

#[test]
fn a_revert_renders_last_good_and_is_last_good() {
    let mut site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "bad")]);
    site.applications.get_mut("pos").unwrap().fail(crash());
    let site = begin(site, 3, vec![target(3, "pos", "a")]);
    let application = &site.applications["pos"];
    assert!(!application.is_back() && !application.is_quarantined());
    assert_eq!(application.last_good.as_ref().unwrap().0, revision(3));
}

/// Looks every two seconds from `from` on, until something else than waiting follows; answers with the second of it.
fn until_it_ends(mut site: Site, patience: Option<&str>, most: i64) -> (Site, i64) {
    for second in (2..most).step_by(2) {
        (site, _) = step(site, Event::Tick, after(second), 7, &DAEMON);
        if site.work != Work::Judging {
            continue;
        }
        let event = look(&site, "pos", |judged| judged.patience = patience.map(str::to_owned));
        let effects;
        (site, effects) = step(site, event, after(second), 7, &DAEMON);
        if effects.contains(&Effect::Apply) {
            return (site, second);
        }
    }
    (site, most)
}

#[test]
fn the_deadline_ends_waiting_but_not_while_an_image_is_pulled() {
    let begun = || {
        let site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "slow")]);
        let site = feed_by(&DAEMON, site, vec![applied("pos")]).0;
        let event = look(&site, "pos", |_| {});
        feed_by(&DAEMON, site, vec![event]).0
    };
    let (site, second) = until_it_ends(begun(), None, 1000);
    assert_eq!(second, 300);
    assert!(site.applications["pos"].quarantine.as_ref().unwrap().reason.starts_with("DeadlineExceeded"));
    let (site, second) = until_it_ends(begun(), Some("an image"), 1000);
    assert_eq!(second, 1000, "three times the deadline, and no rollback");
    assert!(site.applications["pos"].quarantine.is_none());
}

#[test]
fn what_was_unhealthy_before_and_was_changed_is_held_without_going_back() {
    let site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "b")]);
    let (mut site, _) = feed_by(&DAEMON, site, vec![applied("pos")]);
    let application = site.applications.get_mut("pos").unwrap();
    application.spent = application.terms.deadline;
    let event = look(&site, "pos", |judged| judged.is_old = true);
    let (site, effects) = feed_by(&DAEMON, site, vec![event]);
    assert_eq!(effects.iter().filter(|effect| **effect == Effect::Apply).count(), 0);
    assert_eq!(site.applications["pos"].held().unwrap().reason, STILL_UNHEALTHY);
    assert!(!site.applications["pos"].is_back());
}

#[test]
fn what_depends_on_it_goes_back_too_and_comes_again_with_the_fix() {
    let shop = |n, content: &str| {
        let mut shop = target(n, "shop", content);
        shop.terms.depends_on.insert("pos".to_owned());
        shop
    };
    let targets = |n, pos: &str, shop_content: &str| {
        vec![target(n, "other", "b"), target(n, "pos", pos), shop(n, shop_content)]
    };
    let site = begin(steady(&["other", "pos", "shop"]), 2, targets(2, "bad", "b"));
    let event = all_applied(&site);
    let (site, _) = feed_by(&DAEMON, site, vec![event]);
    let event = look(&site, "pos", |judged| judged.failed = Some(crash()));
    let (site, _) = feed_by(&DAEMON, site, vec![event]);
    assert_eq!(phases(&site), [Settling, RollingBack, RollingBack]);
    assert!(site.applications["shop"].quarantine.is_none(), "it did nothing wrong");
    let site = begin(site, 3, targets(3, "fixed", "b"));
    assert!(site.applications.values().all(|application| !application.is_back()));
}

#[test]
fn the_whole_site_goes_back_where_the_application_says_so_and_nothing_where_it_says_hold() {
    let with = |rollback| {
        let mut targets = vec![target(2, "other", "b"), target(2, "pos", "bad")];
        targets.iter_mut().for_each(|target| target.terms.rollback = rollback);
        let site = begin(steady(&["other", "pos"]), 2, targets);
        let event = all_applied(&site);
        let (site, _) = feed_by(&DAEMON, site, vec![event]);
        let event = look(&site, "pos", |judged| judged.failed = Some(crash()));
        feed_by(&DAEMON, site, vec![event]).0
    };
    assert_eq!(phases(&with(Rollback::Site)), [RollingBack, RollingBack]);
    let held = with(Rollback::Hold);
    assert_eq!(phases(&held), [Settling, Held]);
    assert!(!held.applications["pos"].is_back());
}

#[test]
fn a_rollback_that_fails_is_held_and_heals_toward_last_good() {
    let mut site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "bad")]);
    (site, _) = feed_by(&DAEMON, site, vec![applied("pos")]);
    let event = look(&site, "pos", |judged| judged.failed = Some(crash()));
    (site, _) = feed_by(&DAEMON, site, vec![event, applied("pos")]);
    let application = site.applications.get_mut("pos").unwrap();
    application.spent = application.terms.deadline;
    let event = look(&site, "pos", |_| {});
    let (site, _) = feed_by(&DAEMON, site, vec![event]);
    assert_eq!(site.applications["pos"].held().unwrap().reason, ROLLBACK_FAILED);
    assert!(site.applications["pos"].is_back(), "it still runs last-good");
    let (site, _) = feed_by(&DAEMON, site, vec![Event::Noticed(Notice { drift: false, health: true })]);
    let (site, _) = feed_by(&DAEMON, site, vec![judged("pos", Health::Current)]);
    assert_eq!(phases(&site), [ApplicationPhase::Steady]);
}

#[test]
fn what_is_refused_in_the_middle_fails_and_what_is_refused_before_is_held() {
    let refused = |reason| Trouble { reason, ..trouble(ErrorClass::Terminal) };
    let site = || begin(steady(&["pos"]), 2, vec![target(2, "pos", "b")]);
    let (failed, effects) = feed_by(&DAEMON, site(), vec![stopped("pos", refused("ImmutableField"))]);
    assert_eq!(effects, [Effect::Remember, Effect::Apply]);
    assert!(failed.applications["pos"].is_quarantined());
    let before =
        Applied { name: "pos".to_owned(), stopped: Some(refused("ImmutableField")), is_partial: false };
    let (held, effects) = feed_by(&DAEMON, site(), vec![Event::Applied(vec![before])]);
    assert_eq!(effects, [Effect::Remember, Effect::Apply], "last-good goes on being healed");
    assert_eq!(phases(&held), [Held]);
    assert!(held.applications["pos"].quarantine.is_none());
    // It is tried again from time to time: somebody may have mended it.
    let (held, _) = feed_by(&DAEMON, held, vec![applied("pos"), judged("pos", Health::Current)]);
    let until = held.due().unwrap().max(after(300));
    let (held, effects) = step(held, Event::Tick, until, 7, &DAEMON);
    assert!(effects.contains(&Effect::Apply));
    assert!(!held.applications["pos"].is_back());
}

#[test]
fn a_first_sync_that_crashes_goes_on() {
    let site = begin(resume(&Facts::default(), now()), 1, vec![target(1, "pos", "a")]);
    let (mut site, _) = feed_by(&DAEMON, site, vec![applied("pos")]);
    site.applications.get_mut("pos").unwrap().spent = std::time::Duration::from_secs(10_000);
    let event = look(&site, "pos", |judged| judged.failed = Some(crash()));
    let (site, _) = feed_by(&DAEMON, site, vec![event]);
    assert_eq!(phases(&site), [Settling]);
    let (site, _) = feed_by(&DAEMON, site, vec![Event::Noticed(Notice { drift: false, health: true })]);
    let (site, _) = feed_by(&DAEMON, site, vec![judged("pos", Health::Current)]);
    let (site, _) = step(site, Event::Tick, after(2), 7, &DAEMON);
    let (site, _) = step(site, judged("pos", Health::Current), after(60), 7, &DAEMON);
    assert_eq!(phases(&site), [ApplicationPhase::Steady]);
}

#[test]
fn retry_lifts_the_quarantine_and_a_person_can_go_back() {
    let mut site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "bad")]);
    site.applications.get_mut("pos").unwrap().fail(crash());
    let (site, effects) = feed_by(&DAEMON, site, vec![Event::Ordered(Order::Retry(Some("pos".to_owned())))]);
    assert_eq!(effects, [Effect::Apply]);
    assert!(!site.applications["pos"].is_back());
    let (site, effects) =
        feed_by(&DAEMON, site, vec![Event::Ordered(Order::Rollback(vec![target(1, "pos", "a")]))]);
    assert_eq!(effects, [Effect::Apply]);
    assert_eq!(phases(&site), [RollingBack]);
    assert_eq!(site.accepted, Some(revision(2)), "the floor does not move");
    assert!(site.applications["pos"].is_quarantined());
}

#[test]
fn what_was_spent_of_a_deadline_is_not_given_back_by_a_boot() {
    let mut site = begin(steady(&["pos"]), 2, vec![target(2, "pos", "slow")]);
    site.applications.get_mut("pos").unwrap().spent = std::time::Duration::from_secs(200);
    let facts = attempting(&Facts::default(), &site);
    let again = begin(resume(&facts, now()), 2, vec![target(2, "pos", "slow")]);
    assert_eq!(again.applications["pos"].spent.as_secs(), 200);
    let other = begin(resume(&facts, now()), 3, vec![target(3, "pos", "other")]);
    assert_eq!(other.applications["pos"].spent.as_secs(), 0);
}

#[test]
fn what_depends_on_something_is_no_better_than_that() {
    let front = |n, content| {
        let mut front = target(n, "front", content);
        front.terms.depends_on.insert("pos".to_owned());
        front
    };
    let mut targets = vec![target(2, "pos", "b"), front(2, "b")];
    targets.iter_mut().for_each(|target| target.terms.quiet = std::time::Duration::ZERO);
    let site = begin(steady(&["front", "pos"]), 2, targets);
    let event = all_applied(&site);
    let (site, _) = feed_by(&DAEMON, site, vec![event]);
    let event = look(&site, "pos", |_| {});
    let (site, _) = feed_by(&DAEMON, site, vec![event]);
    assert_eq!(site.applications["front"].waits_for.as_deref(), Some("pos"));
    assert_eq!(phases(&site), [Settling, Settling]);
    let seen = Event::Noticed(Notice { drift: false, health: true });
    let event = look(&site, "nobody", |_| {});
    let (good, _) = feed_by(&DAEMON, site.clone(), vec![seen.clone(), event]);
    assert!(good.is_at_its_goal(), "whatever the order in which they are told");
    let event = look(&site, "pos", |judged| judged.failed = Some(crash()));
    let (back, effects) = feed_by(&DAEMON, site, vec![seen, event]);
    assert_eq!(effects, [Effect::Remember, Effect::Apply]);
    assert!(back.applications["front"].is_back() && back.applications["front"].quarantine.is_none());
}

#[test]
fn an_image_that_takes_longer_than_is_allowed_is_told_and_waited_for() {
    let mut new = target(2, "pos", "b");
    new.terms.pull_deadline = Some(std::time::Duration::from_secs(3600));
    let site = begin(steady(&["pos"]), 2, vec![new]);
    let (site, _) = feed_by(&DAEMON, site, vec![applied("pos")]);
    let event = look(&site, "pos", |judged| judged.patience = Some("it waits for pos:2".to_owned()));
    let (site, _) = feed_by(&DAEMON, site, vec![event.clone()]);
    let code = |site: &Site, at| {
        let status =
            site.status(&"store".parse().unwrap(), &Facts::default(), LinkStatus::default(), now(), at);
        status.applications[0].reason.clone().unwrap().code
    };
    assert_eq!(code(&site, after(3599)), "Waiting");
    let (site, _) = step(site, Event::Tick, after(3600), 7, &DAEMON);
    let (site, _) = step(site, event, after(3600), 7, &DAEMON);
    assert_eq!((code(&site, after(3600)).as_str(), phases(&site)), ("PullDeadlineExceeded", vec![Settling]));
}
