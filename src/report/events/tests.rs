//! What is told, how much of it, and in which words.

use super::Waiting;
use super::notice::{About, Notice};
use super::pile::Pile;
use crate::model::{
    Change, ChangeSet, Done, Drift, DriftAnswer, DriftKind, Moment, ObjectKey, Outcome, Refusal,
    RefusalReason, Trouble,
};
use std::collections::BTreeMap;
use tokio::time::Instant;

fn key(name: &str) -> ObjectKey {
    ObjectKey {
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("pos".to_owned()),
        name: name.to_owned(),
    }
}

fn done(name: &str, application: &str, outcome: Outcome) -> Done {
    Done { key: key(name), application: application.to_owned(), outcome }
}

fn applied(done: Vec<Done>) -> Moment {
    Moment::Applied(ChangeSet { done, ..ChangeSet::default() })
}

fn drift(name: &str, answer: DriftAnswer) -> Moment {
    let change = |path: &str| Change {
        path: path.to_owned(),
        from: Some("\"hunter2\"".to_owned()),
        to: Some("\"correct-horse\"".to_owned()),
    };
    Moment::Drifted(Drift {
        key: key(name),
        application: "pos".to_owned(),
        kind: DriftKind::Changed,
        by: vec!["kubectl-edit".to_owned()],
        changes: ["/a", "/b", "/c", "/d", "/e", "/f", "/g"].map(change).into(),
        answer,
    })
}

fn waiting() -> Waiting {
    Waiting {
        pile: Pile::new(),
        revision: Some("refs/heads/main@sha1:ab".to_owned()),
        refused: BTreeMap::new(),
        known: Instant::now(),
    }
}

/// What is told of some moments at once: reason, whether a warning, words.
fn told(moments: &[Moment]) -> Vec<(&'static str, bool, String)> {
    let mut waiting = waiting();
    moments.iter().for_each(|moment| _ = waiting.add(moment));
    waiting.pile.take().into_iter().map(|notice| (notice.reason, notice.is_warning, notice.message)).collect()
}

#[test]
fn what_changes_nothing_is_not_told() {
    let quiet = [
        Moment::Fetching,
        applied(Vec::new()),
        applied(vec![done("a", "pos", Outcome::Failed), done("b", "pos", Outcome::Terminating)]),
        Moment::Note("a note".to_owned()),
    ];
    let mut waiting = waiting();
    assert!(quiet.iter().all(|moment| !waiting.add(moment)));
    assert_eq!(waiting.due(), None);
}

#[test]
fn few_things_are_told_one_by_one() {
    let words = |text: &str| format!("{text}, as refs/heads/main@sha1:ab says");
    assert_eq!(
        told(&[applied(vec![done("a", "pos", Outcome::Created), done("b", "pos", Outcome::Configured)])]),
        [("Created", false, words("made")), ("Configured", false, words("changed"))]
    );
    assert_eq!(
        told(&[Moment::Refused(Trouble::terminal("UnknownKey", "by mallory"))]),
        [("UnknownKey", true, "by mallory".to_owned())]
    );
}

#[test]
fn drift_is_told_with_its_author_and_without_values() {
    let expect = "changed by kubectl-edit: /a, /b, /c, /d, /e and 2 more; undone".to_owned();
    assert_eq!(told(&[drift("a", DriftAnswer::Healed)]), [("Healed", true, expect.clone())]);
    // In whichever order the two come.
    let plain = || applied(vec![done("a", "pos", Outcome::Healed)]);
    assert_eq!(told(&[plain(), drift("a", DriftAnswer::Healed)]), [("Healed", true, expect.clone())]);
    assert_eq!(told(&[drift("a", DriftAnswer::Healed), plain()]), [("Healed", true, expect)]);
    assert_eq!(told(&[plain()]), [("Healed", true, "somebody changed it; undone".to_owned())]);
    let nobody = Moment::Drifted(Drift {
        key: key("a"),
        application: "pos".to_owned(),
        kind: DriftKind::Deleted,
        by: Vec::new(),
        changes: Vec::new(),
        answer: DriftAnswer::Detected,
    });
    let expect = "deleted by somebody; left as it is, for the mode is detect".to_owned();
    assert_eq!(told(&[nobody]), [("Drifted", true, expect)]);
}

#[test]
fn the_same_again_is_counted() {
    let mut waiting = waiting();
    (0..5).for_each(|_| _ = waiting.add(&drift("a", DriftAnswer::Fought)));
    let counts: Vec<_> = waiting.pile.take().iter().map(|notice| notice.count).collect();
    assert_eq!(counts, [5]);
}

#[test]
fn much_at_once_is_told_in_one_piece_for_each_application() {
    let many = |application: &str| -> Vec<_> {
        (0..1000).map(|at| done(&format!("{application}{at}"), application, Outcome::Created)).collect()
    };
    let mut some = vec![
        applied(many("pos")),
        applied(many("web")),
        applied(vec![done("x", "web", Outcome::Configured)]),
    ];
    let refusal = Refusal {
        application: Some("web".to_owned()),
        key: Some(key("y")),
        reason: RefusalReason::Conflict,
        message: "kubectl owns it".to_owned(),
    };
    some.push(Moment::Pruned(ChangeSet { refused: vec![refusal], ..ChangeSet::default() }));
    assert_eq!(
        told(&some),
        [
            ("Created", false, "application pos: 1000 Created".to_owned()),
            ("Changed", true, "application web: 1 Configured, 1000 Created, 1 ConflictRefused".to_owned()),
        ]
    );
}

#[test]
fn what_is_refused_at_every_pass_is_told_once() {
    let refused = |message: &str| {
        let refused = vec![Refusal {
            application: Some("pos".to_owned()),
            key: None,
            reason: RefusalReason::PruneGuarded,
            message: message.to_owned(),
        }];
        Moment::Applied(ChangeSet { refused, ..ChangeSet::default() })
    };
    let mut waiting = waiting();
    assert!(waiting.add(&refused("too much")));
    assert!(!waiting.add(&refused("too much")));
    assert!(!waiting.add(&refused("in other words")));
    assert!(!waiting.add(&applied(Vec::new())));
    assert!(waiting.add(&refused("again, after it was not")));
}

#[test]
fn thirty_an_hour_and_no_more() {
    let mut pile = Pile::new();
    let notice = |at: usize| Notice {
        about: About::Object(key(&format!("{at}"))),
        reason: "Created",
        is_warning: false,
        message: String::new(),
        is_plain: false,
        count: 1,
    };
    let mut written = 0;
    let mut most = 0;
    for second in 0..3600 {
        pile.wait(1.0);
        (0..3).for_each(|at| pile.add(&format!("application {}", second % 100), notice(second * 3 + at)));
        let taken = pile.take().len();
        most = most.max(taken);
        written += taken;
    }
    assert!((30..=40).contains(&written) && most <= 10, "{written} events, {most} at once");
    assert!(pile.due().is_some());
    // What waits is bounded, and goes when there is room.
    pile.wait(36_000.0);
    assert!(pile.take().len() <= 10);
}
