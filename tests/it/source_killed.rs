//! `kill -9` of the program in the middle of a first fetch: what was on disk is not fetched again.

use crate::support::git::{Key, Repo, noise};
use crate::support::site::wait;
use crate::support::tls::{GitServer, Options};
use crate::support::wire::Fault;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};

const FILES: usize = 400;

/// A fleet of ConfigMaps that share nothing.
fn fleet(signer: &Key) -> Repo {
    let repo = Repo::init();
    let head = "apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\n";
    repo.write("fleet.yaml", format!("{head}applications:\n- {{name: pos, path: apps/pos}}\n"));
    for (at, bytes) in noise(FILES * 500).chunks(500).enumerate() {
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let head =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: f{at}, namespace: default}}\n");
        repo.write(&format!("apps/pos/f{at}.yaml"), format!("{head}data: {{key: \"{text}\"}}\n"));
    }
    repo.commit_signed("first", signer);
    repo
}

/// The program at a site of its own in this folder.
fn program(folder: &Path, server: &GitServer, signer: &Key, arguments: &[&str]) -> Command {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("signers"), signer.allowed_signer()).unwrap();
    let config = json!({
        "site": {"name": "store-042"},
        "source": {"mirrors": [{"url": server.url(), "ca": server.ca_pem_path()}]},
        "trust": {"allowedSigners": path("signers")},
        "cluster": {"kubeconfig": path("none")},
        "paths": {"state": path("state"), "run": path("run")},
    });
    std::fs::write(path("config.yaml"), config.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
    command.env_clear().arg("--config").arg(path("config.yaml")).args(arguments);
    command
}

/// Renders all of it.
fn render(folder: &Path, server: &GitServer, signer: &Key) {
    let output = program(folder, server, signer, &["render"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(printed.matches("kind: ConfigMap").count(), FILES);
}

/// Bytes of what is arriving, as far as they are on disk.
fn arrived(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("state/objects/arriving"));
    files.into_iter().flatten().filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
}

#[tokio::test]
async fn what_a_killed_agent_had_on_disk_is_not_fetched_again() {
    let signer = Key::generate("alice");
    let repo = fleet(&signer);
    for filter in [true, false] {
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let down = || server.counters().down();
        let folder = tempfile::tempdir().unwrap();
        render(folder.path(), &server, &signer);
        let whole = down();

        // In the middle the link falls silent, and the agent is killed as it waits.
        let folder = tempfile::tempdir().unwrap();
        server.set(|options| options.fault = Some(Fault::StallAfter(whole * 6 / 10)));
        let mut agent = program(folder.path(), &server, &signer, &["run"]);
        let mut agent =
            agent.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let has_half = || (arrived(folder.path()) > whole / 2).then_some(());
        wait("half of it on disk", has_half, || format!("{} of {whole}", arrived(folder.path()))).await;
        agent.kill().unwrap();
        agent.wait().unwrap();

        server.set(|options| options.fault = None);
        let before = down();
        render(folder.path(), &server, &signer);
        let rest = down() - before;
        assert!(rest < whole * 6 / 10, "{rest} of {whole}, filter: {filter}");
    }
}
