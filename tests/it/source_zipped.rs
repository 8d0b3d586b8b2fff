//! Requests that name many objects go zipped, as git's own do; where a server takes none, they go as they are.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, mirror};
use crate::support::tls::{GitServer, Options};

const FILES: usize = 90;

/// What a site pays for many files that it asks for in two halves, each one by one: requests that came zipped, and bytes up.
async fn two_halves(options: Options) -> (u64, u64) {
    let names: Vec<String> = (0..FILES).map(|at| format!("apps/f{at:02}.yaml")).collect();
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let repo = Repo::init();
    let bytes = noise(FILES * 300);
    for (name, part) in names.iter().zip(bytes.chunks(300)) {
        repo.write(name, part);
    }
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), options);
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    for half in asked.chunks(FILES / 2) {
        assert_eq!(site.complete(&repo, &tip, half).await.unwrap().files.len(), FILES / 2);
    }
    (server.counters().zipped(), server.counters().up())
}

#[tokio::test]
async fn a_server_that_takes_none_is_asked_again_as_it_is_and_after_that_at_once() {
    let (zipped, bytes) = two_halves(Options::default()).await;
    let (refused, plain) = two_halves(Options { gzip: false, ..Options::default() }).await;
    assert!(zipped >= 2, "{zipped}");
    assert_eq!(refused, 1, "it is remembered");
    assert!(plain > bytes + 1500, "{plain} and {bytes}");
}
