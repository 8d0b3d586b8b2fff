//! Whom we believe to be the mirror's host.

use crate::source::mirror_error::MirrorError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// TLS by rustls with ring. With `ca`, that file's certificates alone are trusted, else the system's.
pub(super) fn config(ca: Option<&Path>) -> Result<ClientConfig, MirrorError> {
    let roots = match ca {
        Some(path) => roots_of(path)?,
        None => system_roots(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("because ring has the cipher suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn roots_of(path: &Path) -> Result<RootCertStore, MirrorError> {
    let refused = |why: String| MirrorError::File { what: "CA", path: path.to_owned(), why };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refused("it holds no PEM certificate".to_owned()));
    }
    Ok(roots)
}

/// The system's roots that can be read; what can't is left out, as every TLS client does.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    roots
}
