//! What a technician is told when a mirror is of no use: each case by its name, with what to do about it.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, mirror, want};
use crate::support::tls::{Answer, GitServer, Options};
use crate::support::wire::Fault;
use standfast::model::{Classify, ErrorClass};
use standfast::source::{Credential, Error, MirrorSettings, Source};
use std::error::Error as _;
use std::path::PathBuf;
use tempfile::TempDir;

fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "kind: Fleet\n").commit("first");
    repo
}

/// The whole message, with all causes.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn check(mirror: MirrorSettings, reason: &str, says: &[&str]) -> Error {
    let error = SiteSource::new(vec![mirror]).advance(None).await.unwrap_err();
    assert_eq!(error.reason(), reason, "{}", told(&error));
    for words in says {
        assert!(told(&error).contains(words), "{words:?} is not in: {}", told(&error));
    }
    error
}

async fn check_answer(answer: Answer, reason: &str, says: &[&str]) {
    let repo = fleet();
    let server = GitServer::start(&repo.path(), Options { answer, ..Options::default() });
    check(mirror(&server), reason, &[says, &[server.url().as_str()]].concat()).await;
}

#[tokio::test]
async fn statuses() {
    check_answer(Answer::Status(404), "NotFound", &["HTTP 404", "check the URL"]).await;
    check_answer(Answer::Status(403), "Unauthorized", &["HTTP 403", "add `credential`"]).await;
    check_answer(Answer::Status(503), "Unreachable", &["HTTP 503"]).await;
    check_answer(Answer::Status(418), "NotGit", &["HTTP 418"]).await;
}

#[tokio::test]
async fn a_login_page_in_between() {
    check_answer(Answer::LoginPage, "NotGit", &["text/html", "login page"]).await;
}

#[tokio::test]
async fn one_that_does_not_speak_tls() {
    let server = GitServer::start(&fleet().path(), Options { tls: false, ..Options::default() });
    let url = server.url().replace("http://", "https://").parse().unwrap();
    let mirror = MirrorSettings::Https { url, ca: None, credential: None, metered: false };
    check(mirror, "Unreachable", &["does not speak TLS", "a login page may be in between"]).await;
}

