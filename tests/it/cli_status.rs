//! `standfast status` as a technician at the console sees it, from what the agent last wrote down.

use serde_json::{Value, json};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A site's configuration in a folder, and the status that its agent left there.
struct Console(TempDir);

impl Console {
    fn new(status: Option<&Value>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join("signers"), "").unwrap();
        let config = json!({
            "site": {"name": "emea/de/store-042"},
            "source": {"mirrors": [{"path": path.join("mirror")}]},
            "trust": {"allowedSigners": path.join("signers")},
            "paths": {"state": path.join("state"), "run": path},
        });
        std::fs::write(path.join("config.yaml"), config.to_string()).unwrap();
        if let Some(status) = status {
            std::fs::write(path.join("status.json"), status.to_string()).unwrap();
        }
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let config = self.0.path().join("config.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
        command.arg("status").arg("--config").arg(config).args(arguments).env_clear().output().unwrap()
    }

    /// What is printed for people, without how long ago things were.
    fn shown(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let without = |line: &str| match line.split_once(" ago)") {
            Some((head, tail)) => head.rsplit_once(" (").unwrap().0.to_owned() + tail,
            None => line.to_owned(),
        };
        let lines: Vec<_> = text.lines().map(without).collect();
        let text = lines.join("\n").replace(self.0.path().to_str().unwrap(), "FOLDER");
        format!("{}\nexit code {}", text.trim_end(), output.status.code().unwrap())
    }
}

fn steady() -> Value {
    let revision = format!("refs/heads/main@sha1:{}", "ab".repeat(20));
    let application = |name: &str| json!({"name": name, "phase": "Steady", "revision": revision, "lastGood": revision, "objects": 6, "health": "Current"});
    json!({
        "site": "emea/de/store-042",
        "phase": "Steady",
        "since": "2026-01-02T03:04:05Z",
        "updated": "2026-01-02T03:04:05Z",
        "revision": {"accepted": revision, "applied": revision, "lastGood": revision},
        "trust": {
            "begins": "cd".repeat(20),
            "signer": "alice@acme.example (SHA256:snakeoil)",
            "accepted": "2026-01-02T03:04:04Z",
        },
        "applications": [application("base"), application("pos")],
        "link": {"mirror": "https://git.lan/fleet.git", "lastContact": "2026-01-02T03:09:05Z", "bytesToday": 4321},
    })
}

#[test]
fn a_steady_site() {
    insta::assert_snapshot!(Console::new(Some(&steady())).shown(&["--exit-code"]), @r"
    emea/de/store-042  Steady since 2026-01-02T03:04:05Z
      accepted   refs/heads/main@sha1:abababababababababababababababababababab
                 alice@acme.example (SHA256:snakeoil), accepted 2026-01-02T03:04:04Z
      trust      begins at cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
      applied    refs/heads/main@sha1:abababababababababababababababababababab
      last-good  refs/heads/main@sha1:abababababababababababababababababababab
      link       https://git.lan/fleet.git answered 2026-01-02T03:09:05Z, 4.3 kB today

    APPLICATION  PHASE   HEALTH   OBJECTS  REVISION      REASON
    base         Steady  Current  6        abababababab
    pos          Steady  Current  6        abababababab
    exit code 0
    ");
}

#[test]
fn a_site_that_is_held_says_why() {
    let mut status = steady();
    status["phase"] = json!("Held");
    status["applications"][1]["phase"] = json!("Held");
    status["applications"][1]["reason"] = json!({"code": "ConflictRefused", "message": "kubectl owns .spec.replicas of Deployment.apps pos/till"});
    status["link"]["reason"] =
        json!({"code": "Unreachable", "message": "https://git.lan/fleet.git: timed out"});
    let console = Console::new(Some(&status));
    insta::assert_snapshot!(console.shown(&[]), @r"
    emea/de/store-042  Held since 2026-01-02T03:04:05Z
      accepted   refs/heads/main@sha1:abababababababababababababababababababab
                 alice@acme.example (SHA256:snakeoil), accepted 2026-01-02T03:04:04Z
      trust      begins at cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
      applied    refs/heads/main@sha1:abababababababababababababababababababab
      last-good  refs/heads/main@sha1:abababababababababababababababababababab
      link       https://git.lan/fleet.git answered 2026-01-02T03:09:05Z, 4.3 kB today
                 Unreachable: https://git.lan/fleet.git: timed out

    APPLICATION  PHASE   HEALTH   OBJECTS  REVISION      REASON
    base         Steady  Current  6        abababababab
    pos          Held    Current  6        abababababab  ConflictRefused: kubectl owns .spec.replicas of Deployment.apps pos/till
    exit code 0
    ");
    assert_eq!(console.run(&["--exit-code"]).status.code(), Some(3));
}

#[test]
fn a_site_where_nothing_ran_yet() {
    insta::assert_snapshot!(Console::new(None).shown(&[]), @r"
    error: there is no status at FOLDER/status.json: the agent has not run since the last boot
    hint: see what keeps it with `systemctl status standfast`, or go once with `standfast run --once`
    exit code 1
    ");
}

#[test]
fn json_is_the_same_value() {
    let output = Console::new(Some(&steady())).run(&["-o", "json"]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), steady());
}
