//! Mirrors over SSH, against a real sshd: by the site's own key, to pinned hosts, with nobody's configuration.

use crate::support::git::{Key, Repo, noise};
use crate::support::proxy::Frail;
use crate::support::source::{SiteSource, files, ids, mirror};
use crate::support::sshd::{Options, Sshd};
use crate::support::tls::GitServer;
use standfast::model::{ChainEnd, Classify, Purpose};
use standfast::source::{MirrorSettings, Source};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "f").write("apps/a/x.yaml", "x").write("apps/b/y.yaml", noise(50_000));
    repo
}

#[tokio::test]
async fn news_and_content_come_over_one_connection() {
    for filter in [true, false] {
        let sshd = Sshd::start(Options { filter, ..Options::default() });
        let repo = fleet();
        let floor = repo.commit("floor");
        let site = SiteSource::new(vec![sshd.mirror(&repo.path())]);
        let chain = site.advance(None).await.unwrap();
        assert_eq!(ids(&chain), [floor.as_str()]);
        assert!(
            chain.mirror.starts_with("ssh://") && chain.mirror.ends_with("/fleet.git"),
            "{}",
            chain.mirror
        );
        assert_eq!(files(&site.complete(&repo, &floor, &["apps/a"]).await.unwrap()).len(), 1);

        let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
        let chain = site.advance(Some(&floor)).await.unwrap();
        assert_eq!((ids(&chain), chain.end), (vec![tip.clone()], ChainEnd::Base(floor.parse().unwrap())));
        let artifact = site.complete(&repo, &tip, &[""]).await.unwrap();
        assert_eq!(files(&artifact)[0].1, "x2");
        assert_eq!(sshd.logins(), 2, "one for each question for news; filter: {filter}");
        // From a server that does not filter, content comes with the commits.
        let purpose = if filter { Purpose::Content } else { Purpose::Commits };
        let report = &site.git.link()[0];
        assert!(report.today.iter().any(|(own, bytes)| *own == purpose && bytes.down > 50_000), "{report:?}");
    }
}

/// What a site is told, without a mirror that works.
async fn check(mirror: MirrorSettings, reason: &str, says: &[&str]) {
    let error = SiteSource::new(vec![mirror]).advance(None).await.unwrap_err();
    assert_eq!(error.reason(), reason, "{error}");
    for words in says {
        assert!(error.to_string().contains(words), "{words:?} is not in: {error}");
    }
}

#[tokio::test]
async fn a_host_that_shows_another_key_is_refused() {
    let (sshd, repo) = (Sshd::start(Options::default()), fleet());
    repo.commit("first");
    let wrong = sshd.mirror_by(sshd.port(), &repo.path(), &sshd.wrong_pin());
    check(wrong, "HostKeyNotTrusted", &["knownHosts", "ask whoever runs it"]).await;
    let none = sshd.mirror_by(sshd.port(), &repo.path(), Path::new("/nothing/is/here"));
    check(none, "HostKeyNotTrusted", &["knownHosts"]).await;
    assert_eq!(sshd.logins(), 0);
}

