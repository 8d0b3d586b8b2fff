//! The address of a mirror.

use std::fmt;
use std::str::FromStr;

/// An address that may be shown: it holds no credentials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MirrorUrl(String);

/// Why a text is not the address of a mirror. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseUrlError {
    /// User and password stand in the URL, where logs and process lists would show them.
    #[error(
        "the URL of a mirror on {host} holds a user or password: put `user:password` (or a token) into a file and name it under `credential`"
    )]
    Credentials {
        /// Whose URL it is.
        host: String,
    },
    /// Clear text over a network.
    #[error(
        "{0} is http without TLS, which anybody on the way can read and change: use https (http is taken for loopback addresses alone)"
    )]
    ClearText(String),
    /// Not `ssh://user@host/path`.
    #[error("not the URL of a mirror over ssh: expected ssh://user@host/path, {0}")]
    MalformedSsh(&'static str),
    /// A password in the URL of a mirror over SSH.
    #[error(
        "the URL of a mirror on {host} holds a password: ssh logs in with the key that stands under `identity`; remove it"
    )]
    SshPassword {
        /// Whose URL it is.
        host: String,
    },
    /// Not `http://host:port`.
    #[error("not the URL of a proxy: expected http://host:port, {0}")]
    MalformedProxy(&'static str),
    /// Not `https://host/path`.
    #[error("not the URL of a mirror: expected https://host/path, {0}")]
    Malformed(&'static str),
}

/// Longest URL taken, in bytes.
const MAX_URL: usize = 2048;

impl MirrorUrl {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether connections to it are under TLS.
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl FromStr for MirrorUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = |why| Err(ParseUrlError::Malformed(why));
        if text.len() > MAX_URL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return malformed("without spaces and not over 2048 bytes");
        }
        let Ok(url) = reqwest::Url::parse(text) else { return malformed("but this cannot be parsed") };
        let Some(host) = url.host_str() else { return malformed("but there is no host") };
        if !["https", "http"].contains(&url.scheme()) {
            return malformed("or a path");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParseUrlError::Credentials { host: host.to_owned() });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return malformed("without ? and #");
        }
        if url.scheme() == "http" && !is_loopback(host) {
            return Err(ParseUrlError::ClearText(format!("http://{host}")));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for MirrorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
