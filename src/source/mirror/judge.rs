//! What an HTTP answer, or its absence, says about a mirror.

use crate::source::mirror_error::{MirrorError, printable};
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use std::error::Error as StdError;
use std::io;

/// What a server's status and kind of content say before any of it is read.
pub(super) fn judge(response: &Response, credential: bool) -> Result<(), MirrorError> {
    let status = response.status();
    let header = |name| response.headers().get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    match status.as_u16() {
        200 => {}
        status @ (401 | 403) => return Err(MirrorError::Unauthorized { status, credential }),
        status @ (404 | 410) => return Err(MirrorError::NotFound { status }),
        status @ 300..=399 => {
            let target = printable(header(LOCATION));
            let what = format!("HTTP {status} sends us to {}", without_credentials(response.url(), &target));
            return Err(MirrorError::NotGit { what });
        }
        status if status >= 500 || status == 408 || status == 429 => {
            return Err(MirrorError::Unreachable { what: format!("HTTP {status}"), source: None });
        }
        status => return Err(MirrorError::NotGit { what: format!("HTTP {status}") }),
    }
    let kind = header(CONTENT_TYPE);
    if kind.starts_with(b"application/x-git-upload-pack-") {
        Ok(())
    } else {
        let what = format!("{:?} instead of git's smart protocol", printable(kind));
        Err(MirrorError::NotGit { what })
    }
}

/// A redirect's target as it may be shown.
fn without_credentials(from: &reqwest::Url, target: &str) -> String {
    match from.join(target) {
        Ok(url) => format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()),
        Err(_) => "somewhere that is no URL".to_owned(),
    }
}

/// Names the reason why nothing came back. Only certificates are told apart: all else is a link that does not carry.
pub(super) fn unreachable(error: reqwest::Error) -> MirrorError {
    let error = error.without_url();
    let tls = find_cause::<rustls::Error>(&error);
    if let Some(rustls::Error::InvalidCertificate(why)) = tls {
        let what = match why {
            rustls::CertificateError::Other(other) => other.to_string(),
            why => why.to_string(),
        };
        return MirrorError::Certificate { what };
    }
    let what = if matches!(tls, Some(rustls::Error::InvalidMessage(_))) {
        "what answers does not speak TLS: a proxy or a login page may be in between"
    } else if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    MirrorError::unreachable(what, error)
}

/// Names the reason why an answer ended before its end.
pub(super) fn broken_off(error: io::Error) -> MirrorError {
    let what = if fell_silent(&error) { "it fell silent" } else { "the connection broke" };
    MirrorError::unreachable(what, error)
}

/// Whether an answer that had begun did not go on in time.
pub(super) fn fell_silent(error: &io::Error) -> bool {
    find_cause::<reqwest::Error>(error).is_some_and(reqwest::Error::is_timeout)
}

/// Looks for an error of one type below another. An `io::Error` hides what it was made from, so that is looked into as well.
pub(super) fn find_cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// What follows the method in a request's first line.
pub(super) fn request_target(url: &reqwest::Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

pub(super) fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}
