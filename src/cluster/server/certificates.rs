//! When certificates end. They are not parsed here: the verifier is asked about a moment at which any certificate is over, and its
//! answer names the end.

use super::wire::unreachable;
use crate::cluster::Error;
use jiff::Timestamp;
use kube::client::ConfigExt as _;
use kube::config::Config;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, SignatureScheme};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// When certificates end; `None` where there is none, or no end to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificates {
    /// The server's own.
    pub server: Option<Timestamp>,
    /// The one that we show.
    pub ours: Option<Timestamp>,
}

/// How long the server may take for each step of the handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// A moment after the end of any certificate: the last day that they can name, in seconds since 1970.
const AFTER_ALL: u64 = 253_402_300_799;

/// Looks at the certificates that are shown where the agent connects.
pub(super) async fn look(config: Config) -> Result<Certificates, Error> {
    let server = config.cluster_url.to_string();
    let failed = |error: io::Error| unreachable("show its certificate".to_owned(), server.clone(), error);
    let tls = config.rustls_client_config().map_err(io::Error::other).map_err(failed)?;
    let ours = tls.client_auth_cert_resolver.resolve(&[], &SCHEMES);
    let ours = ours.as_ref().and_then(|ours| ours.cert.first()).and_then(end);
    let url = config.cluster_url;
    if url.scheme_str() != Some("https") {
        return Ok(Certificates { server: None, ours });
    }
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let (name, port) =
        (config.tls_server_name.unwrap_or_else(|| host.clone()), url.port_u16().unwrap_or(443));
    let shown = tokio::task::spawn_blocking(move || shown(tls, &host, port, name)).await;
    let shown = shown.unwrap_or_else(|ended| Err(io::Error::other(ended))).map_err(failed)?;
    Ok(Certificates { server: end(&shown), ours })
}

/// What a key may be asked to sign with; the certificate is the same for all.
const SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::ED25519,
];

/// The certificate that a server shows.
fn shown(tls: ClientConfig, host: &str, port: u16, name: String) -> io::Result<CertificateDer<'static>> {
    let address = (host, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(Arc::new(tls), name).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    let shown = connection.peer_certificates().and_then(|all| all.first());
    shown.map(|shown| shown.clone().into_owned()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// When a certificate ends.
fn end(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
    let after_all = UnixTime::since_unix_epoch(Duration::from_secs(AFTER_ALL));
    let judged = verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &RootCertStore::empty(),
        &[],
        after_all,
        algorithms,
    );
    match judged {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Timestamp::from_second(i64::try_from(not_after.as_secs()).ok()?).ok()
        }
        _ => None,
    }
}
