//! Plain rendering against the real kubectl, which reads manifests without a server in `kubectl label --local`.

use serde_json::Value;
use standfast::fleet::{Answer, Local, Version};
use standfast::model::{Application, Object, RepoPath, fake};
use standfast::render::{Plain, Render, Rendered};
use standfast::trust::fake::assume;
use std::path::Path;
use std::process::Command;

/// A folder as people write them. kubectl takes no lists inside lists, so there is none here.
const FILES: &[(&str, &str)] = &[
    (
        "deployment.yaml",
        "# the shop\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: pos}\nspec:\n  replicas: 2\n  selector: {matchLabels: &labels {app: shop}}\n  template:\n    metadata: {labels: *labels}\n    spec:\n      containers:\n      - name: shop\n        image: registry.example.com/shop:1.0\n        args: [--verbose=yes, \"on\", 'no', '0644']\n        resources: {limits: {cpu: 1000m, memory: 64Mi}}\n        securityContext: {runAsNonRoot: yes}\n",
    ),
    (
        "two.yml",
        "---\n\n---\n# a comment alone\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  script: |\n    #!/bin/sh\n    echo \"${HOME}\" $(date)\n  folded: >-\n    a\n    b\n---\nnull\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: two}\nstringData: {mode: \"0644\"}\ndata: {x: aGVsbG8=}\n---\n",
    ),
    (
        "deep/list.yaml",
        "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 0x50}]}}\n- apiVersion: example.com/v1\n  kind: Custom\n  metadata: {name: b}\n  spec: {mode: 0644, ratio: 1.50, big: 9007199254740993, at: 2024-01-01, time: 12:30, nothing: ~}\n",
    ),
    (
        "deep/er/typed-list.yaml",
        "apiVersion: v1\nkind: ServiceAccountList\nitems:\n- metadata: {name: c}\n- {apiVersion: v1, kind: Secret, metadata: {name: d}}\n",
    ),
    (
        "stream.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"e\"}}\n{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"f\"},\"data\":{\"x\":\"\\u00e9\\n\"}}",
    ),
    (
        "windows.yaml",
        "\u{feff}apiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: g\r\ndata:\r\n  text: |\r\n    a\r\n    b\r\n",
    ),
    ("empty.yaml", "# nothing here\n---\n"),
    ("README.md", "not a manifest"),
];

#[test]
fn plain_rendering_reads_what_kubectl_reads() {
    let Some(theirs) = kubectl() else {
        eprintln!("skipped: kubectl is not in PATH");
        return;
    };
    let files: Vec<(String, &str)> =
        FILES.iter().map(|(path, text)| (format!("deploy/{path}"), *text)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let whole = fake::artifact(&files);
    let root = whole.root;
    let whole = assume(whole, root);
    let Rendered::Objects(desired) = Plain.render(&whole, &the_application(&whole)).unwrap() else {
        panic!()
    };
    let ours: Vec<Value> = desired.objects.iter().map(Object::value).collect();
    assert_eq!(sorted(ours), sorted(theirs));
}

/// The one application of a repository without fleet.yaml.
fn the_application(whole: &standfast::trust::Verified<standfast::model::Artifact>) -> Application {
    let path: RepoPath = "deploy".parse().unwrap();
    let local = Local { name: "site".parse().unwrap(), labels: [].into(), variables: [].into(), path };
    let answer = standfast::fleet::read(whole, &local, &Version::of_this_agent()).unwrap();
    let Answer::Resolved(resolved) = answer else { panic!() };
    resolved.applications.into_iter().next().unwrap()
}

/// What kubectl makes of the folder; `None` where there is no kubectl.
fn kubectl() -> Option<Vec<Value>> {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deploy");
    for (path, text) in FILES {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let command = |home: &Path| {
        let mut command = Command::new("kubectl");
        command.env("HOME", home).env("KUBECONFIG", home.join("none"));
        command
    };
    if !command(home.path())
        .args(["version", "--client"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return None;
    }
    let output = command(home.path())
        .args(["label", "--local", "--output=json", "--recursive", "compared=yes", "--filename"])
        .arg(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    Some(values.map(|value| without_the_label(value.unwrap())).collect())
}

fn without_the_label(mut value: Value) -> Value {
    let metadata = value["metadata"].as_object_mut().unwrap();
    let labels = metadata["labels"].as_object_mut().unwrap();
    labels.remove("compared");
    if labels.is_empty() {
        metadata.remove("labels");
    }
    value
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(|value| format!("{} {}", value["kind"], value["metadata"]["name"]));
    values
}
