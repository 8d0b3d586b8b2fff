//! The site in numbers: what is counted, how it reads, and who may ask.

use crate::support::audited::{clock, drift, key, revision, status, told};
use crate::support::openmetrics::Page;
use standfast::model::status::{BytesStatus, MirrorStatus};
use standfast::model::{
    ChangeSet, Done, Health, HealthStatus, Moment, Outcome, Refusal, RefusalReason, SitePhase, Trouble,
};
use standfast::report::Sink;
use standfast::report::audit::Newest;
use standfast::report::metrics::{Instruments, Metrics, Service};
use standfast::report::settings::Listen;
use standfast_tls::{Clock, Time};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

fn metrics() -> Metrics {
    Metrics::new(instruments())
}

fn instruments() -> Instruments {
    let system = clock();
    Instruments {
        now: clock(),
        server: Arc::new(|| None),
        clock: Clock::new(move || Time::Now(system().as_second().try_into().unwrap())),
        log: Newest::default(),
        outbox: None,
    }
}

#[test]
fn a_page_is_whole_before_anything_is_known() {
    let page = Page::read(&metrics().page());
    let version = [("version", env!("CARGO_PKG_VERSION")), ("site", "")];
    assert_eq!(page.get("standfast_build_info", &version), Some(1.0));
    assert_eq!(page.count("standfast_phase"), 0);
}

#[test]
fn what_happens_is_counted() {
    // Half a minute ahead of a clock that goes on by a minute at every look.
    let server = jiff::Timestamp::from_second(1_767_225_600 + 3630).unwrap();
    let metrics = Metrics::new(Instruments { server: Arc::new(move || Some(server)), ..instruments() });
    (1..=2).flat_map(told).for_each(|one| one.tell(&metrics));
    for _ in 0..2 {
        metrics.moment(&Moment::Fetching);
        metrics.moment(&Moment::Fetched { mirror: "https://a".to_owned(), commits: 0, bytes: 300 });
    }
    metrics.moment(&Moment::Unreachable(Trouble::transient("Unreachable", "away")));
    metrics.moment(&Moment::Refused(Trouble::terminal("UnknownKey", "mallory")));
    metrics.moment(&Moment::Failed(Trouble::transient("ClusterUnreachable", "away")));
    let page = Page::read(&metrics.page());
    assert_eq!(page.get("standfast_api_server_reachable", &[]), Some(0.0));

    let refused =
        Refusal { application: None, key: None, reason: RefusalReason::Conflict, message: String::new() };
    let failed = Done { key: key("a"), application: "pos".to_owned(), outcome: Outcome::Failed };
    metrics.moment(&Moment::Applied(ChangeSet { done: vec![failed], refused: vec![refused], unchanged: 3 }));
    let unhealthy = HealthStatus { key: key("a"), health: Health::Failed, message: String::new() };
    metrics.moment(&Moment::Judged(Health::Failed, vec![unhealthy]));
    let mut held = status(&revision(2), SitePhase::Held);
    held.applications[0].objects = 7;
    held.applications[0].name = "a \"b\"".to_owned();
    held.link.last_contact = Some("2026-01-01T00:00:09Z".to_owned());
    let content = BytesStatus { purpose: "content".to_owned(), up: 5, down: 600 };
    held.link.mirrors = vec![MirrorStatus {
        mirror: "https://a/\"b\\".to_owned(),
        metered: true,
        failures: 2,
        spent_until: Some("2026-01-02T00:00:00Z".to_owned()),
        total: vec![content],
        ..MirrorStatus::default()
    }];
    metrics.status(&held);

    let page = Page::read(&metrics.page());
    let check = |sample, labels: &[(&str, &str)], value| {
        assert_eq!(page.get(sample, labels), Some(value), "{sample}")
    };
    check("standfast_phase", &[("phase", "Held")], 1.0);
    check("standfast_phase", &[("phase", "Steady")], 0.0);
    check("standfast_application_phase", &[("application", "a \"b\""), ("phase", "Held")], 1.0);
    assert_eq!(page.count("standfast_application_phase"), 7, "an application that left has no lines");
    check("standfast_objects", &[("health", "Current")], 6.0);
    check("standfast_objects", &[("health", "Failed")], 1.0);
    check("standfast_contacts_total", &[("result", "answered")], 2.0);
    check("standfast_contacts_total", &[("result", "failed")], 1.0);
    let mirror = ("mirror", "https://a/\"b\\");
    check("standfast_link_bytes_total", &[mirror, ("purpose", "content"), ("way", "down")], 600.0);
    check("standfast_link_bytes_total", &[mirror, ("purpose", "content"), ("way", "up")], 5.0);
    check("standfast_mirror_failures", &[mirror], 2.0);
    check("standfast_mirror_budget_spent", &[mirror], 1.0);
    check("standfast_contact_timestamp_seconds", &[], 1_767_225_609.0);
    check("standfast_objects_changed_total", &[("outcome", "created")], 2.0);
    check("standfast_objects_changed_total", &[("outcome", "failed")], 1.0);
    check("standfast_drift_total", &[("change", "changed"), ("answer", "healed")], 2.0);
    check("standfast_revisions_refused_total", &[("reason", "UnknownKey")], 1.0);
    check("standfast_objects_refused_total", &[("reason", "ConflictRefused")], 1.0);
    check("standfast_errors_total", &[("reason", "ClusterUnreachable")], 1.0);
    check("standfast_errors_total", &[("reason", "Unreachable")], 1.0);
    check("standfast_api_server_reachable", &[], 1.0);
    let behind = page.get("standfast_clock_behind_seconds", &[]).unwrap();
    assert!(behind > 0.0 && behind < 3600.0, "{behind}");
    // One pass is over: its two moments are a minute apart.
    check("standfast_pass_duration_seconds_count", &[], 1.0);
    check("standfast_pass_duration_seconds_sum", &[], 60.0);
    check("standfast_pass_duration_seconds_bucket", &[("le", "15.0")], 0.0);
    check("standfast_pass_duration_seconds_bucket", &[("le", "60.0")], 1.0);
    metrics.moment(&Moment::Drifted(drift("b")));
}

