//! TLS to servers, for machines whose own clock may be wrong.
//!
//! # What
//! [`client`] makes a rustls configuration with ring: whom to believe (the system's CAs, or those of one PEM file and no others), and
//! a [`Clock`] by which certificates are judged.
//!
//! # Invariants
//! - The system's clock is never read: what time it is comes from the [`Clock`] alone, anew for each handshake.
//! - A chain is believed only if there is a moment, not before the clock's time, at which all of it is valid. Where the clock is
//!   exact that moment is now; where it is known only that it is not earlier ([`Time::AtLeast`]), it may be later, for a certificate
//!   that was issued while the machine was switched off is good all the same.
//!
//! # Not here
//! Connections, client certificates, revocation lists.
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

use rustls::ClientConfig;
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
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verify::Verifier::new(roots, &provider, clock.clone());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(clock))
        .with_safe_default_protocol_versions()
        .expect("because ring has the cipher suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
}
