//! Handshakes with a real server, over a pipe in memory.

#![allow(clippy::disallowed_methods, reason = "tests write files")]

use super::{Clock, Identity, Time, Unusable, client, mutual};
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, ClientConnection, Error, RootCertStore, ServerConfig, ServerConnection};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// 2026-01-01T00:00:00Z.
const NEW_YEAR: u64 = 1_767_225_600;
const DAY: u64 = 86_400;

/// A CA, one below it, and a server's certificate by that one.
struct Scene {
    folder: tempfile::TempDir,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn params(names: &[&str], days: (u64, u64)) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let at = |day| rcgen::date_time_ymd(2026, 1, 1) + std::time::Duration::from_secs(day * DAY);
    (params.not_before, params.not_after) = (at(days.0), at(days.1));
    params
}

/// Each CA has a name of its own.
fn authority(mut params: CertificateParams) -> CertificateParams {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("CA {}", NUMBER.fetch_add(1, Ordering::SeqCst));
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Scene {
    /// With days since new year between which the intermediate's and the server's certificates are valid.
    fn new(intermediate: (u64, u64), leaf: (u64, u64)) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let root_key = KeyPair::generate().unwrap();
        let root = authority(params(&[], (0, 10_000)));
        let pem = root.self_signed(&root_key).unwrap().pem();
        std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
        let root = Issuer::new(root, root_key);
        let middle_key = KeyPair::generate().unwrap();
        let middle = authority(params(&[], intermediate));
        let middle_certificate: Certificate = middle.signed_by(&middle_key, &root).unwrap();
        let middle = Issuer::new(middle, middle_key);
        let key = KeyPair::generate().unwrap();
        let leaf = params(&["git.example.com"], leaf).signed_by(&key, &middle).unwrap();
        let chain = vec![leaf.der().clone(), middle_certificate.der().clone()];
        Self { folder, chain, key: key.into() }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// One handshake with the server under this name.
    fn shake(&self, config: &Arc<rustls::ClientConfig>, name: &'static str) -> Result<(), Error> {
        self.shake_with(WebPkiClientVerifier::no_client_auth(), config, name)
    }

    /// The same where the server asks who the client is.
    fn shake_with(
        &self,
        asking: Arc<dyn rustls::server::danger::ClientCertVerifier>,
        config: &Arc<rustls::ClientConfig>,
        name: &'static str,
    ) -> Result<(), Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(asking)
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        let mut client = ClientConnection::new(config.clone(), name.try_into().unwrap()).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(())
    }

    fn meet(&self, time: Time) -> Result<(), Error> {
        let config = client(Some(&self.ca()), Clock::new(move || time), &[]).unwrap();
        self.shake(&Arc::new(config), "git.example.com")
    }
}

fn day(day: u64) -> u64 {
    NEW_YEAR + day * DAY
}

#[test]
fn certificates_are_judged_by_the_clock_that_was_given() {
    use Time::{AtLeast, Now};
    for (name, intermediate, leaf, time, expected) in [
        ("good now", (0, 1000), (10, 100), Now(day(50)), "good"),
        ("expired", (0, 1000), (10, 100), Now(day(101)), "expired"),
        ("not valid yet", (0, 1000), (10, 100), Now(day(9)), "not yet"),
        ("a flat battery: issued while the machine was off", (0, 1000), (10, 100), AtLeast(day(9)), "good"),
        ("both were issued since", (500, 1000), (510, 600), AtLeast(day(9)), "good"),
        ("good at what it is at least", (0, 1000), (10, 100), AtLeast(day(50)), "good"),
        ("surely expired", (0, 1000), (10, 100), AtLeast(day(101)), "expired"),
        ("no moment at which both are valid", (0, 100), (200, 300), AtLeast(day(9)), "expired"),
        ("the same the other way round", (200, 300), (0, 100), AtLeast(day(9)), "expired"),
        ("the machine's own clock of 1970", (0, 1000), (10, 100), Now(1000), "not yet"),
    ] {
        let met = Scene::new(intermediate, leaf).meet(time);
        let found = match &met {
            Ok(()) => "good",
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext { .. })) => "expired",
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })) => "not yet",
            Err(_) => "otherwise",
        };
        assert_eq!(found, expected, "{name}: {met:?}");
    }
}

