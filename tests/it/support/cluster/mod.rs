//! A real Kubernetes API server for tests: builds `tests/cluster/` and runs it.
//!
//! # What
//! - [`TestCluster::shared`]: one cluster for the whole test binary, started by the first test that asks and
//!   ended with the process, however that ends. Each test works in [namespaces](TestCluster::namespace) of its own.
//! - [`TestCluster::own`]: a cluster for one test that restarts it, compacts it or owns all that is cluster-scoped.
//!
//! # Invariants
//! - Where Go is missing the answer is `None`, after one line on standard error that counts: the test is skipped.
//!   With `STANDFAST_REQUIRE_CLUSTER=1` that is a failure, and so is a build or a start that goes wrong, always.
//! - Nothing stays behind outside of `target/testcluster/`, and there only the logs of the last run.
//!
//! # Not here
//! What the cluster does and how pods are told to misbehave: `tests/cluster/README.md`.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "the bans are for the agent: tests start programs, read the environment and fail by panicking"
)]

mod process;
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::Api;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::await_condition;

use process::Process;

/// A running cluster. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct TestCluster {
    options: Options,
    /// Where this cluster's log, audit log and (if it is a test's own) data are.
    directory: PathBuf,
    kubeconfig: PathBuf,
    process: Mutex<Process>,
}

/// How a test's own cluster differs from the shared one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Let the API server answer watches from memory (the default). Without, a revision that was
    /// [compacted](TestCluster::compact) is `410 Gone` at once.
    pub(crate) watch_cache: bool,
    /// Let the API server stream its lists (the default). Kubernetes before 1.32, and 1.33, do not.
    pub(crate) streams: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { watch_cache: true, streams: true }
    }
}

impl TestCluster {
    /// The cluster that all tests of this binary share, or `None` where Go is missing: then the test returns.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<TestCluster, String>> = OnceLock::new();
        let program = program::find()?;
        let started = SHARED.get_or_init(|| {
            let directory = program::new_directory("shared");
            let args = vec![flag("audit-log", directory.join("audit.log").display())];
            Self::start(program, Options::default(), directory, &args)
        });
        Some(started.as_ref().unwrap_or_else(|message| panic!("{message}")))
    }

    /// A cluster for one test alone, or `None` where Go is missing. It takes about 4 s and 320 MB.
    pub(crate) fn own(options: Options) -> Option<Self> {
        let program = program::find()?;
        let directory = program::new_directory("own");
        let args = own_args(options, &directory, None);
        Some(Self::start(program, options, directory, &args).unwrap_or_else(|message| panic!("{message}")))
    }

    /// The file for `KUBECONFIG`: its user may do everything.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A line of JSON (`audit.k8s.io/v1`, level Metadata) for each answered request, but for those of the
    /// cluster's own parts. A watch has two: stage `ResponseStarted`, and `ResponseComplete` when it ends.
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    /// A client for the calling test's runtime.
    pub(crate) async fn client(&self) -> kube::Client {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).expect("the cluster wrote its kubeconfig");
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .expect("the cluster's kubeconfig is whole");
        kube::Client::try_from(config).expect("the cluster's certificates are good")
    }

    /// Makes a namespace that no other test has, ready for pods, and returns its name, which begins with `test`.
    pub(crate) async fn namespace(&self, test: &str) -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{}-{}", dns_label(test), MADE.fetch_add(1, Ordering::Relaxed));
        let client = self.client().await;
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.clone());
        Api::all(client.clone())
            .create(&PostParams::default(), &namespace)
            .await
            .unwrap_or_else(|error| panic!("making namespace {name}: {error}"));
        let accounts: Api<ServiceAccount> = Api::namespaced(client, &name);
        await_condition(accounts, "default", |account: Option<&ServiceAccount>| account.is_some())
            .await
            .unwrap_or_else(|error| panic!("waiting for the service account of namespace {name}: {error}"));
        name
    }

    /// Makes etcd forget all revisions before the present one, and returns that.
    pub(crate) fn compact(&self) -> i64 {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = process.ask("compact", "COMPACTED=").unwrap_or_else(|line| panic!("compacting: {line}"));
        answer.parse().expect("a revision is a number")
    }

    /// Kills the cluster, as the loss of power would, and starts it again with the same data, port and kubeconfig.
    pub(crate) fn kill_and_restart(&mut self) {
        assert!(self.directory.join("data").exists(), "only a test's own cluster is killed");
        let port = self.port();
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        process.kill();
        let args = own_args(self.options, &self.directory, Some(port));
        let (restarted, _) =
            Process::start(&program::path(), &self.directory, &args).unwrap_or_else(|m| panic!("{m}"));
        *process = restarted;
    }

    fn start(program: &Path, options: Options, directory: PathBuf, args: &[String]) -> Result<Self, String> {
        let (process, kubeconfig) = Process::start(program, &directory, args)?;
        Ok(Self { options, directory, kubeconfig, process: Mutex::new(process) })
    }

    fn port(&self) -> u16 {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).expect("the cluster wrote its kubeconfig");
        let url = kubeconfig.clusters[0].cluster.as_ref().and_then(|cluster| cluster.server.as_deref());
        let port = url.and_then(|url| url.rsplit(':').next()).expect("the API server's address has a port");
        port.parse().expect("a port is a number")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        self.process.get_mut().unwrap_or_else(PoisonError::into_inner).end();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn own_args(options: Options, directory: &Path, port: Option<u16>) -> Vec<String> {
    vec![
        flag("dir", directory.join("data").display()),
        flag("audit-log", directory.join("audit.log").display()),
        flag("watch-cache", options.watch_cache),
        flag("feature-gates", format!("WatchList={}", options.streams)),
        flag("port", port.unwrap_or(0)),
    ]
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("-{name}={value}")
}

/// Words for a namespace: lower case letters, digits and dashes, and room for a number behind.
fn dns_label(words: &str) -> String {
    let dashed: String =
        words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let short: String = dashed.trim_matches('-').chars().take(50).collect();
    format!("t-{}", short.trim_end_matches('-'))
}
