//! `standfast audit` as an auditor uses it: beside no agent at all, with `ssh-keygen` for the signature.

use crate::support::audited::{files, open, records, told};
use serde_json::{Value, json};
use standfast::model::{Act, Moment, Trouble};
use standfast::report::Sink;
use standfast::report::audit::Limits;
use standfast::store::durable::RealDisk;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A site's configuration in a folder, and a log that its agent left there.
struct Console(TempDir);

impl Console {
    fn new(identity: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mut config = json!({
            "site": {"name": "emea/de/store-042"},
            "source": {"mirrors": [{"path": path.join("mirror")}]},
            "trust": {"allowedSigners": path.join("signers")},
            "paths": {"state": path.join("state"), "run": path.join("run")},
        });
        if let Some(identity) = identity {
            config["identity"] = json!(identity);
        }
        fs::write(path.join("config.yaml"), config.to_string()).unwrap();
        let console = Self(folder);
        let audit = open(RealDisk, &console.audit(), Limits::default());
        told(1).iter().for_each(|one| one.tell(&audit));
        let refused =
            Trouble::terminal("UnknownKey", "no allowed signer has its key SHA256:mallory\u{1b}[2J");
        audit.moment(&Moment::Refused(refused));
        audit.moment(&Moment::Acted(Act { what: "suspend: stocktaking".to_owned(), uid: 1000 }));
        console
    }