#[tokio::test]
async fn a_site_that_is_not_let_in_is_told_what_to_do() {
    let (sshd, repo) = (Sshd::start(Options::default()), fleet());
    repo.commit("first");
    let with = |key: &Path| match sshd.mirror(&repo.path()) {
        MirrorSettings::Ssh { url, known_hosts, metered, .. } => {
            MirrorSettings::Ssh { url, known_hosts, identity: key.to_owned(), metered }
        }
        other => other,
    };
    let stranger = Key::generate("stranger");
    check(with(&stranger.path()), "Unauthorized", &["Permission denied", "add its public key there"]).await;
    // A key that others may read is not used by ssh.
    std::fs::set_permissions(sshd.identity.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    check(sshd.mirror(&repo.path()), "Unauthorized", &["Permissions 0644"]).await;
}

#[tokio::test]
async fn nobody_there_and_no_repository_there() {
    let (sshd, repo) = (Sshd::start(Options::default()), fleet());
    repo.commit("first");
    check(sshd.mirror(&repo.path().with_extension("elsewhere")), "NotFound", &["check the path"]).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    check(sshd.mirror_by(closed, &repo.path(), &sshd.wrong_pin()), "Unreachable", &["refused"]).await;
}

#[tokio::test]
async fn a_plain_sshd_is_told_the_version_in_the_command() {
    let sshd = Sshd::start(Options { accepts_version: false, ..Options::default() });
    let repo = fleet();
    let floor = repo.commit("first");
    let site = SiteSource::new(vec![sshd.mirror(&repo.path())]);
    assert_eq!(ids(&site.advance(None).await.unwrap()), [floor.as_str()]);
    assert_eq!(sshd.logins(), 2, "one to find out");
    assert_eq!(files(&site.complete(&repo, &floor, &["apps/a"]).await.unwrap()).len(), 1);
    let tip = repo.write("apps/a/x.yaml", "x2").commit("second");
    assert_eq!(ids(&site.advance(Some(&floor)).await.unwrap()), [tip.as_str()]);
    assert_eq!(sshd.logins(), 3, "one for the second question");
}

#[tokio::test]
async fn an_account_of_gits_own_shell_serves_where_the_version_is_let_through() {
    for accepts_version in [true, false] {
        let sshd = Sshd::start(Options { accepts_version, git_shell: true, ..Options::default() });
        let repo = fleet();
        let floor = repo.commit("first");
        if accepts_version {
            let site = SiteSource::new(vec![sshd.mirror(&repo.path())]);
            assert_eq!(ids(&site.advance(None).await.unwrap()), [floor.as_str()]);
        } else {
            check(sshd.mirror(&repo.path()), "OldProtocol", &["version 2", "AcceptEnv GIT_PROTOCOL"]).await;
        }
    }
}

#[tokio::test]
async fn a_host_that_says_nothing_is_left() {
    // It accepts connections and stays silent.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (sshd, repo) = (Sshd::start(Options::default()), fleet());
    repo.commit("first");
    let port = silent.local_addr().unwrap().port();
    let mirror = sshd.mirror_by(port, &repo.path(), &sshd.wrong_pin());
    let site = SiteSource::new(vec![mirror]).change(|settings| {
        settings.timeouts.connect = std::time::Duration::from_secs(1);
        settings.timeouts.idle = std::time::Duration::from_secs(1);
    });
    assert_eq!(site.advance(None).await.unwrap_err().reason(), "Unreachable");
}

#[tokio::test]
async fn what_ssh_brought_is_shared_with_mirrors_of_other_kinds() {
    let (sshd, repo) = (Sshd::start(Options::default()), fleet());
    let floor = repo.commit("floor");
    let https = GitServer::start(&repo.path(), crate::support::tls::Options::default());
    let site = SiteSource::new(vec![sshd.mirror(&repo.path()), mirror(&https)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &floor, &[""]).await.unwrap();
    drop(sshd);
    let tip = repo.write("apps/a/x.yaml", "x2").commit("tip");
    let before = https.counters().down();
    let chain = site.advance(Some(&floor)).await.unwrap();
    assert_eq!((ids(&chain), &chain.mirror), (vec![tip.clone()], &https.url()));
    assert_eq!(files(&site.complete(&repo, &tip, &[""]).await.unwrap()).len(), 3);
    assert!(https.counters().down() - before < 10_000, "the big file came before");
}

#[tokio::test]
async fn a_link_that_breaks_again_and_again_brings_everything() {
    for filter in [true, false] {
        let sshd = Sshd::start(Options { filter, ..Options::default() });
        let repo = Repo::init();
        for at in 0..60 {
            repo.write(&format!("apps/a{}/{at}.bin", at % 6), &noise(300_000)[at * 5_000..][..5_000]);
        }
        let tip = repo.commit("first");
        let frail = Frail::to(sshd.port(), 64 << 10);
        let site = SiteSource::new(vec![sshd.mirror_through(frail.port(), &repo.path())]);
        site.advance(None).await.unwrap();
        let artifact = site.complete(&repo, &tip, &["apps"]).await.unwrap();
        assert_eq!(artifact.files.len(), 60);
        assert!(
            (5..15).contains(&frail.connections()),
            "{} connections, filter: {filter}",
            frail.connections()
        );
    }
}
