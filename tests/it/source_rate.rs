//! A rate that a metered link may be used at is kept, as the server sees it.

use crate::support::git::{Repo, noise};
use crate::support::source::{SiteSource, metered};
use crate::support::tls::{GitServer, Options};

/// Bytes a second.
const RATE: u64 = 128 << 10;
/// What may be on its way at once: over HTTP/2 a window of 16 KiB, as much again as was just let go, and what the reader holds.
const AHEAD: u64 = 48 << 10;

#[tokio::test]
async fn no_second_of_a_transfer_brings_more() {
    let repo = Repo::init();
    for (at, bytes) in noise(300_000).chunks(5000).enumerate() {
        repo.write(&format!("apps/a/{at}"), bytes);
    }
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![metered(&server)]).change(|settings| settings.budget.rate = Some(RATE));
    site.advance(None).await.unwrap();
    site.complete(&repo, &tip, &[""]).await.unwrap();

    let moments = server.counters().moments();
    let (begin, end) = (moments.first().unwrap(), moments.last().unwrap());
    assert!(end.1 > 300_000, "{} bytes", end.1);
    for (at, (from, before)) in moments.iter().enumerate() {
        for (until, gone) in &moments[at..] {
            let passed = u64::try_from((*until - *from).as_millis()).unwrap() + 1;
            let most = AHEAD + RATE * passed / 1000;
            let took = (*from - begin.0, *until - begin.0);
            assert!(gone - before <= most, "{} bytes from {:?} to {:?}", gone - before, took.0, took.1);
        }
    }
}