    fn audit(&self) -> PathBuf {
        self.0.path().join("state/audit")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let config = self.0.path().join("config.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
        command.arg("audit").args(arguments).arg("--config").arg(config).env_clear().output().unwrap()
    }

    fn shown(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let text = text.replace(self.0.path().to_str().unwrap(), "FOLDER");
        format!("{}\nexit code {}", text.trim_end(), output.status.code().unwrap())
    }
}

#[test]
fn records_are_shown_in_words() {
    let console = Console::new(None);
    insta::assert_snapshot!(console.shown(&["show"]), @r"
    2026-01-01T00:00:00Z       1  began      version 0.1.0, accepted 010101010101
    2026-01-01T00:01:00Z       2  accepted   010101010101 signed by alice SHA256:abc; trust begins here
    2026-01-01T00:02:00Z       3  intend     apply 010101010101: pos, 1 object
    2026-01-01T00:03:00Z       4  unsteady   Applying (pos)
    2026-01-01T00:04:00Z       5  done       created Deployment.apps pos/till
    2026-01-01T00:05:00Z       6  steady     010101010101
    2026-01-01T00:06:00Z       7  last-good  010101010101
    2026-01-01T00:08:00Z       8  intend     heal 010101010101: pos, 1 object
    2026-01-01T00:09:00Z       9  drifted    Deployment.apps pos/till-1 changed by kubectl-edit (/spec/replicas), healed
    2026-01-01T00:11:00Z      10  refused    UnknownKey: no allowed signer has its key SHA256:mallory [2J
    2026-01-01T00:12:00Z      11  ordered    by user 1000: suspend: stocktaking
    2026-01-01T00:13:00Z      12  ended
    exit code 0
    ");
    insta::assert_snapshot!(console.shown(&["show", "-n", "2"]), @r"
    2026-01-01T00:12:00Z      11  ordered    by user 1000: suspend: stocktaking
    2026-01-01T00:13:00Z      12  ended
    exit code 0
    ");
    insta::assert_snapshot!(console.shown(&["show", "--since", "2026-01-01T00:09:00Z"]), @r"
    2026-01-01T00:09:00Z       9  drifted    Deployment.apps pos/till-1 changed by kubectl-edit (/spec/replicas), healed
    2026-01-01T00:11:00Z      10  refused    UnknownKey: no allowed signer has its key SHA256:mallory [2J
    2026-01-01T00:12:00Z      11  ordered    by user 1000: suspend: stocktaking
    2026-01-01T00:13:00Z      12  ended
    exit code 0
    ");
    assert_eq!(console.shown(&["show", "--since", "1m"]), "\nexit code 0");
    assert!(console.shown(&["show", "--since", "soon"]).ends_with("exit code 2"));
    let output = console.run(&["show", "-n", "1", "-o", "json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown, json!([records(&console.audit()).pop().unwrap()]));
}

#[test]
fn a_whole_log_and_one_that_somebody_edited() {
    let console = Console::new(None);
    let whole = console.shown(&["verify"]);
    let last = records(&console.audit()).pop().unwrap();
    assert_eq!(
        whole,
        format!(
            "records 1 to {0}: whole\n  the newest has the hash {1}\nexit code 0",
            last.number, last.hash
        )
    );
    let file = files(&console.audit()).pop().unwrap();
    let edited = fs::read_to_string(&file).unwrap().replace("uid\":1000", "uid\":0");
    fs::write(&file, edited).unwrap();
    let broken = console.shown(&["verify"]);
    let line = last.number - 1;
    assert_eq!(
        broken,
        format!(
            "records 1 to {0}: not whole\n  the newest has the hash {1}\n\
             error: FOLDER/state/audit/000000000001.jsonl, line {line}: record {line} was changed: its hash does not fit it\n\
             hint: compare it with an export, or with the head that the site's last report names\nexit code 1",
            last.number, last.hash
        )
    );
    let report: Value = serde_json::from_slice(&console.run(&["verify", "-o", "json"]).stdout).unwrap();
    assert_eq!(report["faults"][0]["line"], line);
}

#[test]
fn a_site_that_never_wrote_a_record() {
    let console = Console::new(None);
    fs::remove_dir_all(console.audit()).unwrap();
    insta::assert_snapshot!(console.shown(&["verify"]), @r"
    error: AuditUnreadable: reading the audit log FOLDER/state/audit: no record was ever written there
    exit code 1
    ");
    assert_eq!(console.shown(&["show"]), "\nexit code 0");
}

/// Runs a program with this input.
fn run(program: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn an_export_is_signed_by_the_site_and_checked_by_ssh_keygen() {
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("identity");
    let made =
        run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key.to_str().unwrap()], "");
    assert!(made.status.success());
    let console = Console::new(Some(&key));
    let output = console.run(&["export"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let own: String = files(&console.audit()).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let (lines, end) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(format!("{lines}\n"), own, "records are handed out as they stand in the log");

    let end: Value = serde_json::from_str(end).unwrap();
    let signed = end["signed"].as_str().unwrap();
    let last = records(&console.audit()).pop().unwrap();
    let expect = format!(
        "standfast audit\nsite emea/de/store-042\nrecords 1 to {}\nhead {}\ntime ",
        last.number, last.hash
    );
    assert!(signed.starts_with(&expect), "{signed}");
    let file = |name: &str, text: &str| {
        let path = keys.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let signature = file("head.sig", end["signature"].as_str().unwrap());
    let public = fs::read_to_string(keys.path().join("identity.pub")).unwrap();
    let allowed = file("allowed", &format!("store-042 namespaces=\"standfast-audit\" {public}"));
    let arguments =
        ["-Y", "verify", "-f", &allowed, "-I", "store-042", "-n", "standfast-audit", "-s", &signature];
    let checked = run("ssh-keygen", &arguments, signed);
    assert!(checked.status.success(), "{checked:?}");
    assert!(!run("ssh-keygen", &arguments, &signed.replace("records 1", "records 2")).status.success());

    // And the export itself is checked wherever it is.
    let export = file("export", &text);
    let verify = |path: &str| {
        Command::new(env!("CARGO_BIN_EXE_standfast")).args(["audit", "verify", path]).output().unwrap()
    };
    assert!(verify(&export).status.success());
    let edited = file("edited", &text.replace("uid\":1000", "uid\":0"));
    assert_eq!(verify(&edited).status.code(), Some(1));
    let without = lines.rsplit_once('\n').unwrap().0;
    let shortened = file("shortened", &format!("{without}\n{end}\n"));
    let told = String::from_utf8(verify(&shortened).stderr).unwrap();
    assert!(told.contains(&format!("record {} is missing at the end", last.number)), "{told}");
}

#[test]
fn an_export_without_an_identity_says_that_it_is_not_signed() {
    let console = Console::new(None);
    let output = console.run(&["export"]);
    assert!(output.status.success());
    let end: Value =
        serde_json::from_slice(output.stdout.trim_ascii_end().rsplit(|b| *b == b'\n').next().unwrap())
            .unwrap();
    assert_eq!(end["signature"], Value::Null);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "the export is not signed: the configuration names no identity\n");
}