#[test]
fn a_clock_that_is_behind_is_told() {
    let ahead = clock();
    let trusted = Clock::new(move || Time::AtLeast((ahead().as_second() + 7200).try_into().unwrap()));
    let page = Page::read(&Metrics::new(Instruments { clock: trusted, ..instruments() }).page());
    let behind = page.get("standfast_clock_behind_seconds", &[]).unwrap();
    assert!((7000.0..=7200.0).contains(&behind), "{behind}");
}

/// Sends these bytes and reads until the other side closes.
async fn ask<S: AsyncReadExt + AsyncWriteExt + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A refused request may be answered by a reset before all of it was taken.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn connect(path: &Path) -> UnixStream {
    loop {
        match UnixStream::connect(path).await {
            Ok(stream) => return stream,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

const GET: &str = "GET /metrics HTTP/1.1\r\nHost: site\r\n\r\n";

#[tokio::test]
async fn a_unix_socket_for_owner_and_group_that_takes_the_place_of_a_dead_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    fs::write(folder.path().join("metrics.sock.new"), "left behind").unwrap();
    assert!(UnixStream::connect(&path).await.is_err(), "what a crash leaves behind");
    let server = Service::start(metrics(), Listen::Unix(path.clone()));
    let answer = ask(connect(&path).await, GET).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    Page::read(body);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: site\r\n\r\n".to_owned(), "404"),
        ("POST /metrics HTTP/1.1\r\nHost: site\r\nContent-Length: 0\r\n\r\n".to_owned(), "405"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = ask(connect(&path).await, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer:?}");
    }
    let endless = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let answer = ask(connect(&path).await, &endless).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    server.finish().await;
    assert!(!path.exists(), "a socket that nobody listens on is not left behind");
}

#[tokio::test]
async fn a_socket_that_another_took_over_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let first = Service::start(metrics(), Listen::Unix(path.clone()));
    connect(&path).await;
    let inode = || fs::metadata(&path).map(|metadata| std::os::unix::fs::MetadataExt::ino(&metadata));
    let before = inode().unwrap();
    let second = Service::start(metrics(), Listen::Unix(path.clone()));
    while inode().map_or(true, |now| now == before) {
        tokio::task::yield_now().await;
    }
    first.finish().await;
    assert!(ask(connect(&path).await, GET).await.starts_with("HTTP/1.1 200 "));
    second.finish().await;
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_do_not_keep_others_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let server = Service::start(metrics(), Listen::Unix(path.clone()));
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(&path).await;
        stream.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
        silent.push(stream);
    }
    assert!(ask(connect(&path).await, GET).await.starts_with("HTTP/1.1 200 "));
    server.finish().await;
}

#[tokio::test]
async fn a_loopback_address() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let server = Service::start(metrics(), Listen::Loopback(address));
    let stream = loop {
        match TcpStream::connect(address).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert!(ask(stream, GET).await.starts_with("HTTP/1.1 200 "));
    server.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_taken_is_waited_for() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let server = Service::start(metrics(), Listen::Loopback(address));
    tokio::task::yield_now().await;
    drop(taken);
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    assert!(ask(TcpStream::connect(address).await.unwrap(), GET).await.starts_with("HTTP/1.1 200 "));
    server.finish().await;
}
