//! The daemon as a process: what it tells the service manager, signals, orders, boots.

use super::site;
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::program::{Console, open_to_all};
use crate::support::site::config_map;
use serde_json::{Value, json};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

fn ends_with(status: &Value, pointer: &str, commit: &str) -> bool {
    status.pointer(pointer).and_then(Value::as_str).is_some_and(|revision| revision.ends_with(commit))
}

fn is_last_good(commit: &str) -> impl Fn(&Value) -> bool + '_ {
    move |status| ends_with(status, "/revision/lastGood", commit)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_hears_of_it_and_a_signal_ends_it() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("process").await;
    let site = site(cluster, "process");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let console = Console::new(&site, cluster);
    let daemon = console.start();
    let mut told = daemon.until_told("READY=1");
    if !told.contains("STATUS=Steady") {
        told = daemon.until_told("STATUS=Steady");
    }
    assert!(told.contains(&commit[..12]) && told.contains("1 applications"), "{told}");
    daemon.until_told("WATCHDOG=1");
    assert!(console.path("run/control.sock").exists());
    daemon.signal("TERM");
    daemon.until_told("STOPPING=1");
    assert_eq!(daemon.end(), Some(0));
    assert!(!console.path("run/control.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_through_the_socket_from_those_who_may_give_them() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("orders").await;
    let site = site(cluster, "orders");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let first = site.commit("first");
    let console = Console::new(&site, cluster);
    let refused = console.run(&["sync"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is it running"), "{refused:?}");

    let daemon = console.start();
    console.until("first", is_last_good(&first)).await;
    assert_eq!(console.told(&["sync"]).trim(), "the mirrors are asked");
    console.told(&["suspend", "--reason", "stocktaking", "--for", "2h"]);
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "2"));
    let second = site.commit("second");
    let refused = console.run(&["sync"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("suspended"), "{refused:?}");
    // It outlives the agent, and drift is healed all the same.
    daemon.kill();
    let daemon = console.start();
    let suspended = console.until("suspended", |status| status["suspended"].is_string()).await;
    assert!(suspended["suspended"].as_str().unwrap().starts_with("stocktaking (until "), "{suspended}");
    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    assert!(!is_last_good(&second)(&console.status().unwrap()));
    console.told(&["resume"]);
    console.until("second", is_last_good(&second)).await;

    // Back to the first, and forward again.
    let unknown = console.run(&["rollback", "0123abcd"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains(&first), "{unknown:?}");
    console.told(&["rollback", &first[..12]]);
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    let back = console.until("back", |status| status["applications"][0]["quarantined"].is_string()).await;
    assert!(ends_with(&back, "/revision/accepted", &second), "{back}");
    let unknown = console.run(&["retry", "nothing"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there are app"), "{unknown:?}");
    console.told(&["retry", "app"]);
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "2").await;

    // Somebody else may not order. Only root can show it, for only root can be somebody else.
    if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(console.path("run/control.sock")).unwrap()) == 0
    {
        for name in ["", "run"] {
            open_to_all(&console.path(name));
        }
        let socket = console.path("run/control.sock");
        std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        let mut told = String::new();
        for order in ["{\"order\":\"status\"}", "{\"order\":\"sync\"}"] {
            told += &ask_as(65534, &socket, order);
        }
        assert!(
            told.contains("\"answer\":\"status\"") && told.contains("user 65534 may ask but not order"),
            "{told}"
        );
    } else {
        eprintln!("not root: that others may not order was not tried");
    }
    drop(daemon);
}

/// Says one line to the socket as another user, and answers with what comes back.
fn ask_as(uid: u32, socket: &std::path::Path, line: &str) -> String {
    use std::os::unix::process::CommandExt;
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode()+b'\\n')\nprint(s.makefile().readline())";
    let mut command = std::process::Command::new("python3");
    let output = command.args(["-c", script]).arg(socket).arg(line).uid(uid).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_read_again_and_a_wrong_one_is_not_taken() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("reload").await;
    let site = site(cluster, "reload");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let console = Console::new(&site, cluster);
    let daemon = console.start();
    console.until("first", is_last_good(&commit)).await;
    let hand = Hand::of(cluster, "kubectl").await;
    console.configure(|config| config["mode"] = json!("detcet"));
    daemon.signal("HUP");
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    console.configure(|config| config["mode"] = json!("detect"));
    daemon.signal("HUP");
    daemon.until_told("READY=1");
    daemon.until_told("STATUS=Steady");
    let is_told = || {
        let log = std::fs::read_to_string(console.path("log")).unwrap();
        (log.contains("did you mean detect") && log.contains("detected")).then_some(())
    };
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    let log = || std::fs::read_to_string(console.path("log")).unwrap();
    crate::support::site::wait("drift that is only told", is_told, log).await;
    assert_eq!(site.value(&namespace, "a").await.as_deref(), Some("theirs"));
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_power_cut_with_the_link_down_it_goes_on_from_its_own_disk() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("cold-boot").await;
    let site = site(cluster, "cold-boot");
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "1"));
    let commit = site.commit("first");
    let console = Console::new(&site, cluster);
    let daemon = console.start();
    console.until("first", is_last_good(&commit)).await;
    daemon.kill();
    std::fs::remove_file(console.path("run/status.json")).unwrap();
    console.configure(|config| {
        config["source"]["mirrors"] = json!([{"url": "https://localhost:1/fleet.git"}]);
        config["cluster"]["kubeconfig"] = json!(console.path("kubeconfig"));
    });
    // The API server is not there yet: k3s has not even written its kubeconfig.
    let daemon = console.start();
    let waits = |status: &Value| status["reason"]["code"] == "KubeconfigMissing";
    console.until("it says what it waits for", waits).await;
    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    std::fs::copy(cluster.kubeconfig(), console.path("kubeconfig")).unwrap();
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    let status = console.until("steady", |status| status["phase"] == "Steady").await;
    assert!(status["link"]["reason"]["message"].as_str().unwrap().contains("localhost:1"), "{status}");
    // Its own drift correction goes on.
    hand.delete(CONFIG_MAP, Some(&namespace), "a").await;
    hand.until(CONFIG_MAP, &namespace, "a", |live| live.value["data"]["key"] == "1").await;
    drop(daemon);
}
