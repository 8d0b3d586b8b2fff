//! What stands between a site and its mirrors: proxies, names that lead elsewhere, links of one kind of address, silence.

use crate::support::git::Repo;
use crate::support::proxy::Proxy;
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{GitServer, Options};
use crate::support::wire::Fault;
use standfast::model::{Classify, ErrorClass};
use standfast::source::MirrorSettings;

fn fleet() -> (Repo, String) {
    let repo = Repo::init();
    let tip = repo.write("fleet.yaml", "f").commit("first");
    (repo, tip)
}

fn by(server: &GitServer, proxy: &Proxy) -> SiteSource {
    SiteSource::new(vec![mirror(server)])
        .change(|settings| settings.proxy = Some(proxy.url().parse().unwrap()))
}

#[tokio::test]
async fn everything_goes_through_the_proxy() {
    for http2 in [true, false] {
        let (repo, tip) = fleet();
        let (server, proxy) =
            (GitServer::start(&repo.path(), Options { http2, ..Options::default() }), Proxy::start());
        let site = by(&server, &proxy);
        assert_eq!(ids(&site.advance(None).await.unwrap()), [tip.as_str()]);
        assert_eq!(files(&site.complete(&repo, &tip, &[""]).await.unwrap()).len(), 1);
        assert_eq!(proxy.tunnels() as u64, server.counters().connections());
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told() {
    let (repo, _) = fleet();
    let server = GitServer::start(&repo.path(), Options::default());
    for answer in [
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 20\r\n\r\n<html>Log in</html>!",
        "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
    ] {
        let error = by(&server, &Proxy::refusing(answer)).advance(None).await.unwrap_err();
        assert_eq!((error.reason(), error.class()), ("Unreachable", ErrorClass::Transient), "{error}");
    }
    assert_eq!(server.counters().connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_found_out_and_passed_over() {
    // The certificate is for localhost: under the address it is another host, whoever sent us there.
    let (repo, tip) = fleet();
    let (elsewhere, right) = (
        GitServer::start(&repo.path(), Options::default()),
        GitServer::start(&repo.path(), Options::default()),
    );
    let lied_to = MirrorSettings::Https {
        url: elsewhere.url().replace("localhost", "127.0.0.1").parse().unwrap(),
        ca: Some(elsewhere.ca_pem_path()),
        credential: None,
        metered: false,
    };
    let error = SiteSource::new(vec![lied_to.clone()]).advance(None).await.unwrap_err();
    assert_eq!(error.reason(), "CertificateNotTrusted", "{error}");
    let site = SiteSource::new(vec![lied_to, mirror(&right)]);
    let chain = site.advance(None).await.unwrap();
    assert_eq!((ids(&chain), chain.mirror), (vec![tip], right.url()));
    assert_eq!(elsewhere.counters().requests(), 0, "nothing was asked there");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_passed_over() {
    let (repo, tip) = fleet();
    let server = GitServer::start(&repo.path(), Options::default());
    let nowhere = MirrorSettings::Https {
        url: "https://nothing.invalid/fleet.git".parse().unwrap(),
        ca: None,
        credential: None,
        metered: false,
    };
    let site = SiteSource::new(vec![nowhere, mirror(&server)]);
    assert_eq!(ids(&site.advance(None).await.unwrap()), [tip]);
}

#[tokio::test]
async fn a_link_with_ipv6_alone_is_enough() {
    let (repo, tip) = fleet();
    let server = GitServer::start(&repo.path(), Options { ipv6: true, ..Options::default() });
    assert!(server.url().contains("[::1]"), "{}", server.url());
    let site = SiteSource::new(vec![mirror(&server)]);
    assert_eq!(ids(&site.advance(None).await.unwrap()), [tip.as_str()]);
    site.complete(&repo, &tip, &[""]).await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_fell_silent_is_replaced() {
    for http2 in [true, false] {
        let (repo, tip) = fleet();
        // Behind a router that has forgotten the connection and says nothing: enough for the first answers, then silence.
        let fault = Some(Fault::StallAfter(8_000));
        let server = GitServer::start(&repo.path(), Options { fault, http2, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        while server.counters().connections() < 2 {
            site.advance(Some(&tip)).await.unwrap();
        }
    }
}
