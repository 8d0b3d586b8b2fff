//! One request and its answer, with limits on time and bytes.

use super::connection::Connection;
use super::status::Status;
use crate::cluster::Error;
use crate::cluster::retry::Tried;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use std::time::Duration;

/// The largest answer that we take, bytes: one object, or one page of a list.
pub(super) const MAX_ANSWER: usize = 16 << 20;

/// How long one request may take, body included. The server itself gives up after 60 s, and its webhooks have up to 30 s.
const TIMEOUT: Duration = Duration::from_secs(65);

/// A request that can be made several times. It has no `Debug`: a body may be a Secret.
pub(super) struct Ask {
    /// What it is for, after "while asked to": `apply Deployment.apps pos/web`.
    pub(super) what: String,
    /// The method.
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// Headers that matter: `Content-Type` or `Accept`.
    pub(super) header: Option<(header::HeaderName, &'static str)>,
    /// The body, possibly empty.
    pub(super) body: Vec<u8>,
    /// Whether it may be sent again when it is not known if the server carried it out.
    pub(super) is_repeatable: bool,
}

/// An answer that is not about the request's way but about its content: success, or a client error. No `Debug` here either.
pub(super) struct Answer {
    /// The status.
    pub(super) status: StatusCode,
    /// The body, at most [`MAX_ANSWER`] bytes.
    pub(super) body: Vec<u8>,
}

impl Ask {
    /// A plain read.
    pub(super) fn get(what: String, path: String) -> Self {
        Self { what, method: Method::GET, path, header: None, body: Vec::new(), is_repeatable: true }
    }
}

impl Connection {
    /// Makes the request once. What may pass (no connection, busy, a failing server) is for the caller to repeat.
    pub(super) async fn send(&self, ask: &Ask) -> Tried<Answer> {
        let current = match self.get().await {
            Ok(current) => current,
            Err(error) => return Tried::Stop(error),
        };
        let Some(request) = request(ask) else {
            return Tried::Stop(Error::Address {
                what: ask.what.clone(),
                why: "no such URL can be".to_owned(),
            });
        };
        let exchange = exchange(&current.client, request);
        let (status, headers, body) = match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failure)) => return failed(ask, current.server, failure),
            Err(cause) => return Tried::Stop(unreachable(ask.what.clone(), current.server, cause)),
        };
        self.note_date(&headers);
        if status == StatusCode::UNAUTHORIZED {
            self.forget(&current).await;
            return Tried::Again(Error::Unauthorized { server: current.server }, None);
        }
        judge(ask, Answer { status, body }, &headers)
    }
}

/// Why an exchange did not come to an end.
#[derive(Debug)]
enum Failure {
    Wire(kube::Error),
    TooLarge,
}

fn request(ask: &Ask) -> Option<Request<Body>> {
    let mut request = Request::builder().method(ask.method.clone()).uri(&ask.path);
    if let Some((name, value)) = &ask.header {
        request = request.header(name, *value);
    }
    request.body(Body::from(ask.body.clone())).ok()
}

async fn exchange(
    client: &kube::Client,
    request: Request<Body>,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
    let (parts, mut body) = client.send(request).await.map_err(Failure::Wire)?.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Failure::Wire)?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_ANSWER {
            return Err(Failure::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok((parts.status, parts.headers, bytes))
}

/// What of an answer may pass with time.
fn judge(ask: &Ask, answer: Answer, headers: &HeaderMap) -> Tried<Answer> {
    let wait = headers.get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let wait = wait.map(Duration::from_secs);
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        return Tried::Again(Error::Busy { what: ask.what.clone() }, wait);
    }
    if !answer.status.is_server_error() {
        return Tried::Done(answer);
    }
    let status = Status::read(&answer.body);
    if status.is_about_the_object() {
        return Tried::Done(answer);
    }
    let error =
        Error::Server { what: ask.what.clone(), status: answer.status.as_u16(), message: status.words() };
    // For a webhook the server has waited already, up to 30 s.
    let may_pass = ask.is_repeatable && !status.is_about_a_webhook();
    if may_pass || wait.is_some() { Tried::Again(error, wait) } else { Tried::Stop(error) }
}

fn failed(ask: &Ask, server: String, failure: Failure) -> Tried<Answer> {
    let cause = match failure {
        Failure::TooLarge => {
            return Tried::Stop(Error::TooLarge { what: ask.what.clone(), limit: MAX_ANSWER });
        }
        Failure::Wire(cause) => cause,
    };
    if is_certificate(&cause) {
        return Tried::Stop(Error::Certificate { server, cause: Box::new(cause) });
    }
    let was_not_sent = is_not_sent(&cause);
    let error = unreachable(ask.what.clone(), server, cause);
    if ask.is_repeatable || was_not_sent { Tried::Again(error, None) } else { Tried::Stop(error) }
}

/// The server is not there, or ended in the middle.
pub(super) fn unreachable(
    what: String,
    server: String,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::Unreachable { server, what, cause: Box::new(cause) }
}

/// Whether the server's certificate was refused.
fn is_certificate(error: &kube::Error) -> bool {
    any_cause(error, |cause| {
        matches!(cause.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
    })
}

/// Whether no connection came about, so that the server cannot have seen the request.
fn is_not_sent(error: &kube::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    any_cause(error, |cause| {
        let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(kind, Some(ConnectionRefused | HostUnreachable | NetworkUnreachable))
    })
}

/// Looks along the chain of causes. An I/O error that wraps another error is not its source but holds it.
fn any_cause(
    error: &(dyn std::error::Error + 'static),
    test: impl Fn(&(dyn std::error::Error + 'static)) -> bool + Copy,
) -> bool {
    let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    test(error)
        || held.is_some_and(|held| any_cause(held, test))
        || error.source().is_some_and(|source| any_cause(source, test))
}
