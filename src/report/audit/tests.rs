//! What is written down, and what is not.

use super::chain::Link;
use super::event::Event;
use super::telling::Telling;
use super::{End, verify_export};
use crate::model::status::{ApplicationStatus, LinkStatus, Reason, Revisions};
use crate::model::{
    ApplicationPhase, Change, ChangeSet, CommitId, Done, Drift, DriftAnswer, DriftKind, Hash, Health, Moment,
    ObjectKey, Outcome, Refusal, RefusalReason, Revision, SignerName, SitePhase, SiteStatus, Trouble,
    Verification,
};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

/// One telling with a clock of its own.
struct Story {
    telling: Telling,
    now: Timestamp,
}

impl Story {
    /// A site that is steady, and has said so.
    fn steady() -> Self {
        let mut story = Self::new();
        assert_eq!(story.status(SitePhase::Steady).len(), 2, "began, steady");
        story
    }

    fn new() -> Self {
        Self { telling: Telling::default(), now: "2027-01-15T08:00:00Z".parse().unwrap() }
    }

    fn wait(&mut self, minutes: i64) -> &mut Self {
        self.now += minutes.minutes();
        self
    }

    fn moment(&mut self, moment: Moment) -> Vec<Value> {
        json_of(self.telling.moment(&moment, self.now))
    }

    fn status(&mut self, phase: SitePhase) -> Vec<Value> {
        json_of(self.telling.status(&status(phase, None), self.now))
    }

    fn held(&mut self, code: &str) -> Vec<Value> {
        json_of(self.telling.status(&status(SitePhase::Held, Some(code)), self.now))
    }
}

fn json_of(events: Vec<Event>) -> Vec<Value> {
    events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

fn revision() -> Revision {
    Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: CommitId(Hash::Sha1([0xab; 20])) }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey {
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("pos".to_owned()),
        name: name.to_owned(),
    }
}

fn status(phase: SitePhase, code: Option<&str>) -> SiteStatus {
    let reason = code.map(|code| Reason { code: code.to_owned(), message: "so it is".to_owned() });
    let of = match phase {
        SitePhase::Held => ApplicationPhase::Held,
        SitePhase::Settling => ApplicationPhase::Settling,
        _ => ApplicationPhase::Steady,
    };
    let application = ApplicationStatus {
        name: "pos".to_owned(),
        phase: of,
        revision: None,
        last_good: None,
        quarantined: None,
        objects: 1,
        health: Health::Current,
        reason,
    };
    SiteStatus {
        site: "store-042".to_owned(),
        phase,
        since: String::new(),
        updated: String::new(),
        suspended: None,
        standby: None,
        reason: None,
        revision: Revisions { applied: Some(revision().to_string()), ..Revisions::default() },
        trust: None,
        applications: vec![application],
        link: LinkStatus::default(),
    }
}

fn drift(name: &str) -> Moment {
    let change = Change {
        path: "/data/password".to_owned(),
        from: Some("\"hunter2\"".to_owned()),
        to: Some("\"correct-horse\"".to_owned()),
    };
    Moment::Drifted(Drift {
        key: key(name),
        application: "pos".to_owned(),
        kind: DriftKind::Changed,
        by: vec!["kubectl-edit".to_owned()],
        changes: vec![change],
        answer: DriftAnswer::Healed,
    })
}

#[test]
fn a_site_where_nothing_happens_only_says_that_it_still_looks() {
    let mut story = Story::steady();
    for _ in 0..11 {
        story.wait(5);
        assert_eq!(story.moment(Moment::Fetching), [] as [Value; 0]);
        assert_eq!(
            story.moment(Moment::Fetched { mirror: "m".to_owned(), commits: 0, bytes: 300 }),
            [] as [Value; 0]
        );
        assert_eq!(
            story.moment(Moment::Applied(ChangeSet { unchanged: 40, ..ChangeSet::default() })),
            [] as [Value; 0]
        );
        for phase in [SitePhase::Fetching, SitePhase::Verifying, SitePhase::Steady] {
            assert_eq!(story.status(phase), [] as [Value; 0]);
        }
    }
    let still = json!({"kind": "still", "steady": true, "revision": revision().to_string()});
    assert_eq!(story.wait(5).status(SitePhase::Steady), vec![still.clone()]);
    assert_eq!(story.wait(59).status(SitePhase::Steady), [] as [Value; 0]);
    assert_eq!(story.wait(1).status(SitePhase::Steady), [still]);
}

#[test]
fn from_steady_and_back() {
    let mut story = Story::steady();
    let kinds =
        |events: Vec<Value>| -> Vec<_> { events.iter().map(|event| event["kind"].to_string()).collect() };
    let unsteady = story.status(SitePhase::Settling);
    assert_eq!(
        unsteady,
        [
            json!({"kind": "unsteady", "phase": "Settling", "reason": null, "message": null, "applications": ["pos"]})
        ]
    );
    assert_eq!(story.status(SitePhase::Applying), [] as [Value; 0]);
    let held = story.held("ConflictRefused");
    assert_eq!(held[0]["reason"], "ConflictRefused");
    assert_eq!(story.held("ConflictRefused"), [] as [Value; 0]);
    assert_eq!(story.held("ImmutableField")[0]["reason"], "ImmutableField");
    assert_eq!(kinds(story.status(SitePhase::Steady)), ["\"steady\""]);
    assert_eq!(story.telling.end(), [Event::Ended]);
}

