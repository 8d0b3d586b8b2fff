//! All who want to know, wired: the daemon itself on a real cluster, told about from every side.

use crate::support::audited::kinds;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::inbox::Inbox;
use crate::support::openmetrics::Page;
use crate::support::site::{TestSite, config_map};
use serde_json::{Value, json};
use standfast::model::{SitePhase, SiteStatus};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The daemon. It ends with the test, however that ends.
struct Daemon(Child);

impl Daemon {
    fn start(config: &Path, log: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
        command.arg("run").arg("--config").arg(config).env_clear().env("STANDFAST_LOG_FORMAT", "json");
        Self(command.stdin(Stdio::null()).stderr(fs::File::create(log).unwrap()).spawn().unwrap())
    }

    /// Tells it to stop, and waits until it has.
    fn stop(mut self) -> i32 {
        let told = Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        assert!(told.success());
        self.0.wait().unwrap().code().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn standfast(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
    command.args(arguments).arg("--config").arg(config).env_clear().output().unwrap()
}

/// A site's configuration in a folder, with everything that tells.
fn configure(folder: &Path, site: &TestSite, cluster: &TestCluster, inbox: &Inbox, own: &str) {
    let key = folder.join("identity");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    fs::write(folder.join("signers"), &site.signers).unwrap();
    let config = json!({
        "site": {"name": site.name},
        "identity": key,
        "source": {"mirrors": [{"url": site.server.url(), "ca": site.server.ca_pem_path()}], "poll": "1s"},
        "trust": {"allowedSigners": folder.join("signers")},
        "cluster": {"kubeconfig": cluster.kubeconfig(), "namespace": own},
        "metrics": {"listen": format!("unix:{}", folder.join("run/metrics.sock").display())},
        "report": {"url": inbox.url(), "ca": inbox.ca()},
        "paths": {"state": folder.join("state"), "run": folder.join("run")},
    });
    fs::write(folder.join("config.yaml"), config.to_string()).unwrap();
}

fn scrape(socket: &Path) -> Page {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: site\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Page::read(answer.split_once("\r\n\r\n").unwrap().1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_tells_everybody() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("wired").await;
    let own = format!("{namespace}-own");
    let (site, inbox, folder) = (TestSite::new(cluster, "wired"), Inbox::start(), TempDir::new().unwrap());
    configure(folder.path(), &site, cluster, &inbox, &own);
    let (config, log) = (folder.path().join("config.yaml"), folder.path().join("log"));
    site.fleet_with("defaults: {health: {quiet: 0s}}", "- {name: one, path: apps/one}")
        .repo
        .write("apps/one/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let daemon = Daemon::start(&config, &log);

    let socket = folder.path().join("run/metrics.sock");
    let began = std::time::Instant::now();
    let is_steady = || {
        let text = fs::read(folder.path().join("run/status.json")).unwrap_or_default();
        serde_json::from_slice::<SiteStatus>(&text)
            .is_ok_and(|status| status.phase == SitePhase::Steady && status.revision.last_good.is_some())
    };
    while !is_steady() {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", fs::read_to_string(&log).unwrap());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = scrape(&socket);
    assert_eq!(page.get("standfast_phase", &[("phase", "Steady")]), Some(1.0));
    assert_eq!(page.get("standfast_objects_changed_total", &[("outcome", "created")]), Some(1.0));
    assert_eq!(page.get("standfast_api_server_reachable", &[]), Some(1.0));
    assert!(page.get("standfast_contacts_total", &[("result", "answered")]).unwrap() >= 1.0);
    assert_eq!(page.get("standfast_audit_lost_records", &[]), Some(0.0));

    // Beside the running agent.
    let verified = standfast(&config, &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(daemon.stop(), 0);
    assert!(!socket.exists());
    let told = kinds(&folder.path().join("state/audit"));
    let first = ["began", "accepted", "intend", "done"];
    assert!(first.iter().all(|kind| told.contains(&(*kind).to_owned())), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("ended"));
    let accepted = told.iter().position(|kind| kind == "accepted");
    assert!(accepted < told.iter().position(|kind| kind == "intend"), "{told:?}");
    let exported = standfast(&config, &["audit", "export"]);
    assert!(String::from_utf8_lossy(&exported.stdout).contains("BEGIN SSH SIGNATURE"), "{exported:?}");

    let report: Value = serde_json::from_slice(&inbox.received(1).await[0].body).unwrap();
    assert_eq!(
        (&report["site"], &report["phase"], &report["well"]),
        (&json!("wired"), &json!("Steady"), &json!(1))
    );
    assert_eq!(report["lastGood"], format!("sha1:{commit}"));
    let map = site.get("v1", "ConfigMap", Some(&own), "standfast-status").await.expect("it is there");
    assert_eq!(map.value["data"]["phase"], "Steady");
    let hand = Hand::of(cluster, "kubectl").await;
    let events = hand.list(("v1", "Event"), Some(&namespace)).await;
    let created = |event: &Value| event["reason"] == "Created" && event["involvedObject"]["name"] == "a";
    assert_eq!(events.iter().filter(|event| created(event)).count(), 1, "{events:#?}");
    for line in fs::read_to_string(&log).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(["INFO", "WARN"].contains(&line["level"].as_str().unwrap()), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pass_reports_before_it_ends_and_leaves_nothing_of_its_own_in_the_cluster() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("wired-once").await;
    let own = format!("{namespace}-own");
    let (site, inbox, folder) =
        (TestSite::new(cluster, "wired-once"), Inbox::start(), TempDir::new().unwrap());
    configure(folder.path(), &site, cluster, &inbox, &own);
    let config = folder.path().join("config.yaml");
    site.repo.write("a.yaml", config_map(&namespace, "a", "1"));
    site.commit("first");
    let passed = standfast(&config, &["run", "--once"]);
    assert!(passed.status.success(), "{passed:?}");
    let report: Value = serde_json::from_slice(&inbox.received(1).await[0].body).unwrap();
    assert_eq!(report["phase"], "Steady");
    assert_eq!(site.get("v1", "Namespace", None, &own).await, None);
    let told = kinds(&folder.path().join("state/audit"));
    assert_eq!((told.first().unwrap().as_str(), told.last().unwrap().as_str()), ("began", "ended"));
}
