//! The address of a mirror over SSH.

use super::url::ParseUrlError;
use std::fmt;
use std::str::FromStr;

/// `ssh://user@host:port/path`. It may be shown: it holds no password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshUrl {
    user: Option<String>,
    host: String,
    port: Option<u16>,
    path: String,
}

/// Longest URL taken, in bytes.
const MAX_URL: usize = 2048;

impl SshUrl {
    /// Who logs in; ssh's own choice, the name of this process's user, if nobody is named.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The host's name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if it is not the usual one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The repository's path on the host, as its git takes it: absolute, or `~/…`.
    pub fn path(&self) -> &str {
        self.path.strip_prefix("/~").map_or(self.path.as_str(), |_| &self.path[1..])
    }
}

impl FromStr for SshUrl {
    type Err = ParseUrlError;

    /// What ssh, or the shell at the other end, would take for something else than a name is refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = |why| Err(ParseUrlError::MalformedSsh(why));
        if text.len() > MAX_URL || text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\'') {
            return malformed("without spaces and quotes, and not over 2048 bytes");
        }
        let Ok(url) = reqwest::Url::parse(text) else { return malformed("but this cannot be parsed") };
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return malformed("but there is no host");
        };
        if url.scheme() != "ssh" {
            return malformed("but this is something else");
        }
        if url.password().is_some() {
            return Err(ParseUrlError::SshPassword { host: host.to_owned() });
        }
        if url.query().is_some() || url.fragment().is_some() || text.contains('%') || url.path().contains('%')
        {
            return malformed("without ?, # and %");
        }
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let user = (!url.username().is_empty()).then(|| url.username().to_owned());
        let address = host.trim_start_matches('[').trim_end_matches(']');
        if user.as_deref().is_some_and(|user| !is_name(user)) {
            return malformed("with a user of letters, digits, `-`, `_` and `.`");
        }
        if !is_name(address) && address.parse::<std::net::IpAddr>().is_err() {
            return malformed("with a host of letters, digits, `-`, `_` and `.`");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.is_empty() {
            return malformed("but there is no path");
        }
        Ok(Self { user, host: address.to_owned(), port: url.port(), path })
    }
}

impl fmt::Display for SshUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "ssh://{user}{host}{port}{}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_taken() {
        for (text, user, host, port, path) in [
            ("ssh://git@git.example.com/fleet.git", Some("git"), "git.example.com", None, "/fleet.git"),
            ("ssh://git.lan:2222/srv/fleet.git/", None, "git.lan", Some(2222), "/srv/fleet.git"),
            ("ssh://me@[::1]:22/~/fleet.git", Some("me"), "::1", Some(22), "~/fleet.git"),
            ("ssh://10.0.0.7/~me/fleet", None, "10.0.0.7", None, "~me/fleet"),
        ] {
            let url: SshUrl = text.parse().unwrap();
            assert_eq!((url.user(), url.host(), url.port(), url.path()), (user, host, port, path), "{text}");
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        let long = format!("ssh://a/{}", "x".repeat(3000));
        for text in [
            "",
            "git@git.example.com:fleet.git",
            "https://git.example.com/fleet.git",
            "ssh://",
            "ssh:///fleet.git",
            "ssh://host",
            "ssh://host/",
            "ssh://-oProxyCommand=evil/fleet",
            "ssh://-evil@host/fleet",
            "ssh://a%20b@host/fleet",
            "ssh://host/fleet'$(evil)'",
            "ssh://host/fleet git",
            "ssh://host/%2e%2e/x",
            "ssh://host/x?y",
            "ssh://host/x#y",
            "ssh://ho$t/x",
            &long,
        ] {
            assert!(text.parse::<SshUrl>().is_err(), "{text:?}");
        }
        let error = "ssh://me:hunter2@host/x".parse::<SshUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}
