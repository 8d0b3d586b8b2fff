//! A git server over HTTPS, its connection kept between calls.

use super::http::{HttpClient, Shared};
use super::meter::Meter;
use super::session::Session;
use super::{Answer, Ask, Mirror};
use crate::model::RefName;
use crate::source::credential::{Credential, Secret};
use crate::source::mirror_error::MirrorError;
use crate::source::objects::Spool;
use crate::source::settings::Timeouts;
use crate::source::trouble::Trouble;
use crate::source::url::MirrorUrl;
use gix::ObjectId;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::http::Transport;
use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use standfast_tls::Clock;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Most bytes of an answer that is not a pack: capabilities, refs, a refusal.
const TALK: u64 = 1 << 20;
/// HTTP in the order of preference: over HTTP/2 a question costs half as many bytes.
const ALPN: [&str; 2] = ["h2", "http/1.1"];

/// One mirror reached by HTTPS.
pub(super) struct Https {
    url: MirrorUrl,
    ca: Option<PathBuf>,
    credential: Option<Credential>,
    timeouts: Timeouts,
    clock: Clock,
    meter: Arc<Meter>,
    shared: Rc<Shared>,
    /// Kept over connections: it remembers the server's TLS session, which makes the next handshake small.
    tls: Option<rustls::ClientConfig>,
    session: Option<Session<Transport<HttpClient>>>,
}

impl Https {
    pub(super) fn new(
        url: MirrorUrl,
        ca: Option<PathBuf>,
        credential: Option<Credential>,
        timeouts: Timeouts,
        clock: Clock,
        meter: Arc<Meter>,
    ) -> Self {
        let shared = Rc::new(Shared::default());
        Self { url, ca, credential, timeouts, clock, meter, shared, tls: None, session: None }
    }

    /// Does `work` in the kept session, or in a new one. A kept connection may have died unseen, so its failure is tried once more.
    fn with_session<R, E: Into<Trouble>>(
        &mut self,
        allowance: u64,
        mut work: impl FnMut(&mut Session<Transport<HttpClient>>) -> Result<R, E>,
    ) -> Result<R, Trouble> {
        if let Some(mut session) = self.session.take() {
            match self.attempt(&mut session, allowance, &mut work) {
                Err(Trouble::Mirror(MirrorError::Unreachable { .. })) if !self.meter.is_cancelled() => {}
                done => return self.keep(session, done),
            }
        }
        let mut session = self.connect()?;
        let done = self.attempt(&mut session, allowance, &mut work);
        self.keep(session, done)
    }

    fn attempt<R, E: Into<Trouble>>(
        &self,
        session: &mut Session<Transport<HttpClient>>,
        allowance: u64,
        work: &mut impl FnMut(&mut Session<Transport<HttpClient>>) -> Result<R, E>,
    ) -> Result<R, Trouble> {
        self.shared.allowance.set(allowance);
        self.shared.failure.take();
        work(session).map_err(|error| self.explained(error.into()))
    }

    /// The reason that HTTP gave, if it failed there: the layers between know it only as text.
    fn explained(&self, error: Trouble) -> Trouble {
        match (self.shared.failure.take(), error) {
            (Some(reason), Trouble::Mirror(_)) => Trouble::Mirror(reason),
            (_, error) => error,
        }
    }

    /// Keeps a session that is in order. After an error nobody knows what is still on its way, so it goes.
    fn keep<R>(
        &mut self,
        session: Session<Transport<HttpClient>>,
        done: Result<R, Trouble>,
    ) -> Result<R, Trouble> {
        match &done {
            Ok(_) | Err(Trouble::Mirror(MirrorError::EmptyRepository | MirrorError::MissingRef { .. })) => {
                self.session = Some(session);
            }
            Err(Trouble::Mirror(MirrorError::Certificate { .. })) => self.tls = None,
            Err(_) => {}
        }
        done
    }

    fn connect(&mut self) -> Result<Session<Transport<HttpClient>>, Trouble> {
        let http = self.client()?;
        let client = HttpClient {
            authorization: self.authorization(&http)?,
            client: http,
            meter: self.meter.clone(),
            shared: self.shared.clone(),
        };
        let url = gix::url::parse(self.url.as_str())
            .map_err(|error| MirrorError::NotGit { what: format!("its URL cannot be used: {error}") })?;
        self.shared.allowance.set(TALK);
        self.shared.failure.take();
        let opened = Session::open(Transport::new_http(client, url, Protocol::V2, false));
        opened.map_err(|error| {
            let error = self.explained(error.into());
            if matches!(error, Trouble::Mirror(MirrorError::Certificate { .. })) {
                self.tls = None;
            }
            error
        })
    }

    fn client(&mut self) -> Result<Client, MirrorError> {
        let tls = match self.tls.take() {
            Some(tls) => tls,
            None => standfast_tls::client(self.ca.as_deref(), self.clock.clone(), &ALPN)?,
        };
        self.tls = Some(tls.clone());
        Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.idle)
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(1)
            .tcp_keepalive(None)
            .build()
            .map_err(|error| MirrorError::unreachable("no HTTP client can be made", error))
    }

    /// The header that lets us in. reqwest encodes it, on a request that is never sent.
    fn authorization(&self, client: &Client) -> Result<Option<HeaderValue>, MirrorError> {
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

impl Mirror for Https {
    fn name(&self) -> &str {
        self.url.as_str()
    }

    fn tip(&mut self, ref_name: &RefName) -> Result<ObjectId, Trouble> {
        self.with_session(TALK, |session| session.tip(ref_name))
    }

    fn filters(&mut self) -> Result<bool, Trouble> {
        self.with_session(TALK, |session| Ok::<_, MirrorError>(session.filters()))
    }

    fn fetch(&mut self, ask: &Ask<'_>, spool: &mut Spool) -> Result<Answer, Trouble> {
        self.with_session(u64::MAX, |session| {
            spool.restart()?;
            session.fetch(ask, spool)
        })
    }
}
