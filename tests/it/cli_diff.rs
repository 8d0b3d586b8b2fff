//! `standfast diff`: in what the cluster differs from what was accepted, with the link down, beside a running agent and without one.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::program::Console;
use crate::support::site::{TestSite, config_map, deployment};
use serde_json::{Value, json};

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

/// What is printed for people, with the exit code.
fn shown(console: &Console, arguments: &[&str], names: &[(&str, &str)]) -> String {
    let output = console.run(&[&["diff"], arguments].concat());
    let told = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let mut text = String::from_utf8(told).unwrap();
    names.iter().for_each(|(name, word)| text = text.replace(name, word));
    format!("{}\nexit code {}", text.trim_end(), output.status.code().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_shown_offline_and_masked() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("cli-diff").await;
    let site = TestSite::new(cluster, "cli-diff");
    site.fleet_with("defaults: {health: {quiet: 0s}}", "- {name: app, path: apps/app}");
    let secret = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: {namespace}}}\nstringData: {{password: {value}}}\n"
        )
    };
    site.repo
        .write("apps/app/web.yaml", deployment(&namespace, "web", "run"))
        .write("apps/app/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/app/lost.yaml", config_map(&namespace, "lost", "1"))
        .write("apps/app/secret.yaml", secret("hunter2"));
    let first = site.commit("first");
    let console = Console::new(&site, cluster);
    console.told(&["run", "--once", "--wait"]);
    site.repo.write("apps/app/a.yaml", config_map(&namespace, "a", "2"));
    let second = site.commit("second");
    console.told(&["run", "--once", "--wait"]);
    // From here on there is no link.
    console.configure(|config| {
        config["source"]["mirrors"] = json!([{"url": "https://localhost:1/fleet.git"}]);
        config["mode"] = json!("detect");
    });
    let names = [(namespace.as_str(), "NAMESPACE"), (&first[..12], "FIRST"), (&second[..12], "SECOND")];
    let rest = [(&first[12..], ""), (&second[12..], "")];
    let shown = |arguments: &[&str]| shown(&console, arguments, &[&names[..], &rest[..]].concat());
    insta::assert_snapshot!(shown(&[]), @r"
    nothing differs from refs/heads/main@sha1:SECOND
    exit code 0
    ");

    let hand = Hand::of(cluster, "kubectl-edit").await;
    hand.edit(CONFIG_MAP, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    hand.edit(("v1", "Secret"), Some(&namespace), "s", json!({"stringData": {"password": "swordfish"}}))
        .await;
    let main = json!({"name": "main", "image": "example.com/theirs:1"});
    let change = json!({"spec": {"template": {"spec": {"containers": [main]}}}});
    hand.edit(("apps/v1", "Deployment"), Some(&namespace), "web", change).await;
    hand.delete(CONFIG_MAP, Some(&namespace), "lost").await;
    let differences = shown(&[]);
    insta::assert_snapshot!(differences, @r#"
    --- v1 Secret NAMESPACE/s  in the cluster
    +++ v1 Secret NAMESPACE/s  [app] in SECOND
    @@ changed by others @@
    @@ data.password @@
    -***
    +***
    --- v1 ConfigMap NAMESPACE/a  in the cluster
    +++ v1 ConfigMap NAMESPACE/a  [app] in SECOND
    @@ changed by others @@
    @@ data.key @@
    -"theirs"
    +"2"
    --- nothing  in the cluster
    +++ v1 ConfigMap NAMESPACE/lost  [app] in SECOND
    @@ it is not there @@
    --- apps/v1 Deployment NAMESPACE/web  in the cluster
    +++ apps/v1 Deployment NAMESPACE/web  [app] in SECOND
    @@ changed by others @@
    @@ spec.template.spec.containers[0].image @@
    -"example.com/theirs:1"
    +"example.com/main:1"
    exit code 3
    "#);
    // The first revision differs in one field more.
    insta::assert_snapshot!(shown(&["--revision", &first[..8]]), @r#"
    --- v1 Secret NAMESPACE/s  in the cluster
    +++ v1 Secret NAMESPACE/s  [app] in FIRST
    @@ changed by others @@
    @@ data.password @@
    -***
    +***
    --- v1 ConfigMap NAMESPACE/a  in the cluster
    +++ v1 ConfigMap NAMESPACE/a  [app] in FIRST
    @@ data.key @@
    -"theirs"
    +"1"
    --- nothing  in the cluster
    +++ v1 ConfigMap NAMESPACE/lost  [app] in FIRST
    @@ it is not there @@
    --- apps/v1 Deployment NAMESPACE/web  in the cluster
    +++ apps/v1 Deployment NAMESPACE/web  [app] in FIRST
    @@ changed by others @@
    @@ spec.template.spec.containers[0].image @@
    -"example.com/theirs:1"
    +"example.com/main:1"
    exit code 3
    "#);
    insta::assert_snapshot!(shown(&["--revision", "0123abcd"]), @r"
    error: NotPinned: 0123abcd is none of the revisions that this site can go back to: refs/heads/main@sha1:SECOND, refs/heads/main@sha1:FIRST
    exit code 1
    ");

    let output = console.run(&["diff", "-o", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(told["revision"].as_str().unwrap().ends_with(&second));
    let steps =
        told["stages"].as_array().unwrap().iter().flat_map(|stage| stage["steps"].as_array().unwrap());
    let of_a: Vec<_> = steps.filter(|step| step["name"] == "a").collect();
    let detail = json!([{"path": "/data/key", "from": "\"theirs\"", "to": "\"2\""}]);
    assert_eq!((of_a.len(), &of_a[0]["action"], &of_a[0]["detail"]), (1, &json!("heal"), &detail));

    // The same beside an agent that runs, and only tells.
    let daemon = console.start();
    console.until("it runs", |status| status["phase"] == "Steady" || status["phase"] == "Settling").await;
    let beside = shown(&[]);
    drop(daemon);
    for line in differences.lines().filter(|line| line.starts_with(['-', '+'])) {
        assert!(beside.contains(line), "{line} is not in {beside}");
    }
}
