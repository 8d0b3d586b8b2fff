//! The way of a revision over HTTPS: its commits first, then what was asked for, and no more.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::tls::{GitServer, Options};
use standfast::model::ChainEnd;

/// A fleet of a few folders, with a file at the root.
fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "kind: Fleet\n");
    for application in ["pos", "ingress", "menu"] {
        repo.write(&format!("apps/{application}/deployment.yaml"), format!("name: {application}\n"));
        repo.write(&format!("apps/{application}/deep/er/service.yaml"), format!("port: {application}\n"));
    }
    repo
}

#[tokio::test]
async fn the_tip_alone_comes_first_then_the_paths_asked_for() {
    let repo = fleet();
    let tip = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);

    let chain = site.advance(None).await.unwrap();
    assert_eq!(ids(&chain), [tip.as_str()]);
    assert_eq!(chain.end, ChainEnd::Root);
    assert_eq!(chain.revision.to_string(), format!("refs/heads/main@sha1:{tip}"));
    assert_eq!(chain.mirror, server.url());

    let artifact = site.complete(&repo, &tip, &["fleet.yaml", "apps/pos", "apps/none"]).await.unwrap();
    assert_eq!(
        files(&artifact),
        [
            ("apps/pos/deep/er/service.yaml".to_owned(), "port: pos\n".to_owned()),
            ("apps/pos/deployment.yaml".to_owned(), "name: pos\n".to_owned()),
            ("fleet.yaml".to_owned(), "kind: Fleet\n".to_owned()),
        ]
    );
}

#[tokio::test]
async fn the_chain_comes_down_to_the_base_and_content_by_what_changed() {
    let repo = fleet();
    let floor = repo.commit("floor");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &["apps/pos"]).await.unwrap();

    let between = repo.write("apps/menu/deployment.yaml", "name: menu2\n").commit("menu");
    let tip = repo.write("apps/pos/deployment.yaml", "name: pos2\n").commit("pos");
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!(ids(&chain), [tip.as_str(), between.as_str()]);
    assert_eq!(chain.end, ChainEnd::Base(floor.parse().unwrap()));
    eprintln!("chain {:?}", chain.traffic);
    let before = site.git.traffic_total();
    let artifact = site.complete(&repo, &tip, &["apps/pos"]).await.unwrap();
    eprintln!("{:?} {:?}", before, site.git.traffic_total());
    assert_eq!(files(&artifact)[1].1, "name: pos2\n");
    eprintln!("{:?}", server.counters());
    for _ in 0..3 {
        let chain = site.advance(Some(&tip)).await.unwrap();
        assert!(chain.commits.is_empty());
        eprintln!("poll {:?} {:?}", chain.traffic, server.counters());
    }
}
