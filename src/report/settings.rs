//! What this room must be told.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the numbers are, and where the status goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the numbers are served, if at all.
    pub metrics: Option<Listen>,
    /// The namespace of the agent's own objects.
    pub namespace: String,
    /// Where the status is delivered, if anywhere.
    pub outbox: Option<Destination>,
}

/// Where the numbers are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A unix socket.
    Unix(PathBuf),
    /// A loopback address.
    Loopback(SocketAddr),
}

/// Where the status is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// It is posted there.
    pub url: ReportUrl,
    /// PEM file of the CAs that may have signed the server's certificate, and no others. `None`: the system's.
    pub ca: Option<PathBuf>,
    /// File with a bearer token, or `user:password`.
    pub credential: Option<PathBuf>,
    /// `http://host:port` of a proxy that makes tunnels (HTTP's CONNECT), if there is one on the way.
    pub proxy: Option<String>,
    /// File with the key that signs it.
    pub identity: PathBuf,
}

/// An `https` address without credentials, so that it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportUrl(String);

/// Why a text is no place to serve at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseListenError {
    /// It cannot be read.
    #[error(
        "it must be a unix socket, such as unix:/run/standfast/metrics.sock, or a loopback address with a port, such as 127.0.0.1:9463"
    )]
    Malformed,
    /// Others could ask.
    #[error(
        "{0} can be reached from other machines, and the numbers are for this one alone: take a unix socket or a loopback address, and let a scraper on this machine pass them on"
    )]
    Reachable(SocketAddr),
}

/// Why a text is no place to deliver to. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseUrlError {
    /// It cannot be read.
    #[error("it must be https://host/path, not over 2048 bytes")]
    Malformed,
    /// Clear text over a network.
    #[error("the status goes over TLS alone: write https://")]
    ClearText,
    /// User and password stand in the URL.
    #[error(
        "the URL holds a user or password: put `user:password` (or a token) into a file and name it under `credential`"
    )]
    Credentials,
    /// What stands behind `?` or `#`.
    #[error(
        "the URL ends with a query or a fragment, where tokens are often put: put the token into a file and name it under `credential`"
    )]
    Query,
}

/// Longest URL taken, in bytes.
const MAX_URL: usize = 2048;

impl ReportUrl {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReportUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_URL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ParseUrlError::Malformed);
        }
        let url = reqwest::Url::parse(text).map_err(|_| ParseUrlError::Malformed)?;
        match url.scheme() {
            "https" if url.host_str().is_some() => {}
            "http" => return Err(ParseUrlError::ClearText),
            _ => return Err(ParseUrlError::Malformed),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParseUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ParseUrlError::Query);
        }
        Ok(Self(url.into()))
    }
}

impl FromStr for Listen {
    type Err = ParseListenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            let is_file = path.is_absolute() && path.file_name().is_some();
            return if is_file { Ok(Self::Unix(path)) } else { Err(ParseListenError::Malformed) };
        }
        let address: SocketAddr = text.parse().map_err(|_| ParseListenError::Malformed)?;
        if !address.ip().is_loopback() {
            return Err(ParseListenError::Reachable(address));
        }
        if address.port() == 0 {
            return Err(ParseListenError::Malformed);
        }
        Ok(Self::Loopback(address))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Loopback(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for ReportUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
