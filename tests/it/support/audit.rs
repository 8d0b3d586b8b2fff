//! What the API server was asked, by its own log.

use super::cluster::TestCluster;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

/// The audit log from one moment on.
pub(crate) struct Audit {
    log: PathBuf,
    from: u64,
    client: kube::Client,
    namespace: String,
}

/// One answered request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `get`, `list`, `patch`, `create`, `delete`.
    pub(crate) verb: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) is_dry_run: bool,
    uri: String,
    agent: String,
}

impl Audit {
    /// Begins to look at what is asked about this namespace.
    pub(crate) async fn begin(cluster: &TestCluster, namespace: &str) -> Self {
        let log = cluster.audit_log();
        let from = std::fs::metadata(&log).unwrap().len();
        Self { log, from, client: cluster.client().await, namespace: namespace.to_owned() }
    }

    /// What was asked since, in order, about the namespace or with this word in its address (an owner label, a part of names);
    /// what comes next is counted anew.
    pub(crate) async fn take(&mut self, word: &str) -> Vec<Request> {
        let end = self.mark().await;
        let mut file = BufReader::new(std::fs::File::open(&self.log).unwrap());
        file.seek(SeekFrom::Start(self.from)).unwrap();
        let mut requests = Vec::new();
        let mut line = String::new();
        loop {
            line.clear();
            self.from += file.read_line(&mut line).unwrap() as u64;
            let request = Request::read(&line);
            if request.uri.contains(&end) {
                return requests;
            }
            let is_ours = request.namespace == self.namespace || request.uri.contains(word);
            if is_ours && !request.uri.contains("audit-mark") {
                requests.push(request);
            }
        }
    }

    /// Asks for something that nobody else asks for, and waits until the log has it.
    async fn mark(&self) -> String {
        static MADE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let name = format!("audit-mark-{}-end", MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let api: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
            kube::Api::namespaced(self.client.clone(), &self.namespace);
        assert!(api.get_opt(&name).await.unwrap().is_none());
        loop {
            let mut file = std::fs::File::open(&self.log).unwrap();
            file.seek(SeekFrom::Start(self.from)).unwrap();
            let mut text = Vec::new();
            file.read_to_end(&mut text).unwrap();
            if text.windows(name.len()).any(|window| window == name.as_bytes()) && text.ends_with(b"\n") {
                return name;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Request {
    fn read(line: &str) -> Self {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let text =
            |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let uri = text("/requestURI");
        Self {
            verb: text("/verb"),
            namespace: text("/objectRef/namespace"),
            name: text("/objectRef/name"),
            is_dry_run: uri.contains("dryRun=All"),
            agent: text("/userAgent"),
            uri,
        }
    }

    /// Whether a program of this name asked.
    pub(crate) fn is_of(&self, program: &str) -> bool {
        self.agent.starts_with(program)
    }

    /// Whether it asks only.
    pub(crate) fn is_read(&self) -> bool {
        ["get", "list", "watch"].contains(&self.verb.as_str())
    }
}
