//! The connection to the API server, made anew when the kubeconfig changes or its credential is refused.
//!
//! k3s writes a new kubeconfig when it renews its certificates, and none of that may need a person. So the file is looked at before each
//! request (a `stat` of a file that the kernel has in memory), and read when it changed.

use super::client::client;
use crate::cluster::{Error, Settings};
use http::{HeaderMap, header};
use jiff::Timestamp;
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use standfast_tls::Clock;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;
use tokio::sync::Mutex;

/// How large a kubeconfig may be, bytes.
const MAX_KUBECONFIG: u64 = 1 << 20;

/// The connection, made at the first request.
#[derive(Debug)]
pub(super) struct Connection {
    kubeconfig: PathBuf,
    /// By which certificates are judged.
    clock: Clock,
    current: Mutex<Option<Current>>,
    /// What the server's clock last said, seconds since 1970; 0 before its first answer.
    date: AtomicI64,
}

/// A client with what it was made from.
#[derive(Clone)]
pub(super) struct Current {
    /// The client; clones share its connections.
    pub(super) client: Client,
    /// The server's address, for messages.
    pub(super) server: String,
    stamp: Stamp,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Connection {
    /// Remembers where the kubeconfig is; nothing is read yet.
    pub(super) fn new(settings: Settings, clock: Clock) -> Self {
        Self { kubeconfig: settings.kubeconfig, clock, current: Mutex::new(None), date: AtomicI64::new(0) }
    }

    /// The client for the kubeconfig as it is now. While the file is away or half written, what it said before still holds.
    pub(super) async fn get(&self) -> Result<Current, Error> {
        let mut current = self.current.lock().await;
        let stamp = stamp(&self.kubeconfig);
        if let Some(current) = current.as_ref()
            && stamp.as_ref().map_or(true, |stamp| *stamp == current.stamp)
        {
            return Ok(current.clone());
        }
        match connect(&self.kubeconfig, stamp?, self.clock.clone()).await {
            Ok(made) => Ok(current.insert(made).clone()),
            Err(error) => current.clone().ok_or(error),
        }
    }

    /// The kubeconfig as it is now.
    pub(super) async fn config(&self) -> Result<Config, Error> {
        read(&self.kubeconfig, &stamp(&self.kubeconfig)?).await
    }

    /// What the server's clock said in its last answer.
    pub(super) fn date(&self) -> Option<Timestamp> {
        let seconds = self.date.load(Ordering::Relaxed);
        (seconds != 0).then(|| Timestamp::from_second(seconds).ok()).flatten()
    }

    /// Keeps the time of an answer.
    pub(super) fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            self.date.store(date.timestamp().as_second(), Ordering::Relaxed);
        }
    }

    /// Forgets a client whose credential was refused, so that the next request reads the kubeconfig, and files that it names, again.
    pub(super) async fn forget(&self, refused: &Current) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|current| current.stamp == refused.stamp) {
            *current = None;
        }
    }
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Current({})", self.server)
    }
}

fn stamp(path: &Path) -> Result<Stamp, Error> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    Ok(Stamp { modified: Metadata::modified(&metadata).ok(), length: metadata.len() })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::KubeconfigMissing { path: path.to_owned() },
        ErrorKind::PermissionDenied => {
            refuse(path, "this user may not read it: run as root, or give it a kubeconfig of its own")
        }
        _ => refuse(path, &error.to_string()),
    }
}

fn refuse(path: &Path, why: &str) -> Error {
    Error::Kubeconfig { path: path.to_owned(), why: why.to_owned() }
}

async fn connect(path: &Path, stamp: Stamp, clock: Clock) -> Result<Current, Error> {
    let config = read(path, &stamp).await?;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = client(&config, clock).map_err(|why| refuse(path, &why))?;
    Ok(Current { client, server, stamp })
}

/// Reads a kubeconfig.
async fn read(path: &Path, stamp: &Stamp) -> Result<Config, Error> {
    if stamp.length == 0 {
        return Err(Error::KubeconfigMissing { path: path.to_owned() });
    }
    if stamp.length > MAX_KUBECONFIG {
        return Err(refuse(path, "it is larger than 1 MiB"));
    }
    let kubeconfig = Kubeconfig::read_from(path).map_err(|error| describe(path, &error))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    settle(path, config.map_err(|error| describe(path, &error))?)
}

/// Our own settings on top of the file's, and what we do not do.
fn settle(path: &Path, mut config: Config) -> Result<Config, Error> {
    if config.auth_info.exec.is_some() || config.auth_info.auth_provider.is_some() {
        return Err(refuse(
            path,
            "its user gets its credential from a program, and this agent starts none: use a client certificate or a token",
        ));
    }
    if config.proxy_url.is_some() {
        return Err(refuse(path, "it names a proxy, and the cluster is reached without one"));
    }
    if config.accept_invalid_certs {
        return Err(refuse(
            path,
            "it says insecure-skip-tls-verify, and this agent talks to no server that anybody could be: give it the server's certificate-authority",
        ));
    }
    let agent = concat!("standfast/", env!("CARGO_PKG_VERSION"));
    config.headers.push((header::USER_AGENT, http::HeaderValue::from_static(agent)));
    Ok(config)
}

/// Says what is wrong with a kubeconfig without quoting it: it holds keys.
fn describe(path: &Path, error: &KubeconfigError) -> Error {
    let why = match error {
        KubeconfigError::Parse(_) => "it is not a kubeconfig, or not valid YAML".to_owned(),
        KubeconfigError::ReadConfig(error, at) if at == path => return unreadable(path, error),
        KubeconfigError::CurrentContextNotSet => "it has no current-context".to_owned(),
        KubeconfigError::LoadCertificateAuthority(_) => "its certificate authority cannot be read".to_owned(),
        KubeconfigError::LoadClientCertificate(_) => "its client certificate cannot be read".to_owned(),
        KubeconfigError::LoadClientKey(_) => "its client key cannot be read".to_owned(),
        other => other.to_string(),
    };
    refuse(path, &why)
}