#[test]
fn who_signed_what_is_accepted() {
    let mut story = Story::steady();
    let good = |name: &str| Verification::Good {
        signer: SignerName(name.to_owned()),
        fingerprint: format!("SHA256:{name}"),
    };
    for name in ["bob", "alice", "bob"] {
        assert_eq!(story.moment(Moment::Checked(revision().commit, good(name))), [] as [Value; 0]);
    }
    let accepted =
        |is_beginning| Moment::Accepted { revision: revision(), signer: "bob".to_owned(), is_beginning };
    assert_eq!(
        story.moment(accepted(false)),
        [json!({"kind": "accepted", "revision": revision().to_string(), "signer": "bob",
            "signers": ["alice SHA256:alice", "bob SHA256:bob"], "commits": 3, "beginning": false})]
    );
    assert_eq!(story.moment(accepted(true))[0]["signers"], json!([]), "each acceptance has its own");
}

#[test]
fn an_offer_that_is_refused_at_every_poll_is_one_record() {
    let mut story = Story::steady();
    let refused = |why: &str| Moment::Refused(Trouble::terminal("UnknownKey", why));
    assert_eq!(story.moment(refused("by mallory")).len(), 1);
    assert_eq!(story.moment(refused("by mallory")).len(), 0);
    assert_eq!(story.moment(refused("by eve")).len(), 1);
    story.moment(Moment::Fetched { mirror: "m".to_owned(), commits: 0, bytes: 0 });
    assert_eq!(story.moment(refused("by eve")).len(), 1, "it was gone meanwhile");
}

