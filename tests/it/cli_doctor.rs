//! `standfast doctor`: each thing that keeps a site from working is found, with what to do, and nothing is found where all is well.

use crate::support::cluster::TestCluster;
use crate::support::git::Key;
use crate::support::program::Console;
use crate::support::site::{TestSite, config_map};
use crate::support::tls::Answer;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What was found, as lines: part, what, grade.
fn found(console: &Console) -> (Vec<(String, String)>, Value) {
    let output = console.run(&["doctor", "-o", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let all = told.as_array().unwrap().iter();
    let troubles = all.filter(|one| one["grade"] != "ok");
    let troubles: Vec<_> = troubles
        .map(|one| (format!("{} {}", text(one, "part"), text(one, "what")), text(one, "grade")))
        .collect();
    let is_bad = troubles.iter().any(|(_, grade)| grade == "bad");
    assert_eq!(output.status.code(), Some(i32::from(is_bad)), "{told:#}");
    (troubles, told)
}

/// What was seen of one thing, and what to do.
fn one(told: &Value, part: &str, what: &str) -> String {
    let fits = |one: &&Value| one["part"] == part && one["what"].as_str().unwrap().contains(what);
    let found =
        told.as_array().unwrap().iter().find(fits).unwrap_or_else(|| panic!("no {part} {what} in {told:#}"));
    format!("{} → {}", found["seen"].as_str().unwrap(), found["toDo"].as_str().unwrap_or("nothing"))
}

#[test]
fn a_site_of_which_nothing_is_there_yet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (alice, bob) = (Key::generate("alice"), Key::generate("bob"));
    let expired = format!("bob valid-before=\"20200101Z\" {}\n", bob.public());
    fs::write(path.join("signers"), alice.allowed_signer() + &expired).unwrap();
    let config = json!({
        "site": {"name": "emea/de/store-042"},
        "identity": path.join("identity"),
        "source": {"mirrors": [{"path": path.join("stick")}]},
        "trust": {"allowedSigners": path.join("signers")},
        "cluster": {"kubeconfig": path.join("kubeconfig")},
        "paths": {"state": path.join("state"), "run": path.join("run")},
    });
    fs::write(path.join("config.yaml"), config.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
    let output = command.arg("doctor").arg("--config").arg(path.join("config.yaml")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap().replace(path.to_str().unwrap(), "FOLDER");
    // Times and fingerprints are others each time, and lines are broken by how long they are.
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_other = |word: &&&str| !word.trim_end_matches(',').ends_with('Z') && !word.starts_with("SHA256:");
    let words: Vec<&str> = words.iter().filter(is_other).copied().collect();
    let text = words
        .join(" ")
        .replace(" ok ", "\nok ")
        .replace(" warn ", "\nwarn ")
        .replace(" BAD ", "\nBAD ")
        .replace(" 3 things", "\n3 things");
    insta::assert_snapshot!(text, @r"
    ok clock system time:
    ok disk state: FOLDER/state is not there yet: the agent makes it
    BAD agent control socket: no agent answers at FOLDER/run/control.sock: is it running? (systemctl status standfast) → start it: systemctl start standfast; if it does not stay: journalctl -u standfast
    ok store facts: there are none yet: no revision was accepted here
    ok store cache: none was ever set aside as damaged
    ok audit log: there is none yet
    ok trust alice may sign
    warn trust bob may not sign: it was valid until and the moment judged is → take its line out, or renew it
    BAD identity FOLDER/identity: there is no such file → `ssh-keygen -t ed25519 -N '' -f FILE` makes one
    warn link FOLDER/stick: it is not there → plug it in if it should be
    BAD cluster API server: the kubeconfig FOLDER/kubeconfig is not there yet: is k3s started? → start k3s (systemctl start k3s), or correct cluster.kubeconfig
    3 things do not work; 2 things to know of
    ");
    assert!(!path.join("state").exists(), "it only looks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_works_and_what_may_be_wrong_with_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("cli-doctor").await;
    let site = TestSite::new(cluster, "cli-doctor");
    site.fleet_with("defaults: {health: {quiet: 0s}}", "- {name: app, path: apps/app}");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let first = site.commit("first");
    let mut console = Console::new(&site, cluster);
    console.told(&["run", "--once", "--wait"]);
    let (troubles, _) = found(&console);
    assert_eq!(troubles, [("agent control socket".to_owned(), "bad".to_owned())]);

    // Beside the agent, which nobody watches over here.
    let daemon = console.start();
    daemon.until_told("READY=1");
    daemon.until_told("STATUS=Steady");
    let (troubles, told) = found(&console);
    assert_eq!(troubles, [("agent watchdog".to_owned(), "warn".to_owned())]);
    assert!(one(&told, "agent", "control socket").starts_with("it runs: Steady"));
    assert!(one(&told, "link", "https://").contains(&format!("{first} (")), "{told:#}");
    assert!(one(&told, "link", "https://").contains("which this site accepted"));
    assert!(one(&told, "cluster", "API server").starts_with("it answers, version v1."));
    assert!(one(&told, "cluster", "server's certificate").starts_with("it ends 20"));
    assert!(one(&told, "cluster", "our certificate").starts_with("it ends 20"));
    assert!(one(&told, "store", "facts").contains(&first));
    assert!(one(&told, "audit", "log").contains("is whole"));
    drop(daemon);

    // The mirror is down, and then ahead.
    site.server.set(|options| options.answer = Answer::Status(503));
    let seen = one(&found(&console).1, "link", "https://");
    assert_eq!(seen, "it cannot be reached (HTTP 503) → check the link and the address");
    site.server.set(|options| options.answer = Answer::Git);
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "2"));
    site.commit("second");
    assert!(one(&found(&console).1, "link", "https://").contains("1 commits above what this site accepted"));

    // Somebody edits the log, and lets all write the state directory.
    let log = first_log(&console.path("state/audit"));
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replacen("\"app\"", "\"spp\"", 1)).unwrap();
    fs::set_permissions(console.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(console.path("state/state.damaged-20260101T000000Z")).unwrap();
    let (_, told) = found(&console);
    assert!(one(&told, "audit", "log").contains("its chain is broken"), "{told:#}");
    assert!(one(&told, "disk", "state").contains("others may write it"), "{told:#}");
    assert!(one(&told, "store", "cache").contains("set aside as damaged"), "{told:#}");

    // A user who may do nothing.
    let kubeconfig = fs::read_to_string(cluster.kubeconfig()).unwrap();
    assert!(kubeconfig.contains("client-certificate-data"));
    let nobody = kubeconfig.replace("client-certificate-data", "as: nobody\n    client-certificate-data");
    fs::write(console.path("kubeconfig"), nobody).unwrap();
    let path = console.path("kubeconfig");
    console.change(|config| config["cluster"]["kubeconfig"] = json!(path));
    let rights = one(&found(&console).1, "cluster", "rights");
    for right in ["patch configmaps", "watch configmaps", "delete pods", "list nodes"] {
        assert!(rights.contains(right), "{rights}");
    }
    fs::write(console.path("state/facts"), "not facts").unwrap();
    assert!(one(&found(&console).1, "store", "facts").contains("no whole copy"));
}

fn first_log(folder: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).min().unwrap()
}
