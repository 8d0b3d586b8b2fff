//! TLS to servers, for machines whose own clock may be wrong.
//!
//! # What
//! [`client`] makes a rustls configuration with ring: whom to believe (the system's CAs, or those of one PEM file and no others), and
//! a [`Clock`] by which certificates are judged. [`mutual`] makes one for a server that knows its clients by certificates.
//!
//! # Invariants
//! - The system's clock is never read: what time it is comes from the [`Clock`] alone, anew for each handshake.
//! - A chain is believed only if there is a moment, not before the clock's time, at which all of it is valid. Where the clock is
//!   exact that moment is now; where it is known only that it is not earlier ([`Time::AtLeast`]), it may be later, for a certificate
//!   that was issued while the machine was switched off is good all the same.
//!
//! # Not here
//! Connections, revocation lists.
//!
//! # Dependencies
//! `rustls` with ring, `rustls-native-certs` for the system's CAs.
//!
//! # Tests
//! `tests.rs` holds real handshakes, over certificates of every age.

mod clock;
mod roots;
mod verify;
#[cfg(test)]
mod tests;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use clock::{Clock, Time};

/// Why the CAs cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the CA file {} cannot be used: {why}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// How to speak TLS with a server. With `ca`, that PEM file's certificates alone may have signed the server's, else the system's CAs.
/// `alpn` names the protocols that follow, the preferred one first.
///
/// # Errors
/// If the PEM file cannot be read or holds no certificate.
pub fn client(ca: Option<&Path>, clock: Clock, alpn: &[&str]) -> Result<ClientConfig, Error> {
    let roots = match ca {
        Some(path) => roots::of(path)?,
        None => roots::system(),
    };
    let mut config = believing(roots, clock);
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
}

/// Who this side is: a chain of certificates and the key of its first one, both as PEM.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The chain.
    pub chain: &'a [u8],
    /// The key.
    pub key: &'a [u8],
}

impl fmt::Debug for Identity<'_> {
    /// Not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Why certificates cannot be used that are at hand already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// One of the CAs.
    #[error("its certificate authority cannot be used: {0}")]
    Authority(String),
    /// The chain or the key of this side.
    #[error("its client certificate or key cannot be used: {0}")]
    Identity(String),
}

/// How to speak TLS with a server that knows its clients by certificates. With `authorities`, as DER, they alone may have signed the
/// server's, else the system's CAs.
///
/// # Errors
/// If a certificate or the key cannot be used, or the two do not go together.
pub fn mutual(
    authorities: Option<&[Vec<u8>]>,
    identity: Option<&Identity<'_>>,
    clock: Clock,
) -> Result<ClientConfig, Unusable> {
    let roots = match authorities {
        Some(authorities) => roots::these(authorities).map_err(Unusable::Authority)?,
        None => roots::system(),
    };
    let mut config = believing(roots, clock);
    if let Some(identity) = identity {
        let own = own(identity, config.crypto_provider()).map_err(Unusable::Identity)?;
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(own));
    }
    Ok(config)
}

fn own(identity: &Identity<'_>, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(identity.chain).collect();
    let chain = chain.map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(identity.key).map_err(|error| error.to_string())?;
    if chain.is_empty() {
        return Err("there is no PEM certificate".to_owned());
    }
    CertifiedKey::from_der(chain, key, provider).map_err(|error| error.to_string())
}

/// Believes these CAs at the times of this clock, and says nothing of itself.
fn believing(roots: RootCertStore, clock: Clock) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verify::Verifier::new(roots, &provider, clock.clone());
    ClientConfig::builder_with_details(provider, Arc::new(clock))
        .with_safe_default_protocol_versions()
        .expect("because ring has the cipher suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth()
}