#[tokio::test]
async fn a_redirect_is_refused_and_its_target_shown_without_secrets() {
    let target = "https://me:hunter2@elsewhere.example/fleet.git?token=hunter2".to_owned();
    let repo = fleet();
    let server =
        GitServer::start(&repo.path(), Options { answer: Answer::Redirect(target), ..Options::default() });
    let error = check(mirror(&server), "NotGit", &["https://elsewhere.example/fleet.git"]).await;
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn nobody_there() {
    let repo = fleet();
    let server = GitServer::start(&repo.path(), Options::default());
    let gone = MirrorSettings::Https {
        url: "https://localhost:1/fleet.git".parse().unwrap(),
        ca: Some(server.ca_pem_path()),
        credential: None,
        metered: false,
    };
    check(gone, "Unreachable", &["no connection", "https://localhost:1/fleet.git"]).await;
}

#[tokio::test]
async fn a_certificate_of_another_ca() {
    let repo = fleet();
    let (server, other) = (
        GitServer::start(&repo.path(), Options::default()),
        GitServer::start(&repo.path(), Options::default()),
    );
    let url = server.url().parse().unwrap();
    let wrong =
        MirrorSettings::Https { url, ca: Some(other.ca_pem_path()), credential: None, metered: false };
    check(wrong, "CertificateNotTrusted", &["give the CA that signed it as `ca`"]).await;
    let url = server.url().parse().unwrap();
    check(
        MirrorSettings::Https { url, ca: None, credential: None, metered: false },
        "CertificateNotTrusted",
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_ca_file_that_is_none() {
    let repo = fleet();
    let server = GitServer::start(&repo.path(), Options::default());
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("ca.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for ca in [empty, folder.path().join("absent.pem")] {
        let url = server.url().parse().unwrap();
        let mirror = MirrorSettings::Https { url, ca: Some(ca.clone()), credential: None, metered: false };
        let error = check(mirror, "FileUnusable", &[ca.to_str().unwrap()]).await;
        assert_eq!(error.class(), ErrorClass::Misconfigured);
    }
}

#[tokio::test]
async fn an_empty_repository() {
    let repo = Repo::init();
    let server = GitServer::start(&repo.path(), Options::default());
    check(mirror(&server), "EmptyRepository", &["push the first commit"]).await;
}

#[tokio::test]
async fn a_ref_that_is_a_tag_object() {
    let repo = fleet();
    repo.git(&["tag", "-a", "-m", "release", "v1"]);
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    let mut tag = want(None);
    tag.ref_name = "refs/tags/v1".parse().unwrap();
    let error = site.git.advance(&tag).await.unwrap_err();
    assert_eq!(error.reason(), "NotACommit");
    assert!(told(&error).contains("refs/tags/v1 points to a tag"), "{}", told(&error));
}

#[tokio::test]
async fn a_sha256_repository() {
    let repo = Repo::init_sha256();
    repo.write("fleet.yaml", "").commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    check(mirror(&server), "ObjectFormat", &["sha256", "git init --object-format=sha1"]).await;
}

#[tokio::test]
async fn what_is_not_a_pack() {
    for pack in [&b""[..], b"PACK", b"<html>", b"PACK\0\0\0\x02\0\0\0\x01garbage that is no entry"] {
        check_answer(Answer::Pack(pack.to_vec()), "GarbagePack", &["git fsck"]).await;
    }
}

#[tokio::test]
async fn a_pack_of_something_else() {
    let (repo, other) = (fleet(), Repo::init());
    other.write("other", "").commit("other");
    let pack = other.git_with_input(&["pack-objects", "--stdout", "--revs", "--quiet"], b"main\n");
    let server = GitServer::start(&repo.path(), Options { answer: Answer::Pack(pack), ..Options::default() });
    check(mirror(&server), "GarbagePack", &["the commit that it offers is not in it"]).await;
}

#[tokio::test]
async fn a_flipped_bit_in_a_pack() {
    let repo = fleet();
    let good = repo.git_with_input(&["pack-objects", "--stdout", "--revs", "--quiet"], b"main\n");
    for at in [8, 20, good.len() / 2, good.len() - 1] {
        let mut pack = good.clone();
        pack[at] ^= 0x10;
        let server =
            GitServer::start(&repo.path(), Options { answer: Answer::Pack(pack), ..Options::default() });
        let error = SiteSource::new(vec![mirror(&server)]).advance(None).await.unwrap_err();
        assert!(["GarbagePack", "TooLarge"].contains(&error.reason()), "byte {at}: {}", told(&error));
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_before_anything_came() {
    // At its beginning, and later in the TLS handshake.
    for bytes in [300, 900] {
        let (repo, fault) = (fleet(), Some(Fault::CloseAfter(bytes)));
        let server = GitServer::start(&repo.path(), Options { fault, ..Options::default() });
        check(mirror(&server), "Unreachable", &[]).await;
    }
}

#[tokio::test]
async fn a_server_that_falls_silent() {
    let (repo, fault) = (fleet(), Some(Fault::StallAfter(900)));
    let server = GitServer::start(&repo.path(), Options { fault, ..Options::default() });
    check(mirror(&server), "Unreachable", &["timed out"]).await;
}

#[tokio::test]
async fn credentials_are_read_anew_and_never_shown() {
    let repo = fleet();
    let token = "Bearer correct-horse".to_owned();
    let server = GitServer::start(&repo.path(), Options { authorization: Some(token), ..Options::default() });
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    let with = |file: &PathBuf| MirrorSettings::Https {
        url: server.url().parse().unwrap(),
        ca: Some(server.ca_pem_path()),
        credential: Some(Credential::file(file)),
        metered: false,
    };
    let absent = check(with(&file), "FileUnusable", &[file.to_str().unwrap()]).await;
    assert_eq!(absent.class(), ErrorClass::Misconfigured);
    check(mirror(&server), "Unauthorized", &["HTTP 401", "add `credential`"]).await;

    let site = SiteSource::new(vec![with(&file)]);
    std::fs::write(&file, "wrong-battery\n").unwrap();
    let error = site.advance(None).await.unwrap_err();
    assert_eq!(error.reason(), "Unauthorized");
    assert!(!format!("{} {error:?} {:?}", told(&error), site.settings).contains("wrong-battery"));
    std::fs::write(&file, "correct-horse\n").unwrap();
    site.advance(None).await.unwrap();

    // `printf ada:staple | base64`
    server.set(|options| options.authorization = Some("Basic YWRhOnN0YXBsZQ==".to_owned()));
    std::fs::write(&file, "ada:staple").unwrap();
    SiteSource::new(vec![with(&file)]).advance(None).await.unwrap();
    for bad in ["", "two\nlines", "\u{1}"] {
        std::fs::write(&file, bad).unwrap();
        check(with(&file), "FileUnusable", &[]).await;
    }
}
