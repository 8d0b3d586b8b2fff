//! What holds Secrets is kept encrypted or not at all, and a key that is gone costs a snapshot and nothing else.

use crate::support::secrets::{assert_clean, assert_clean_below, base64};
use crate::support::store::{digest, folder, of_object, rendered};
use serde_json::json;
use standfast::model::{DesiredApplication, Facts};
use standfast::store::{self, Changes, Encryption, Settings, Snapshot, Store};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const VALUE: &str = "correct-horse-battery-staple";

/// A state directory and, beside it, the keys of this machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(folder())
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state-of-site")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes an identity, or another one in its place.
    fn identity(&self) -> Encryption {
        let file = self.path("identity");
        let _ = fs::remove_file(&file);
        run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", text(&file)]);
        Encryption::Identity(file)
    }

    /// Makes a credential, or another one in its place.
    fn credential(&self) -> Encryption {
        let file = self.path("credential");
        let _ = fs::remove_file(&file);
        run("age-keygen", &["-o", text(&file)]);
        Encryption::Credential(file)
    }

    fn boot(&self, encryption: Option<&Encryption>) -> Box<dyn Store> {
        let settings = Settings { encryption: encryption.cloned(), ..Settings::new(self.state()) };
        let mut store = store::open(&settings, jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(store.load().unwrap().notes, Vec::<String>::new());
        store
    }

    /// What a boot with this key finds of the Secret, and what a person is told.
    fn find(&self, encryption: Option<&Encryption>) -> (Option<DesiredApplication>, Vec<String>) {
        let mut store = self.boot(encryption);
        let found = store.snapshot(&digest(1)).unwrap();
        (found, save(&mut store, Vec::new()))
    }

    /// Nothing below the state directory tells the value.
    fn assert_clean(&self) {
        assert!(assert_clean_below(&self.state(), &[VALUE]) > 2);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("running {program} (is it installed?): {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

fn secret() -> DesiredApplication {
    let data = json!({"password": base64(VALUE.as_bytes())});
    of_object(1, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": data}))
}

/// Saves facts that need what is kept, and answers with the notes.
fn save(store: &mut Box<dyn Store>, keep: Vec<Snapshot>) -> Vec<String> {
    let mut facts = crate::support::store::facts(2);
    let needed = |number: u8| (crate::support::store::revision(number), digest(number));
    for number in [1, 2] {
        facts.applications.entry(number.to_string()).or_default().last_good = Some(needed(number));
    }
    let changes = Changes { keep, ..Changes::default() };
    assert_clean(format!("{changes:?}").as_bytes(), &[VALUE], "Debug");
    let notes = store.save(&mut Facts { generation: 0, ..facts }, &changes).unwrap();
    assert_clean(notes.concat().as_bytes(), &[VALUE], "notes");
    notes
}

fn keep_both(machine: &Machine, encryption: Option<&Encryption>) -> Vec<String> {
    let keep = vec![Snapshot::of(&secret()), Snapshot::of(&rendered(2, 100))];
    save(&mut machine.boot(encryption), keep)
}

#[test]
fn without_a_key_it_is_not_kept_and_all_else_is() {
    let machine = Machine::new();
    let notes = keep_both(&machine, None);
    assert_eq!(
        notes,
        [
            "application web holds Secrets and is not kept: the site has no key to encrypt to: give it an identity, or a systemd credential with a key of age's; to go back to it, it is rendered again from the repository"
        ]
    );
    let mut store = machine.boot(None);
    assert_eq!(store.snapshot(&digest(1)).unwrap(), None);
    assert_eq!(store.snapshot(&digest(2)).unwrap(), Some(rendered(2, 100)));
    machine.assert_clean();
}

#[test]
fn with_a_key_it_is_kept_and_nobody_without_it_reads_it() {
    let machine = Machine::new();
    for make in [Machine::identity, Machine::credential] {
        let key = make(&machine);
        assert_eq!(keep_both(&machine, Some(&key)), Vec::<String>::new());
        assert_eq!(machine.find(Some(&key)), (Some(secret()), vec![]));
        machine.assert_clean();
        let (found, notes) = machine.find(None);
        assert_eq!(found, None);
        assert!(notes.concat().contains("is not available: the site has no key"), "{notes:?}");

        let rotated = make(&machine);
        let (found, notes) = machine.find(Some(&rotated));
        assert_eq!(found, None, "{key:?}");
        assert!(notes.concat().contains("it is encrypted for other keys than the one at hand"), "{notes:?}");
        assert_eq!(keep_both(&machine, Some(&rotated)), Vec::<String>::new());
        assert_eq!(
            machine.find(Some(&rotated)),
            (Some(secret()), vec![]),
            "written anew when it gets steady"
        );
        machine.assert_clean();
    }
}

#[test]
fn a_key_that_cannot_be_used_says_why() {
    let machine = Machine::new();
    let identity = machine.identity();
    fs::set_permissions(machine.path("identity"), Permissions::from_mode(0o640)).unwrap();
    let check = |encryption: &Encryption, expect: &str| {
        let notes = keep_both(&machine, Some(encryption));
        assert!(notes.len() == 1 && notes[0].contains(expect), "{notes:?}");
    };
    check(&identity, "its mode is 0640, and nobody but its owner may have access");
    let credential = Encryption::Credential(machine.path("credential"));
    check(&credential, "reading the credential");
    for (text, expect) in [
        ("a passphrase", "it holds no line `AGE-SECRET-KEY-1…`"),
        ("AGE-SECRET-KEY-1QQQ", "its key is not whole"),
        (&"#".repeat(20_000), "it is larger than 16384 bytes"),
    ] {
        fs::write(machine.path("credential"), text).unwrap();
        check(&credential, expect);
    }
    machine.assert_clean();
}

#[test]
fn what_turns_out_to_hold_secrets_does_not_stay_as_it_was() {
    let machine = Machine::new();
    let config = of_object(
        1,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "data": {"x": "x"}}),
    );
    save(&mut machine.boot(None), vec![Snapshot::of(&config)]);
    assert_eq!(machine.find(None).0, Some(config.clone()));
    save(&mut machine.boot(None), vec![Snapshot::of(&config).secret()]);
    assert_eq!(machine.find(None).0, None);
}

#[test]
fn what_is_known_to_hold_secrets_is_treated_alike() {
    let machine = Machine::new();
    let key = machine.identity();
    let config = of_object(
        1,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "data": {"x": VALUE}}),
    );
    let snapshot = Snapshot::of(&config);
    assert!(!snapshot.holds_secrets());
    assert!(save(&mut machine.boot(Some(&key)), vec![snapshot.secret()]).is_empty());
    assert_eq!(machine.find(Some(&key)), (Some(config), vec![]));
    machine.assert_clean();
}