#[test]
fn the_clock_is_read_at_each_handshake() {
    let now = Arc::new(AtomicU64::new(day(9)));
    let told = now.clone();
    let scene = Scene::new((0, 1000), (10, 100));
    let clock = Clock::new(move || Time::Now(told.load(Ordering::SeqCst)));
    let config = Arc::new(client(Some(&scene.ca()), clock, &["h2"]).unwrap());
    assert!(scene.shake(&config, "git.example.com").is_err());
    now.store(day(11), Ordering::SeqCst);
    scene.shake(&config, "git.example.com").unwrap();
}

#[test]
fn other_names_and_other_cas_are_refused() {
    let scene = Scene::new((0, 1000), (0, 1000));
    let other = Scene::new((0, 1000), (0, 1000));
    for time in [Time::Now(day(5)), Time::AtLeast(day(5))] {
        let clock = Clock::new(move || time);
        let config = Arc::new(client(Some(&scene.ca()), clock.clone(), &[]).unwrap());
        let refused = scene.shake(&config, "elsewhere.example.com").unwrap_err();
        assert!(
            matches!(refused, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })),
            "{refused}"
        );
        for config in [client(Some(&other.ca()), clock.clone(), &[]), client(None, clock, &[])] {
            let refused = scene.shake(&Arc::new(config.unwrap()), "git.example.com").unwrap_err();
            assert_eq!(refused, Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
    }
}

/// As an API server asks. It judges by the machine's clock.
#[test]
fn a_server_that_asks_who_we_are_is_told() {
    let scene = Scene::new((0, 1000), (0, 1000));
    let authority = CertificateDer::from_pem_file(scene.ca()).unwrap().to_vec();
    let (owner_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let owner = authority_of(&owner_key);
    let own = params(&["store-042"], (0, 10_000));
    let own = own.signed_by(&key, &Issuer::new(owner.0, owner_key)).unwrap();
    let mut known = RootCertStore::empty();
    known.add(owner.1.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let asking = WebPkiClientVerifier::builder_with_provider(known.into(), provider).build().unwrap();

    let (chain, key) = (own.pem(), key.serialize_pem());
    let identity = Identity { chain: chain.as_bytes(), key: key.as_bytes() };
    let clock = Clock::new(|| Time::Now(day(5)));
    let with = |identity: Option<&Identity<'_>>| {
        mutual(Some(std::slice::from_ref(&authority)), identity, clock.clone())
    };
    let known = Arc::new(with(Some(&identity)).unwrap());
    scene.shake_with(asking.clone(), &known, "git.example.com").unwrap();
    let nobody = Arc::new(with(None).unwrap());
    scene.shake(&nobody, "git.example.com").unwrap();
    assert_eq!(
        scene.shake_with(asking, &nobody, "git.example.com").unwrap_err(),
        Error::NoCertificatesPresented
    );

    let other = KeyPair::generate().unwrap().serialize_pem();
    for (chain, key) in [(&*chain, &*other), ("nothing", &*key), (&*chain, "nothing")] {
        let identity = Identity { chain: chain.as_bytes(), key: key.as_bytes() };
        assert!(matches!(with(Some(&identity)), Err(Unusable::Identity(_))), "{chain} {key}");
    }
    assert!(matches!(mutual(Some(&[b"nothing".to_vec()]), None, clock), Err(Unusable::Authority(_))));
}

/// A CA, and its certificate.
fn authority_of(key: &KeyPair) -> (CertificateParams, Certificate) {
    let params = authority(params(&[], (0, 10_000)));
    let certificate = params.self_signed(key).unwrap();
    (params, certificate)
}

#[test]
fn a_file_that_holds_no_ca_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let clock = Clock::new(|| Time::Now(NEW_YEAR));
    let path = folder.path().join("ca.pem");
    for (content, says) in [
        (None, "No such file"),
        (Some("nothing"), "no PEM certificate"),
        (Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "invalid"),
    ] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = client(Some(&path), clock.clone(), &[]).unwrap_err();
        assert_eq!(error.path, path);
        assert!(error.to_string().contains(says), "{error}");
    }
}
