//! The way to the API server: kubeconfigs that are missing, wrong or change, and what is said then.

use crate::support::cluster::TestCluster;
use crate::support::site::api_server;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use standfast::cluster::{Applied, ApplyMode, Cluster, Error, Kube, Query, Settings};
use standfast::model::{Classify, ErrorClass, Gvk, Object};
use standfast_tls::Time;
use std::path::PathBuf;

/// A kubeconfig with this cluster and user.
fn kubeconfig(cluster: &Value, user: &Value) -> String {
    json!({"apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]})
    .to_string()
}

/// The cluster and user of the test cluster's kubeconfig.
fn parts(cluster: &TestCluster) -> (Value, Value) {
    let read = kube::config::Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let parts = serde_json::to_value(read).unwrap();
    let mut user = parts["users"][0]["user"].clone();
    // A key is left out when written by the library.
    let text = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let key = text.split("client-key-data:").nth(1).unwrap();
    let key: String =
        key.chars().skip_while(|c| *c == ' ' || *c == '"').take_while(|c| !"\n,}\" ".contains(*c)).collect();
    user["client-key-data"] = Value::from(key);
    (parts["clusters"][0]["cluster"].clone(), user)
}

struct Site {
    _folder: tempfile::TempDir,
    path: PathBuf,
    kube: Kube,
}

impl Site {
    fn new(text: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k3s.yaml");
        let site = Self { _folder: folder, kube: api_server(&path), path };
        if let Some(text) = text {
            site.write(text);
        }
        site
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
    }

    async fn error(&self) -> Error {
        self.kube.kinds(true).await.unwrap_err()
    }
}

fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[tokio::test]
async fn a_kubeconfig_that_is_no_use_says_why_and_is_not_quoted() {
    let there = json!({"server": "https://127.0.0.1:1"});
    let exec = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sekrit"}});
    let certificate = json!({"client-certificate-data": "c2Vrcml0", "client-key-data": "sekrit!"});
    let proxied = json!({"server": "https://127.0.0.1:1", "proxy-url": "http://sekrit@127.0.0.1:1"});
    let unproven = json!({"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": true});
    let keyless = json!({"client-certificate-data": "c2Vrcml0"});
    let no_context = kubeconfig(&there, &json!({})).replace("current-context", "x-context");
    let cases = [
        (None, "KubeconfigMissing", "is k3s started"),
        (Some(String::new()), "KubeconfigMissing", "is k3s started"),
        (Some("sekrit: [".to_owned()), "KubeconfigInvalid", "not valid YAML"),
        (Some("[sekrit]".to_owned()), "KubeconfigInvalid", "not a kubeconfig"),
        (Some("x".repeat(2 << 20)), "KubeconfigInvalid", "larger than"),
        (Some(no_context), "KubeconfigInvalid", "current-context"),
        (Some(kubeconfig(&there, &exec)), "KubeconfigInvalid", "starts none"),
        (Some(kubeconfig(&there, &certificate)), "KubeconfigInvalid", "client key"),
        (Some(kubeconfig(&proxied, &json!({}))), "KubeconfigInvalid", "proxy"),
        (Some(kubeconfig(&unproven, &json!({}))), "KubeconfigInvalid", "certificate-authority"),
        (Some(kubeconfig(&there, &json!({"token": "sekrit\n"}))), "KubeconfigInvalid", "no header"),
        (Some(kubeconfig(&there, &json!({"tokenFile": "missing"}))), "KubeconfigInvalid", "token in"),
        (Some(kubeconfig(&there, &json!({"tokenFile": "/dev/zero"}))), "KubeconfigInvalid", "1 MiB"),
        (Some(kubeconfig(&there, &keyless)), "KubeconfigInvalid", "without a key"),
        (Some(kubeconfig(&json!({}), &json!({}))), "KubeconfigInvalid", "cluster url"),
    ];
    for (text, reason, says) in cases {
        let error = Site::new(text.as_deref()).error().await;
        let words = whole(&error);
        assert_eq!(error.reason(), reason, "{words}");
        assert!(words.contains(says) && !words.contains("sekrit"), "{words}");
        let expect =
            if reason == "KubeconfigMissing" { ErrorClass::Transient } else { ErrorClass::Misconfigured };
        assert_eq!(error.class(), expect);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Site::new(Some(&kubeconfig(&json!({"server": server}), &json!({})))).error().await;
    assert_eq!((error.reason(), error.class()), ("ClusterUnreachable", ErrorClass::Transient));
    assert!(error.to_string().contains(&server), "{error}");
}

/// One client, from no kubeconfig over wrong ones to a good one, and on through a spell without the file.
#[tokio::test]
async fn the_kubeconfig_is_read_again_when_it_changes() {
    let Some(cluster) = TestCluster::shared() else { return };
    let (there, user) = parts(cluster);
    let site = Site::new(None);
    assert_eq!(site.error().await.reason(), "KubeconfigMissing");

    let stranger = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    let mut distrusted = there.clone();
    distrusted["certificate-authority-data"] = Value::from(base64_of(stranger.as_bytes()));
    site.write(&kubeconfig(&distrusted, &user));
    let error = site.error().await;
    assert_eq!(
        (error.reason(), error.class()),
        ("ClusterCertificate", ErrorClass::Transient),
        "{}",
        whole(&error)
    );

    site.write(&kubeconfig(&there, &json!({"token": "not-a-token"})));
    let error = site.error().await;
    assert_eq!(
        (error.reason(), error.class()),
        ("ClusterUnauthorized", ErrorClass::Transient),
        "{}",
        whole(&error)
    );

    site.write(&kubeconfig(&there, &user));
    site.kube.kinds(true).await.unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let date = site.kube.date().expect("the server says what time it is").as_second();
    assert!(date.unsigned_abs().abs_diff(now) < 300, "the server runs on this machine");
    site.write("half written: [");
    site.kube.kinds(true).await.unwrap();
    std::fs::remove_file(&site.path).unwrap();
    site.kube.kinds(true).await.unwrap();
}

/// A box that woke up in 1970 gets to its cluster; one whose clock is right believes no certificate that is not valid yet.
#[tokio::test]
async fn certificates_are_judged_by_the_trusted_clock() {
    let Some(cluster) = TestCluster::shared() else { return };
    let with = |time| {
        let settings = Settings { kubeconfig: cluster.kubeconfig().to_owned() };
        Kube::new(settings, standfast_tls::Clock::new(move || time))
    };
    with(Time::AtLeast(7)).kinds(true).await.unwrap();
    let error = with(Time::Now(7)).kinds(true).await.unwrap_err();
    assert_eq!((error.reason(), error.class()), ("ClusterCertificate", ErrorClass::Transient));
    assert!(whole(&error).contains("not valid yet"), "{}", whole(&error));
}

/// A service account's token is renewed in its file, and the new one goes along with the next request.
#[tokio::test]
async fn a_token_is_read_again_from_its_file() {
    let Some(cluster) = TestCluster::shared() else { return };
    let (there, _) = parts(cluster);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "not-a-token\n").unwrap();
    let site = Site::new(Some(&kubeconfig(&there, &json!({"tokenFile": file.path()}))));
    assert_eq!(site.error().await.reason(), "ClusterUnauthorized");

    let namespace = cluster.namespace("token").await;
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client().await, &namespace);
    let (how, what) = (PostParams::default(), TokenRequest::default());
    let made = accounts.create_token_request("default", &how, &what).await.unwrap();
    let token = made.status.and_then(|status| status.token).unwrap();
    std::fs::write(file.path(), token + "\n").unwrap();
    site.kube.kinds(true).await.unwrap();
    std::fs::remove_file(file.path()).unwrap();
    site.kube.kinds(true).await.unwrap();
}

#[tokio::test]
async fn a_user_without_rights_is_told_which_is_missing() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("rights").await;
    let (there, mut user) = parts(cluster);
    user["as"] = json!("joe");
    let site = Site::new(Some(&kubeconfig(&there, &user)));
    let query = Query { gvk: Gvk::new("v1", "Secret"), namespace: None, owner: None, limit: None };
    let error = site.kube.list(&query, &mut |_| ()).await.unwrap_err();
    assert_eq!(error.reason(), "ClusterForbidden");
    assert!(error.to_string().contains("User \"joe\" cannot list resource \"secrets\""), "{error}");

    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}});
    let mode = ApplyMode { dry_run: false, force: false, create_only: false };
    let applied = site.kube.apply(&Object::new(map).unwrap(), mode).await.unwrap();
    let says = "User \"joe\" cannot patch resource \"configmaps\"";
    assert!(matches!(&applied, Applied::Refused(words) if words.contains(says)), "{applied:?}");
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
