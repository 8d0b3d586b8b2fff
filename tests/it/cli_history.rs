//! `standfast history` as a technician at the console sees it: from the audit log and the facts, with no agent.

use crate::support::audited::{open, revision, status, told};
use serde_json::{Value, json};
use standfast::model::{Act, ApplicationPhase, ChangeSet, Done, Facts, Floor, Moment, Outcome, SitePhase};
use standfast::report::Sink;
use standfast::report::audit::{Audit, Limits};
use standfast::store::durable::RealDisk;
use standfast::store::{self, Changes};
use std::process::{Command, Output};
use tempfile::TempDir;

struct Console(TempDir);

impl Console {
    /// A site's configuration in a folder.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let config = json!({
            "site": {"name": "emea/de/store-042"},
            "source": {"mirrors": [{"path": path.join("mirror")}]},
            "trust": {"allowedSigners": path.join("signers")},
            "paths": {"state": path.join("state"), "run": path.join("run")},
        });
        std::fs::write(path.join("config.yaml"), config.to_string()).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let config = self.0.path().join("config.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
        command.arg("history").args(arguments).arg("--config").arg(config).env_clear().output().unwrap()
    }

    fn shown(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let text = text.replace(self.0.path().to_str().unwrap(), "FOLDER");
        format!("{}\nexit code {}", text.trim_end(), output.status.code().unwrap())
    }

    /// A log of two revisions, of which the second did not work.
    fn live(&self) {
        let audit = open(RealDisk, &self.0.path().join("state/audit"), Limits::default());
        told(1).iter().for_each(|one| one.tell(&audit));
        told(2).iter().take(5).for_each(|one| one.tell(&audit));
        go_back(&audit);
        audit
            .moment(&Moment::Acted(Act { what: "suspend: stock\u{1b}[2Jtaking".to_owned(), uid: 4_000_000 }));
    }

    /// Facts of the same site.
    fn remember(&self) {
        let floor = |number| Floor {
            revision: revision(number),
            accepted: "2026-01-01T00:00:00Z".parse().unwrap(),
            began: revision(1).commit,
            signer: "alice".to_owned(),
        };
        let mut facts = Facts {
            floor: Some(floor(2)),
            last_good: Some(revision(1)),
            pinned: vec![revision(1), revision(3)],
            ..Facts::default()
        };
        let settings = store::Settings::new(self.0.path().join("state"));
        let mut store = store::open(&settings, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        store.load().unwrap();
        store.save(&mut facts, &Changes::default()).unwrap();
    }
}

/// The application goes back from the second revision to the first.
fn go_back(audit: &Audit) {
    let mut settling = status(&revision(2), SitePhase::Settling);
    settling.applications[0].last_good = Some(revision(1).to_string());
    audit.status(&settling);
    let mut back = status(&revision(2), SitePhase::RollingBack);
    let application = &mut back.applications[0];
    application.phase = ApplicationPhase::RollingBack;
    application.revision = Some(revision(1).to_string());
    application.last_good.clone_from(&application.revision);
    application.reason = Some(standfast::model::status::Reason {
        code: "CrashLoop".to_owned(),
        message: "Pod pos/till-1 crashes again and again".to_owned(),
    });
    audit.status(&back);
    let done = |name: &str| Done {
        key: crate::support::audited::key(name),
        application: "pos".to_owned(),
        outcome: Outcome::Configured,
    };
    let set = ChangeSet { done: vec![done("till"), done("scale")], ..ChangeSet::default() };
    audit.moment(&Moment::Applied(set));
    audit.status(&back);
}

#[test]
fn what_was_accepted_applied_and_ordered_and_what_one_can_go_back_to() {
    let console = Console::new();
    console.remember();
    console.live();
    insta::assert_snapshot!(console.shown(&[]), @r"
    WHEN                  WHAT       REVISION      APPLICATIONS  BY                MORE
    2026-01-01T00:01:00Z  accepted   010101010101  -             alice SHA256:abc  trust begins here
    2026-01-01T00:04:00Z  applied    010101010101  pos           -                 1 created
    2026-01-01T00:06:00Z  last-good  010101010101  -             -
    2026-01-01T00:12:00Z  accepted   020202020202  -             alice SHA256:abc
    2026-01-01T00:15:00Z  applied    020202020202  pos           -                 1 created
    2026-01-01T00:17:00Z  went back  010101010101  pos           -                 from 020202020202: CrashLoop: Pod pos/till-1 crashes again and again
    2026-01-01T00:18:00Z  applied    010101010101  pos           -                 2 configured
    2026-01-01T00:20:00Z  ordered    -             -             user 4000000      suspend: stock [2Jtaking

    one can go back to these with `standfast rollback REVISION`:
      010101010101  last-good
      030303030303
    exit code 0
    ");
    insta::assert_snapshot!(console.shown(&["-n", "2"]), @r"
    WHEN                  WHAT     REVISION      APPLICATIONS  BY            MORE
    2026-01-01T00:18:00Z  applied  010101010101  pos           -             2 configured
    2026-01-01T00:20:00Z  ordered  -             -             user 4000000  suspend: stock [2Jtaking

    one can go back to these with `standfast rollback REVISION`:
      010101010101  last-good
      030303030303
    exit code 0
    ");
    assert!(!console.shown(&["--since", "1m"]).contains("accepted  "));
}

#[test]
fn programs_get_the_same() {
    let console = Console::new();
    console.remember();
    console.live();
    let shown: Value = serde_json::from_slice(&console.run(&["-o", "json"]).stdout).unwrap();
    let back = shown["happened"].as_array().unwrap().iter().find(|one| one["what"] == "wentBack").unwrap();
    assert_eq!(
        *back,
        json!({
            "record": back["record"], "time": back["time"], "what": "wentBack", "applications": ["pos"],
            "revision": revision(1).to_string(), "from": revision(2).to_string(),
            "message": "CrashLoop: Pod pos/till-1 crashes again and again",
        })
    );
    assert_eq!(
        shown["pinned"],
        json!([
            {"revision": revision(1).to_string(), "isLastGood": true, "isAccepted": false},
            {"revision": revision(3).to_string(), "isLastGood": false, "isAccepted": false},
        ])
    );
}

#[test]
fn a_site_where_nothing_happened_yet() {
    insta::assert_snapshot!(Console::new().shown(&[]), @r"
    WHEN  WHAT  REVISION  APPLICATIONS  BY  MORE

    there is no revision yet that one could go back to
    exit code 0
    ");
}

#[test]
fn facts_that_cannot_be_read_are_not_taken_for_none() {
    let console = Console::new();
    console.remember();
    std::fs::write(console.0.path().join("state/facts"), "not facts").unwrap();
    insta::assert_snapshot!(console.shown(&[]), @r"
    error: StoreReadOnly: there are no whole facts in FOLDER/state/facts to look at beside the running agent: see `standfast status`
    exit code 1
    ");
}
