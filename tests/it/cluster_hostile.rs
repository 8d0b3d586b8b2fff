//! An API server that is busy, breaks off, or sends what it should not: the client repeats what is safe, and no more, and keeps its limits.

use crate::support::site::api_server;
use standfast::cluster::{Applied, ApplyMode, Cluster, Error, Kube, Query};
use standfast::model::{Classify, ErrorClass, Gvk, Object, ObjectKey};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LIMIT: usize = 16 << 20;
const MAP: &str =
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"b","uid":"u"}}"#;

/// What the server does with one request.
#[derive(Clone)]
enum Step {
    /// Answers with status, extra header lines and body.
    Say(u16, &'static str, String),
    /// Reads the request and closes the connection.
    Hang,
    /// Begins an answer and closes the connection.
    Half,
    /// Answers with more than it said, without end.
    Flood,
}

/// A server that answers discovery properly, and everything else by its script.
struct Server {
    kube: Kube,
    requests: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn new(script: &[Step]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let text = format!(
            "{{apiVersion: v1, kind: Config, clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}], users: [{{name: u, user: {{}}}}], \
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}], current-context: x}}"
        );
        std::fs::write(&kubeconfig, text).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.iter().cloned().collect::<VecDeque<_>>()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        Self { kube: api_server(&kubeconfig), requests, _folder: folder }
    }

    /// How many requests came that were not for discovery.
    fn count(&self) -> usize {
        self.requests.lock().unwrap().iter().filter(|line| !is_discovery(line)).count()
    }

    async fn get(&self) -> Result<Option<standfast::model::Live>, Error> {
        let gvk = Gvk::new("v1", "ConfigMap");
        let key = ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some("b".to_owned()),
            name: "a".to_owned(),
        };
        self.kube.get(&gvk, &key).await
    }

    async fn apply(&self, create_only: bool) -> Result<Applied, Error> {
        let object = Object::new(serde_json::from_str(MAP).unwrap()).unwrap();
        self.kube.apply(&object, ApplyMode { dry_run: false, force: false, create_only }).await
    }

    async fn list(&self) -> (Result<(), Error>, usize) {
        let query = Query { gvk: Gvk::new("v1", "ConfigMap"), namespace: None, owner: None, limit: None };
        let mut seen = 0;
        let result = self.kube.list(&query, &mut |_| seen += 1).await;
        (result, seen)
    }
}

