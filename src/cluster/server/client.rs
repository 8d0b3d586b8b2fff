//! The client of the API server that a kubeconfig describes: TLS by the trusted clock, who this agent is there, and small buffers.
//!
//! `kube` makes clients too. Those start programs where a kubeconfig says so, judge certificates by the machine's own clock, which
//! a box that woke up in 1970 gets nowhere with, and hold up to 400 kB for each watch.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Request, header};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::Client;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::config::{AuthInfo, Config};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use standfast_tls::{Clock, Identity};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tower::ServiceBuilder;

/// How much a connection reads at once, and how long the headers of an answer may be, bytes.
const BUFFER: usize = 32 << 10;
/// How large a file that a kubeconfig names may be, bytes.
const MAX_CREDENTIAL: u64 = 1 << 20;
/// How long to wait for a connection, handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take to be sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(295);

/// A client, or what is wrong with the kubeconfig. Nothing is connected yet.
pub(super) fn client(config: &Config, clock: Clock) -> Result<Client, String> {
    let mut connector = TimeoutConnector::new(tls(config, clock)?);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_write_timeout(Some(WRITE_TIMEOUT));
    let http: legacy::Client<_, Body> =
        legacy::Client::builder(TokioExecutor::new()).http1_max_buf_size(BUFFER).build(connector);
    let mut credential = Credential::of(&config.auth_info)?;
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer().map_err(|error| error.to_string())?)
        .map_request(move |mut request: Request<Body>| {
            if let Some(value) = credential.header() {
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            request
        })
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace.clone()).build())
}

fn tls(config: &Config, clock: Clock) -> Result<HttpsConnector<HttpConnector>, String> {
    let who = &config.auth_info;
    let chain = bytes(
        "client certificate",
        who.client_certificate_data.as_deref(),
        who.client_certificate.as_deref(),
    )?;
    let key = who.client_key_data.as_ref().map(ExposeSecret::expose_secret);
    let key = bytes("client key", key, who.client_key.as_deref())?;
    let identity = match (&chain, &key) {
        (Some(chain), Some(key)) => Some(Identity { chain, key }),
        (None, None) => None,
        (Some(_), None) => return Err("it has a client certificate without a key".to_owned()),
        (None, Some(_)) => return Err("it has a client key without a certificate".to_owned()),
    };
    let tls = standfast_tls::mutual(config.root_cert.as_deref(), identity.as_ref(), clock);
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls.map_err(|error| error.to_string())?);
    let mut builder = builder.https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone())
            .map_err(|_| "its tls-server-name is no name of a server".to_owned())?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    Ok(builder.enable_http1().wrap_connector(tcp))
}

/// What goes along with each request to say who sends it.
#[derive(Clone)]
enum Credential {
    /// Nothing: a client certificate says it, or nobody asks.
    Nothing,
    /// Always the same.
    Fixed(HeaderValue),
    /// A token that others renew in its file, and what it was when it could be read last.
    File(PathBuf, HeaderValue),
}

impl Credential {
    fn of(who: &AuthInfo) -> Result<Self, String> {
        if let (Some(name), Some(password)) = (&who.username, &who.password) {
            let pair = BASE64_STANDARD.encode(format!("{name}:{}", password.expose_secret()));
            return Ok(Self::Fixed(value("Basic", &pair)?));
        }
        if let Some(path) = &who.token_file {
            return Ok(Self::File(path.into(), token(Path::new(path))?));
        }
        match &who.token {
            Some(token) => Ok(Self::Fixed(value("Bearer", token.expose_secret())?)),
            None => Ok(Self::Nothing),
        }
    }

    fn header(&mut self) -> Option<HeaderValue> {
        match self {
            Self::Nothing => None,
            Self::Fixed(value) => Some(value.clone()),
            Self::File(path, last) => {
                // While it is away or half written, what it said before still holds.
                if let Ok(now) = token(path) {
                    *last = now;
                }
                Some(last.clone())
            }
        }
    }
}

/// The header with the token in a file.
fn token(path: &Path) -> Result<HeaderValue, String> {
    let text = file("token", path)?;
    value("Bearer", String::from_utf8_lossy(&text).trim())
}

fn value(kind: &str, secret: &str) -> Result<HeaderValue, String> {
    if secret.is_empty() {
        return Err("its token is empty".to_owned());
    }
    let mut value = HeaderValue::try_from(format!("{kind} {secret}"))
        .map_err(|_| "its token or password holds characters that no header may hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// What stands in a kubeconfig, or in the file that it names.
fn bytes(what: &str, inline: Option<&str>, path: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    match (inline, path) {
        (Some(text), _) => {
            let text = BASE64_STANDARD.decode(text.trim());
            text.map(Some).map_err(|_| format!("its {what} cannot be read: it is not base64"))
        }
        (None, Some(path)) => file(what, Path::new(path)).map(Some),
        (None, None) => Ok(None),
    }
}

fn file(what: &str, path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |why: String| format!("its {what} in {} cannot be read: {why}", path.display());
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_CREDENTIAL + 1).read_to_end(&mut bytes));
    let length = read.map_err(|error| unreadable(error.to_string()))?;
    if length as u64 > MAX_CREDENTIAL {
        return Err(unreadable("it is larger than 1 MiB".to_owned()));
    }
    Ok(bytes)
}
