//! Whom we believe.

use super::Error;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;

/// The certificates of one PEM file, each of which must be a CA's.
pub(crate) fn of(path: &Path) -> Result<RootCertStore, Error> {
    let refused = |why: String| Error { path: path.to_owned(), why };
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

/// Certificates at hand, as DER, each of which must be a CA's.
pub(crate) fn these(authorities: &[Vec<u8>]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.as_slice().into()).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

/// The system's CAs that can be read; what can't is left out, as every TLS client does.
pub(crate) fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    roots
}
