//! Requests that name many objects go zipped, as git's own do; where a server takes none, they go as they are.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, mirror};
use crate::support::tls::{GitServer, Options};

const FILES: usize = 60;

/// What a site pays for two revisions, each with many files that are asked for by their ids: requests, and bytes up.
async fn two_revisions(options: Options) -> (u64, u64) {
    let names: Vec<String> = (0..FILES).map(|at| format!("apps/f{at:02}.yaml")).collect();
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let repo = Repo::init();
    let bytes = noise(2 * FILES * 300);
    let mut parts = bytes.chunks(300);
    let mut write = |repo: &Repo| {
        for name in &names {
            repo.write(name, parts.next().unwrap());
        }
    };
    write(&repo);
    let first = repo.commit("first");
    let server = GitServer::start(&repo.path(), options);
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    assert_eq!(site.complete(&repo, &first, &asked).await.unwrap().files.len(), FILES);
    write(&repo);
    let second = repo.commit("second");
    site.advance(Some(&first)).await.unwrap();
    assert_eq!(site.complete(&repo, &second, &asked).await.unwrap().files.len(), FILES);
    (server.counters().requests(), server.counters().up())
}

#[tokio::test]
async fn a_server_that_takes_none_is_asked_again_as_it_is_and_after_that_at_once() {
    let (requests, bytes) = two_revisions(Options::default()).await;
    let (theirs, plain) = two_revisions(Options { gzip: false, ..Options::default() }).await;
    assert_eq!(theirs, requests + 1, "it is remembered");
    assert!(plain > bytes + 1500, "{plain} and {bytes}");
}
