//! HTTP clients for one mirror: its certificates, its credential, its windows.

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

/// Least that may be on its way unread on a link that breaks often.
const LEAST: u32 = 4 * 1024;
/// What of a link's bytes between two breaks may be on its way unread: such a part is lost at the next one.
const PART: u64 = 16;
/// How much more than lately a link carries without a break when it has got better.
const BETTER: u64 = 4;

/// How one mirror is reached.
pub(super) struct Door {
    pub url: MirrorUrl,
    pub ca: Option<PathBuf>,
    pub credential: Option<Credential>,
    pub proxy: Option<ProxyUrl>,
    pub timeouts: Timeouts,
    pub clock: Clock,
    /// How many bytes came over the last connection that broke in the middle of an answer.
    carries: Option<u64>,
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
        Self { url, ca, credential, proxy, timeouts, clock, carries: None, tls: None }
    }

    /// A client, without a connection yet.
    pub(super) fn client(&mut self, size: Size) -> Result<Client, MirrorError> {
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
            .timeout(self.timeouts.idle)
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(1)
            .tcp_keepalive(None)
            .http2_initial_stream_window_size(size.window(self.carries))
            .build()
            .map_err(refused)
    }

    /// A connection broke in the middle of an answer, after so many bytes.
    pub(super) fn broke_after(&mut self, bytes: u64) {
        self.carries = Some(bytes);
    }

    /// A connection has carried so many bytes: whether it did that so well that no more is known of breaks.
    pub(super) fn is_better(&mut self, bytes: u64) -> bool {
        let is_better = self.carries.is_some_and(|carries| bytes / BETTER > carries);
        self.carries = self.carries.filter(|_| !is_better);
        is_better
    }

    /// Whether a client for much is another than one for little.
    pub(super) fn has_room(&self) -> bool {
        Size::Bulk.window(self.carries) > Size::Talk.window(self.carries)
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
    ///
    /// No frame is larger than that, and of one that a break cuts nothing can be read. So on a link that breaks it is a small part of
    /// what comes between two breaks; that much comes in as many round trips, which such a link has time for.
    fn window(self, carries: Option<u64>) -> u32 {
        let window = match self {
            Self::Talk => 16 * 1024,
            Self::Bulk => 2 << 20,
        };
        let part = |carries: u64| u32::try_from(carries / PART).unwrap_or(u32::MAX).max(LEAST);
        // Frames of 16 KiB are the largest, however much may be on its way.
        match carries.map(part) {
            Some(part) if part < Self::FRAME => window.min(part),
            _ => window,
        }
    }

    /// The largest frame that servers send.
    const FRAME: u32 = 16 * 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_often_a_link_breaks_the_less_is_on_its_way() {
        for (carries, talk, bulk) in [
            (None, 16 << 10, 2 << 20),
            (Some(0), 4 << 10, 4 << 10),
            (Some(64 << 10), 4 << 10, 4 << 10),
            (Some(160 << 10), 10 << 10, 10 << 10),
            (Some(256 << 10), 16 << 10, 2 << 20),
            (Some(u64::MAX), 16 << 10, 2 << 20),
        ] {
            assert_eq!((Size::Talk.window(carries), Size::Bulk.window(carries)), (talk, bulk), "{carries:?}");
        }
    }
}
