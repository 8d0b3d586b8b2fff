//! HTTP clients for one mirror: its certificates, its credential, its windows.

use super::breaks::Breaks;
use crate::source::credential::{Credential, Secret};
use crate::source::mirror_error::MirrorError;
use crate::source::proxy::ProxyUrl;
use crate::source::settings::Timeouts;
use crate::source::url::MirrorUrl;
use reqwest::Proxy;
use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use rustls::ClientConfig;
use standfast_tls::Clock;
use std::path::PathBuf;
use std::time::Duration;

/// HTTP in the order of preference: over HTTP/2 a question costs half as many bytes.
const ALPN: [&str; 2] = ["h2", "http/1.1"];

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Questions, commits, the trees of a change.
    Talk,
    /// Whole folders.
    Bulk,
}

/// How one mirror is reached.
pub(super) struct Door {
    pub url: MirrorUrl,
    pub ca: Option<PathBuf>,
    pub credential: Option<Credential>,
    pub proxy: Option<ProxyUrl>,
    pub timeouts: Timeouts,
    pub clock: Clock,
    /// How the link breaks.
    pub breaks: Breaks,
    /// Kept over connections: it remembers the server's TLS session, which makes the next handshake small.
    tls: Option<ClientConfig>,
}

impl Door {
    pub(super) fn new(
        url: MirrorUrl,
        ca: Option<PathBuf>,
        credential: Option<Credential>,
        proxy: Option<ProxyUrl>,
        timeouts: Timeouts,
        clock: Clock,
    ) -> Self {
        Self { url, ca, credential, proxy, timeouts, clock, breaks: Breaks::default(), tls: None }
    }

    /// A client, without a connection yet.
    pub(super) fn client(&mut self, size: Size) -> Result<Client, MirrorError> {
        self.patient_client(size, self.timeouts.idle)
    }

    /// One that waits so long for an answer, and for it to go on.
    pub(super) fn patient_client(&mut self, size: Size, wait: Duration) -> Result<Client, MirrorError> {
        let tls = match self.tls.take() {
            Some(tls) => tls,
            None => standfast_tls::client(self.ca.as_deref(), self.clock.clone(), &ALPN)?,
        };
        self.tls = Some(tls.clone());
        let refused = |error| MirrorError::unreachable("no HTTP client can be made", error);
        // Nothing of the environment counts, whatever it says about proxies.
        let mut client = Client::builder().no_proxy();
        if let Some(proxy) = &self.proxy {
            client = client.proxy(Proxy::all(proxy.as_str()).map_err(refused)?);
        }
        client
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.timeouts.connect)
            .timeout(wait)
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(1)
            .tcp_keepalive(None)
            .http2_initial_stream_window_size(self.window(size))
            .build()
            .map_err(refused)
    }

    /// How much of an answer over HTTP/2 may be on its way unread.
    fn window(&self, size: Size) -> u32 {
        size.window().min(self.breaks.most().unwrap_or(u32::MAX))
    }

    /// Whether a client for much is another than one for little.
    pub(super) fn has_room(&self) -> bool {
        self.breaks.most().is_none()
    }

    /// Reads the CAs anew for the next client: they may have been replaced.
    pub(super) fn forget_cas(&mut self) {
        self.tls = None;
    }

    /// The header that lets us in. reqwest encodes it, on a request that is never sent.
    pub(super) fn authorization(&self, client: &Client) -> Result<Option<HeaderValue>, MirrorError> {
        let Some(credential) = &self.credential else { return Ok(None) };
        let probe = client.get(self.url.as_str());
        let request = match credential.read()? {
            Secret::Token(token) => probe.bearer_auth(token),
            Secret::Password { user, password } => probe.basic_auth(user, Some(password)),
        };
        let value = request.build().ok().and_then(|request| request.headers().get(AUTHORIZATION).cloned());
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(MirrorError::File {
                what: "credential",
                path: credential.path().to_owned(),
                why: "it has characters that HTTP does not carry".to_owned(),
            }),
        }
    }
}

impl Size {
    /// How much of an answer over HTTP/2 may be on its way unread: little, so that breaking one off saves what it should; where much is
    /// expected distance must not slow it down, and this is 27 Mbit/s by way of a satellite.
    fn window(self) -> u32 {
        match self {
            Self::Talk => 16 * 1024,
            Self::Bulk => 2 << 20,
        }
    }
}