#[test]
fn refused_objects_are_written_when_they_are_news() {
    let mut story = Story::steady();
    let refusal = |name: &str| Refusal {
        application: Some("pos".to_owned()),
        key: Some(key(name)),
        reason: RefusalReason::Conflict,
        message: "kubectl owns .spec.replicas".to_owned(),
    };
    let mut applied = |names: &[&str]| {
        let refused = names.iter().map(|name| refusal(name)).collect();
        let events = story.moment(Moment::Applied(ChangeSet { refused, ..ChangeSet::default() }));
        events.iter().flat_map(|event| event["refused"].as_array().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(applied(&["a"])[0]["object"], "Deployment.apps pos/a");
    assert_eq!(applied(&["a"]), [] as [Value; 0]);
    assert_eq!(applied(&["a", "b"])[0]["object"], "Deployment.apps pos/b");
    assert_eq!(applied(&[]), [] as [Value; 0]);
    assert_eq!(applied(&["a"]).len(), 1);
}

#[test]
fn a_fight_is_counted_and_loses_no_count() {
    let mut story = Story::steady();
    let first = story.moment(drift("a"));
    assert_eq!(
        first,
        [
            json!({"kind": "drifted", "object": "Deployment.apps pos/a", "application": "pos", "change": "changed",
            "by": ["kubectl-edit"], "fields": ["/data/password"], "answer": "healed", "times": 1})
        ]
    );
    for _ in 0..9 {
        assert_eq!(story.wait(1).moment(drift("a")), [] as [Value; 0]);
    }
    assert_eq!(story.moment(drift("b")).len(), 1, "another object has a count of its own");
    assert_eq!(story.wait(1).moment(drift("a"))[0]["times"], 10);
    story.wait(1).moment(drift("a"));
    story.moment(drift("a"));
    assert_eq!(story.status(SitePhase::Steady), [] as [Value; 0]);
    let late = story.wait(10).status(SitePhase::Steady);
    assert_eq!((late.len(), &late[0]["times"]), (1, &json!(2)));
    story.wait(1).moment(drift("a"));
    assert_eq!(json_of(story.telling.end())[0]["times"], 1);
}

#[test]
fn the_longest_records_still_fit_a_line() {
    let mut story = Story::steady();
    let long = "\"\n".repeat(5000);
    let done = |at: usize| Done {
        key: key(&format!("{at}{long}")),
        application: long.clone(),
        outcome: Outcome::Configured,
    };
    let refusal = |at: usize| Refusal {
        application: Some(long.clone()),
        key: Some(key(&format!("{at}{long}"))),
        reason: RefusalReason::Invalid,
        message: long.clone(),
    };
    let set = ChangeSet {
        done: (0..2000).map(done).collect(),
        refused: (0..2000).map(refusal).collect(),
        unchanged: 0,
    };
    let events = story.telling.moment(&Moment::Applied(set), story.now);
    let (line, _) = Link::beginning().next(story.now, &events[0]).unwrap();
    assert!(line.len() < 192 << 10, "{} bytes", line.len());
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(json_of(events)[0]["more"], 1950);
}

/// A site whose one application runs `running` and was steady with `last_good`.
fn running(phase: ApplicationPhase, running: &str, last_good: &str) -> SiteStatus {
    let mut status = status(SitePhase::from(phase), None);
    let application = &mut status.applications[0];
    application.phase = phase;
    (application.revision, application.last_good) = (Some(running.to_owned()), Some(last_good.to_owned()));
    status
}

#[test]
fn going_back_is_told_once_and_what_runs_instead_with_what_is_done() {
    use ApplicationPhase::{Applying, Held, RollingBack, Settling, Steady};
    let mut story = Story::new();
    let mut tell = |phase, running_now: &str, last_good: &str| {
        let status = running(phase, running_now, last_good);
        let events = json_of(story.telling.status(&status, story.now));
        let done = Done { key: key("till"), application: "pos".to_owned(), outcome: Outcome::Configured };
        let set = ChangeSet { done: vec![done], ..ChangeSet::default() };
        let done = json_of(story.telling.moment(&Moment::Applied(set), story.now));
        let back = events.into_iter().find(|event| event["kind"] == "back");
        (back, done[0]["instead"].clone())
    };
    assert_eq!(tell(Settling, "new", "old"), (None, Value::Null));
    let back = json!({"kind": "back", "application": "pos", "from": "new", "to": "old", "reason": null, "message": null});
    assert_eq!(tell(RollingBack, "old", "old"), (Some(back.clone()), json!({"pos": "old"})));
    assert_eq!(tell(RollingBack, "old", "old").0, None);
    assert_eq!(tell(Steady, "old", "old"), (None, json!({"pos": "old"})), "it still runs last-good");
    // Forward again, refused in the middle, and back: it is held, and last-good goes on.
    assert_eq!(tell(Applying, "new", "old"), (None, Value::Null));
    assert_eq!(tell(Held, "old", "old"), (Some(back), json!({"pos": "old"})));
    // A revert renders what last-good is.
    assert_eq!(tell(Steady, "reverted", "reverted"), (None, Value::Null));
}

#[test]
fn an_application_that_was_back_before_the_agent_started_is_no_news() {
    let mut story = Story::new();
    for phase in [ApplicationPhase::RollingBack, ApplicationPhase::Steady] {
        let status = running(phase, "old", "old");
        let events = json_of(story.telling.status(&status, story.now));
        assert!(events.iter().all(|event| event["kind"] != "back"), "{events:#?}");
        let steady = events.iter().find(|event| event["kind"] == "steady");
        assert!(steady.is_none_or(|steady| steady["instead"] == json!({"pos": "old"})), "{events:#?}");
    }
}

/// An export of some records, with its end.
fn export() -> String {
    let (mut text, mut end) = (String::new(), Link::beginning());
    for what in ["a", "b", "c", "d"] {
        let ordered = Event::Ordered { what: what.to_owned(), uid: 0 };
        let (line, next) = end.next(Timestamp::UNIX_EPOCH, &ordered).unwrap();
        (text, end) = (text + &line, next);
    }
    let mut report = verify_export(text.as_bytes(), Path::new("export")).unwrap();
    assert_eq!(report.faults.len(), 1, "it has no end yet");
    report.faults.clear();
    let end = End::of("store-042", &report, Timestamp::UNIX_EPOCH).unwrap();
    text + &serde_json::to_string(&end).unwrap() + "\n"
}

/// How many records an export has, if it is whole.
fn whole(export: &[u8]) -> Option<u64> {
    let report = verify_export(export, Path::new("export")).unwrap();
    assert!(report.faults.len() <= 20);
    report.faults.is_empty().then_some(report.records)
}

#[test]
fn an_export_that_nobody_touched_is_whole() {
    let text = export();
    assert_eq!(whole(text.as_bytes()), Some(4));
    assert_eq!(whole(b""), None);
    let (records, _) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(whole(records.as_bytes()), None, "without its end it may be a part");
    let huge = export().replacen("\"number\":4", &format!("\"number\":{}", u64::MAX), 1);
    assert_eq!(whole(huge.as_bytes()), None);
}

proptest! {
    #[test]
    fn whatever_stands_in_an_export_it_is_judged(bytes in prop::collection::vec(any::<u8>(), 0..400), lines in ".{0,40}\n.{0,40}\n") {
        whole(&bytes);
        whole(lines.as_bytes());
    }

    /// What is whole has only what was there, from some record on and up to the end.
    #[test]
    fn an_export_in_pieces_is_whole_only_without_its_beginning(from in 0usize..2000, length in 0usize..2000, other: u8) {
        let export = export();
        let mut bytes = export.clone().into_bytes();
        let from = from.min(bytes.len());
        let to = (from + length).min(bytes.len());
        bytes.splice(from..to, [other]);
        if let Some(records) = whole(&bytes) {
            let kept = String::from_utf8(bytes).unwrap();
            let known: Vec<_> = kept.lines().filter(|line| line.contains("\"number\"")).collect();
            prop_assert_eq!(known.len() as u64, records);
            prop_assert!(known.iter().all(|line| export.contains(line)));
        }
    }
}