fn is_discovery(line: &str) -> bool {
    line.starts_with("GET /api ") || line.starts_with("GET /apis ")
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Step>>>, seen: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let line = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned();
    seen.lock().unwrap().push(line.clone());
    let step = if is_discovery(&line) {
        discovery(&line)
    } else {
        script.lock().unwrap().pop_front().unwrap_or(Step::Hang)
    };
    let _ = match step {
        Step::Say(code, headers, body) => {
            let head = format!(
                "HTTP/1.1 {code} X\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes()).await
        }
        Step::Hang => Ok(()),
        Step::Half => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{").await,
        Step::Flood => flood(&mut stream).await,
    };
    let _ = stream.shutdown().await;
}

async fn flood(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"items\":[\"").await?;
    loop {
        stream.write_all(&[b'x'; 8192]).await?;
    }
}

/// Whether head and body are there.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn discovery(line: &str) -> Step {
    let items = if line.contains("/apis") {
        ""
    } else {
        r#"{"metadata":{"name":""},"versions":[{"version":"v1","resources":[{"resource":"configmaps",
            "responseKind":{"kind":"ConfigMap"},"scope":"Namespaced","verbs":["list","patch"]}]}]}"#
    };
    Step::Say(200, "", format!(r#"{{"kind":"APIGroupDiscoveryList","items":[{items}]}}"#))
}

fn ok() -> Step {
    Step::Say(200, "", MAP.to_owned())
}

fn say(code: u16, reason: &str, message: &str) -> Step {
    Step::Say(code, "", format!(r#"{{"kind":"Status","reason":"{reason}","message":"{message}"}}"#))
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let busy = Step::Say(429, "Retry-After: 0\r\n", String::new());
    let starting = Step::Say(503, "Retry-After: 1\r\n", "starting".to_owned());
    for first in [
        busy.clone(),
        starting.clone(),
        Step::Hang,
        Step::Half,
        say(504, "Timeout", "etcd"),
        say(500, "InternalError", "leader changed"),
    ] {
        let server = Server::new(&[first.clone(), ok()]).await;
        assert!(server.get().await.unwrap().is_some());
        assert_eq!(server.count(), 2);
        let server = Server::new(&[first, ok()]).await;
        assert!(matches!(server.apply(false).await.unwrap(), Applied::Live(_)));
    }
    for first in [busy, starting] {
        let server = Server::new(&[first, ok()]).await;
        assert!(
            matches!(server.apply(true).await.unwrap(), Applied::Live(_)),
            "it was not carried out, the server said so"
        );
    }
}

/// Had the lost request created the object, the next would find it there and take it for somebody else's.
#[tokio::test]
async fn a_creation_is_not_repeated_when_its_answer_is_lost() {
    for first in [Step::Hang, Step::Half, say(504, "Timeout", "etcd")] {
        let server = Server::new(&[first, ok()]).await;
        let error = server.apply(true).await.unwrap_err();
        assert_eq!((error.class(), server.count()), (ErrorClass::Transient, 1), "{error}");
    }
}

#[tokio::test]
async fn what_does_not_pass_ends() {
    let cases: [(Step, usize, &str); 7] = [
        (Step::Say(429, "", String::new()), 4, "ClusterBusy"),
        (Step::Say(429, "Retry-After: 3600\r\n", String::new()), 1, "ClusterBusy"),
        (say(503, "ServiceUnavailable", "no"), 4, "ClusterFailed"),
        (say(500, "InternalError", "failed calling webhook: timeout"), 1, "ClusterFailed"),
        (say(401, "Unauthorized", "Unauthorized"), 4, "ClusterUnauthorized"),
        (Step::Hang, 4, "ClusterUnreachable"),
        (say(403, "Forbidden", "User x cannot get"), 1, "ClusterForbidden"),
    ];
    for (step, tries, reason) in cases {
        let server = Server::new(&vec![step; 9]).await;
        let error = server.get().await.unwrap_err();
        assert_eq!((error.reason(), server.count()), (reason, tries), "{error}");
        assert_eq!(error.class(), ErrorClass::Transient);
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let server = Server::new(&[Step::Flood]).await;
    let error = server.get().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: LIMIT, .. }), "{error}");
    // A list tries smaller pages first: 100, 50, 25, 12, 6, 3, 1.
    let server = Server::new(&vec![Step::Flood; 9]).await;
    let (result, seen) = server.list().await;
    assert!(matches!(result, Err(Error::TooLarge { .. })));
    assert_eq!((seen, server.count()), (0, 7));
}

#[tokio::test]
async fn nonsense_is_an_error_that_says_so() {
    for body in ["", "[", "<html>", "{\"items\":[5]}"] {
        let server = Server::new(&[Step::Say(200, "", body.to_owned())]).await;
        let (result, seen) = server.list().await;
        assert_eq!((result.unwrap_err().reason(), seen), ("ClusterAnswerInvalid", 0), "{body}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["{", "nothing", &deep] {
        for create_only in [false, true] {
            let server = Server::new(&[Step::Say(201, "", body.to_owned())]).await;
            assert_eq!(server.apply(create_only).await.unwrap_err().reason(), "ClusterAnswerInvalid");
        }
    }
}

/// A page that comes too late goes on where the server says, and nothing is seen twice.
#[tokio::test]
async fn a_list_goes_on_where_an_expired_token_leads() {
    let page = |name: &str, more: &str| {
        let body =
            format!(r#"{{"metadata":{{"continue":"{more}"}},"items":[{{"metadata":{{"name":"{name}"}}}}]}}"#);
        Step::Say(200, "", body)
    };
    let expired = Step::Say(410, "", r#"{"reason":"Expired","metadata":{"continue":"fresh"}}"#.to_owned());
    let server = Server::new(&[page("a", "old"), expired.clone(), page("b", "")]).await;
    let (result, seen) = server.list().await;
    result.unwrap();
    assert_eq!(seen, 2);
    let lines = server.requests.lock().unwrap().clone();
    assert!(lines.last().unwrap().contains("continue=fresh"), "{lines:?}");
    let lost = Step::Say(410, "", r#"{"reason":"Expired","message":"gone"}"#.to_owned());
    let server = Server::new(&[page("a", "old"), lost]).await;
    assert_eq!(server.list().await.0.unwrap_err().reason(), "ClusterFailed");
}
