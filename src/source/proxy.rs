//! The address of a proxy between this site and the mirrors.

use super::url::ParseUrlError;
use std::fmt;
use std::str::FromStr;

/// `http://host:port` of a proxy that makes tunnels (HTTP's CONNECT). It holds no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyUrl(String);

impl ProxyUrl {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProxyUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why| Err(ParseUrlError::MalformedProxy(why));
        let Ok(url) = reqwest::Url::parse(text) else { return refused("but this cannot be parsed") };
        if url.scheme() != "http" || url.host_str().is_none_or(str::is_empty) {
            return refused("as HTTP proxies have it");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("without user and password, which would stand in the open");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return refused("and nothing behind it");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        for (text, shown) in [
            ("http://proxy.lan:3128", "http://proxy.lan:3128"),
            ("http://10.0.0.1:8080/", "http://10.0.0.1:8080"),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        ] {
            assert_eq!(text.parse::<ProxyUrl>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "proxy.lan:3128",
            "socks5://proxy.lan",
            "http://proxy.lan/x",
            "http://",
            "http://a/?b",
            "http://me:hunter2@a",
        ] {
            let error = text.parse::<ProxyUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
