//! One delivery.

use super::pace::Pace;
use crate::model::explain;
use crate::report::settings::Destination;
use crate::store::durable;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Proxy, Response};
use standfast_identity::Identity;
use standfast_tls::Clock;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// The namespace of the signature.
pub const NAMESPACE: &str = "standfast-status";
/// The header that carries it: what stands between the lines `BEGIN SSH SIGNATURE` and `END SSH SIGNATURE`, on one line.
pub const SIGNATURE: &str = "standfast-signature";
/// Longest credential, in bytes.
const MOST_CREDENTIAL: u64 = 16 << 10;

/// Why a report was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// In words, without what the server said.
    pub(super) why: String,
    /// Whether no answer came at all: it may be the link.
    pub(super) is_link: bool,
    /// How long the server asks to be left alone.
    pub(super) asked: Option<Duration>,
}

/// Posts a report, signed. All that it needs is made for this one delivery, and gone after it.
pub(super) async fn post(
    destination: &Destination,
    clock: Clock,
    pace: &Pace,
    body: String,
) -> Result<(), Failure> {
    let key = Identity::load(&destination.identity).map_err(|error| Failure::here(explain(&error)))?;
    let signature = key.sign_sshsig(NAMESPACE, body.as_bytes()).map(|armor| bare(&armor));
    drop(key);
    let signature = signature.ok_or_else(|| Failure::here("the report cannot be signed".to_owned()))?;
    let tls = standfast_tls::client(destination.ca.as_deref(), clock, &["http/1.1"]);
    let proxy = destination.proxy.as_ref().map(|proxy| Proxy::all(proxy.as_str())).transpose();
    // Nothing of the environment counts, whatever it says about proxies.
    let mut client = Client::builder().no_proxy();
    if let Some(proxy) = proxy.map_err(|error| Failure::here(explain(&error)))? {
        client = client.proxy(proxy);
    }
    let client = client
        .tls_backend_preconfigured(tls.map_err(|error| Failure::here(explain(&error)))?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("standfast/", env!("CARGO_PKG_VERSION")))
        .timeout(pace.patience)
        .build()
        .map_err(|error| Failure::here(explain(&error)))?;
    let mut request = client
        .post(destination.url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(SIGNATURE, signature)
        .body(body);
    if let Some(path) = &destination.credential {
        request = match credential(path).map_err(Failure::here)? {
            Secret::Token(token) => request.bearer_auth(token),
            Secret::Password(user, password) => request.basic_auth(user, Some(password)),
        };
    }
    // The answer's body is not read: what it says is of no use here.
    judge(&request.send().await.map_err(|error| Failure::link(&error))?)
}

/// What a server answers, in words.
fn judge(response: &Response) -> Result<(), Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let hint = match status.as_u16() {
        300..=399 => ": it wants to send us elsewhere; name that address under report.url",
        401 | 403 => ": see report.credential",
        404 | 405 => ": see report.url",
        _ => "",
    };
    let asked = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let why = format!("the server answers HTTP {}{hint}", status.as_u16());
    Err(Failure { why, is_link: false, asked: asked.map(Duration::from_secs) })
}

enum Secret {
    Token(String),
    Password(String, String),
}

/// Reads a credential: one line, and a colon makes it `user:password`.
fn credential(path: &Path) -> Result<Secret, String> {
    let refused = |why: &str| format!("the credential {} cannot be used: {why}", path.display());
    let bytes = durable::read(path, MOST_CREDENTIAL).map_err(|error| refused(&error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not text"))?;
    let text = text.trim();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(refused("it must be one line: a token, or user:password"));
    }
    Ok(match text.split_once(':') {
        Some((user, password)) => Secret::Password(user.to_owned(), password.to_owned()),
        None => Secret::Token(text.to_owned()),
    })
}

/// An armor's inside on one line.
fn bare(armor: &str) -> String {
    armor.lines().filter(|line| !line.starts_with("-----")).collect()
}

impl Failure {
    /// Something of ours is wrong.
    fn here(why: String) -> Self {
        Self { why, is_link: false, asked: None }
    }

    /// No answer came. reqwest's error would repeat the URL, which is ours and known.
    fn link(error: &reqwest::Error) -> Self {
        let mut cause: &dyn Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let why = if error.is_timeout() { "it takes too long".to_owned() } else { cause.to_string() };
        Self { why: format!("the server does not answer: {why}"), is_link: true, asked: None }
    }
}
