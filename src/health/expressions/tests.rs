use crate::health::tests::live;
use crate::health::{RuleBook, Rules};
use crate::model::Health::{self, Current, Failed, InProgress, Terminating, Unknown};
use crate::model::{Application, Check, Desired, DesiredApplication, Digest, Guard, fake};
use serde_json::{Value, json};

#[test]
fn checks_in_the_words_of_the_fleet() {
    let check = |in_progress: Option<&str>, failed: Option<&str>, current: &str| Check {
        group: "example.com".to_owned(),
        kind: "Widget".to_owned(),
        current: current.to_owned(),
        in_progress: in_progress.map(str::to_owned),
        failed: failed.map(str::to_owned),
    };
    let judged = |check: Check, value: Value| {
        let application = Application { checks: vec![check], ..fake::application("web") };
        let status = Rules::of(&application).judge(&live("example.com/v1", "Widget", value));
        (status.health, status.message)
    };
    let told = |value: Value| {
        let whole =
            check(Some("status.phase == 'Busy'"), Some("status.phase == 'Broken'"), "status.phase == 'Fine'");
        judged(whole, value)
    };
    let expect = |health: Health, message: &str| (health, message.to_owned());
    let phase = |phase: &str| json!({"status": {"phase": phase}});
    assert_eq!(told(phase("Fine")), expect(Current, "its check `current` holds"));
    assert_eq!(told(phase("Busy")), expect(InProgress, "its check `inProgress` holds"));
    assert_eq!(told(phase("Broken")), expect(Failed, "its check `failed` holds"));
    assert_eq!(told(phase("Odd")), expect(InProgress, "none of its checks holds"));
    let missing = "its check `inProgress` has no answer: there is no field status";
    assert_eq!(told(json!({})), expect(InProgress, missing));
    let mut broken = phase("Broken");
    broken["status"]["conditions"] =
        json!([{"type": "Ready", "status": "False", "reason": "Disk", "message": "full"}]);
    assert_eq!(told(broken), expect(Failed, "its check `failed` holds: Disk: full"));

    // All of them hold: the order counts. What comes before them, and what does not.
    let all = || check(Some("has(status.busy)"), Some("true"), "true");
    assert_eq!(judged(all(), json!({"status": {"busy": 1}})).0, InProgress);
    assert_eq!(judged(all(), json!({"status": {}})).0, Failed);
    let good = || check(None, None, "true");
    assert_eq!(judged(good(), json!({})).0, Current);
    assert_eq!(judged(good(), json!({"metadata": {"deletionTimestamp": "now"}})).0, Terminating);
    assert_eq!(
        judged(good(), json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}})).0,
        InProgress
    );
    let stalled = json!({"status": {"conditions": [{"type": "Stalled", "status": "True"}, {"type": "Ready", "status": "False"}]}});
    assert_eq!(judged(good(), stalled).0, Current);

    let no_bool = "its check `current` has no answer: it gives a string instead of true or false";
    assert_eq!(judged(check(None, None, "status.phase"), phase("Fine")), expect(Unknown, no_bool));
    let long = json!({"status": {"list": (0..500).collect::<Vec<_>>()}});
    let slow = check(None, None, "status.list.all(a, status.list.all(b, a + b >= 0))");
    let too_long = "its check `current` has no answer: it takes more than 100000 steps";
    assert_eq!(judged(slow, long), expect(Unknown, too_long));
    let unreadable = judged(check(None, None, "status."), json!({}));
    assert_eq!(
        (unreadable.0, unreadable.1.starts_with("its check cannot be read: at character 8")),
        (Unknown, true)
    );

    let digest = Digest::of(b"");
    let applications = [("with", vec![good()]), ("without", vec![])].map(|(name, checks)| {
        let application = Application { checks, ..fake::application(name) };
        DesiredApplication { application, objects: Vec::new(), digest }
    });
    let revision = format!("refs/heads/main@sha1:{}", "1".repeat(40)).parse().unwrap();
    let desired = Desired { revision, guard: Guard::default(), applications: applications.into() };
    let book = RuleBook::of(&desired);
    let waiting = live(
        "example.com/v1",
        "Widget",
        json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
    );
    let judged_as = |name: &str| book.judge(name, &waiting).health;
    assert_eq!(
        (judged_as("with"), judged_as("without"), judged_as("gone")),
        (Current, InProgress, InProgress)
    );

    let other = Application { checks: vec![good()], ..fake::application("web") };
    let gadget = live(
        "example.com/v1",
        "Gadget",
        json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
    );
    assert_eq!(Rules::of(&other).judge(&gadget).health, InProgress, "it has no check");
}
