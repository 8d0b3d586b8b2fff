//! The status, delivered: to a real TLS server that is often away, and checked by `ssh-keygen`.

use crate::support::audited::{self, revision, status, told};
use crate::support::inbox::{Inbox, Received, Reply};
use crate::support::proxy::Proxy;
use crate::support::store::folder;
use serde_json::{Value, json};
use standfast::model::status::ApplicationStatus;
use standfast::model::{Moment, SitePhase, SiteStatus, Trouble};
use standfast::report::Sink;
use standfast::report::audit::{Limits, Newest};
use standfast::report::outbox::{Outbox, Pace, World};
use standfast::report::settings::Destination;
use standfast::store::durable::{Disk, RealDisk};
use standfast::store::faults::{Fault, FaultyDisk};
use standfast_tls::{Clock, Time};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// As fast as it goes, but never the same again.
const QUICK: Pace = Pace {
    settle: Duration::from_millis(1),
    moving: Duration::from_hours(900),
    spacing: Duration::from_millis(1),
    daily: Duration::from_hours(24),
    first: Duration::from_millis(10),
    most: Duration::from_millis(20),
    patience: Duration::from_millis(500),
};
/// The same, but after a failure nothing happens by itself.
const PATIENT: Pace = Pace { first: Duration::from_hours(900), most: Duration::from_hours(900), ..QUICK };

/// A site that delivers to a server, with a clock of its own.
struct Site {
    inbox: Inbox,
    folder: TempDir,
    seconds: Arc<AtomicI64>,
    log: Newest,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            inbox: Inbox::start(),
            folder: folder(),
            // Certificates of tests are valid from 1975.
            seconds: Arc::new(AtomicI64::new(1_767_225_600)),
            log: Newest::default(),
        };
        site.make_identity();
        site
    }

    fn make_identity(&self) {
        let key = self.path("identity");
        let made = run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &key], b"");
        assert!(made.status.success());
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn destination(&self) -> Destination {
        Destination {
            url: self.inbox.url().parse().unwrap(),
            ca: Some(self.inbox.ca()),
            credential: None,
            proxy: None,
            identity: self.path("identity").into(),
        }
    }

    fn world(&self, disk: impl Disk + 'static) -> World {
        let (now, trusted) = (Arc::clone(&self.seconds), Arc::clone(&self.seconds));
        World {
            disk: Arc::new(disk),
            path: self.path("outbox").into(),
            now: Arc::new(move || jiff::Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap()),
            clock: Clock::new(move || Time::Now(trusted.load(Ordering::SeqCst).try_into().unwrap())),
            random: || u64::MAX,
            log: self.log.clone(),
        }
    }

    /// Starts the agent's outbox.
    fn boot(&self, pace: Pace) -> Outbox {
        Outbox::start(self.destination(), pace, self.world(RealDisk))
    }

    fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn at(number: u8) -> SiteStatus {
    status(&revision(number), SitePhase::Steady)
}

/// Which status a report tells of.
fn number(received: &Received) -> u8 {
    let report: Value = serde_json::from_slice(&received.body).unwrap();
    u8::from_str_radix(&report["applied"].as_str().unwrap()[5..7], 16).unwrap()
}

fn numbers(received: &[Received]) -> Vec<u8> {
    received.iter().map(number).collect()
}

fn sequence(received: &Received) -> u64 {
    serde_json::from_slice::<Value>(&received.body).unwrap()["sequence"].as_u64().unwrap()
}

/// Whether ssh-keygen finds the signature good, put together as the documentation says.
fn is_signed(received: &Received, folder: &Path, body: &[u8]) -> bool {
    let signature = received.headers["standfast-signature"].to_str().unwrap();
    let armor = format!("-----BEGIN SSH SIGNATURE-----\n{signature}\n-----END SSH SIGNATURE-----\n");
    fs::write(folder.join("report.sig"), armor).unwrap();
    let public = fs::read_to_string(folder.join("identity.pub")).unwrap();
    fs::write(folder.join("allowed"), format!("store-042 namespaces=\"standfast-status\" {public}")).unwrap();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (allowed, signature) = (file("allowed"), file("report.sig"));
    let arguments =
        ["-Y", "verify", "-f", &allowed, "-I", "store-042", "-n", "standfast-status", "-s", &signature];
    run("ssh-keygen", &arguments, body).status.success()
}

#[tokio::test]
async fn a_report_goes_through_the_proxy_if_one_is_named() {
    let (site, proxy) = (Site::new(), Proxy::start());
    let destination = Destination { proxy: Some(proxy.url()), ..site.destination() };
    let outbox = Outbox::start(destination, QUICK, site.world(RealDisk));
    outbox.status(&at(7));
    assert_eq!(site.inbox.received(1).await.len(), 1);
    assert_eq!(proxy.tunnels(), 1);
}

#[tokio::test]
async fn a_report_is_small_signed_and_names_the_end_of_the_audit_log() {
    let site = Site::new();
    let audit = audited::open(RealDisk, &site.folder.path().join("audit"), Limits::default());
    told(1).iter().for_each(|one| one.tell(&audit));
    fs::write(site.path("token"), "s3cret\n").unwrap();
    let destination = Destination { credential: Some(site.path("token").into()), ..site.destination() };
    let outbox = Outbox::start(destination, QUICK, World { log: audit.newest(), ..site.world(RealDisk) });
    let mut status = at(7);
    status.link.last_contact = Some("2026-01-01T00:00:00Z".to_owned());
    status.link.bytes_today = 4321;
    outbox.status(&status);
    let [received] = site.inbox.received(1).await.try_into().unwrap();
    assert!(received.body.len() <= 1024, "{} bytes", received.body.len());
    assert_eq!(
        (received.path.as_str(), &received.headers["content-type"]),
        ("/sites/", &"application/json".parse().unwrap())
    );
    assert_eq!(received.headers["authorization"], "Bearer s3cret");
    let id = format!("sha1:{}", "07".repeat(20));
    let end = audit.newest().get().end.unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&received.body).unwrap(),
        json!({
            "format": 1, "site": "emea/de/store-042", "agent": env!("CARGO_PKG_VERSION"), "phase": "Steady",
            "since": "2027-01-15T08:00:00Z", "ref": "refs/heads/main", "accepted": id, "applied": id, "lastGood": id,
            "applications": 1, "well": 1, "time": "2026-01-01T00:00:00Z", "sequence": 1_767_225_600,
            "lastContact": "2026-01-01T00:00:00Z", "bytesToday": 4321,
            "audit": {"number": end.number, "hash": end.hash.to_string()},
        })
    );
    assert!(is_signed(&received, site.folder.path(), &received.body));
    let forged = String::from_utf8(received.body.clone()).unwrap().replace("Steady", "steady");
    assert!(!is_signed(&received, site.folder.path(), forged.as_bytes()));
}

#[tokio::test]
async fn the_largest_report_still_fits() {
    let site = Site::new();
    let mut status = status(&revision(1), SitePhase::Held);
    let long = |text: &str| text.repeat(100);
    status.site = "a".repeat(200);
    status.suspended = Some(long("ä\n"));
    let revision = Some(format!("refs/heads/{}@sha256:{}", "b".repeat(200), "cd".repeat(32)));
    status.revision.accepted.clone_from(&revision);
    status.revision.applied.clone_from(&revision);
    status.revision.last_good = revision;
    status.link.last_contact = Some("2026-01-01T00:00:00Z".to_owned());
    status.link.bytes_today = u64::MAX;
    let application = status.applications[0].clone();
    let named = |at| ApplicationStatus { name: format!("{at}{}", long("c")), ..application.clone() };
    status.applications = (0..1000).map(named).collect();
    let audit = audited::open(RealDisk, &site.folder.path().join("audit"), Limits::default());
    told(1).iter().for_each(|one| one.tell(&audit));
    let outbox =
        Outbox::start(site.destination(), QUICK, World { log: audit.newest(), ..site.world(RealDisk) });
    outbox.status(&status);
    let received = site.inbox.received(1).await;
    assert!(received[0].body.len() <= 1024, "{} bytes", received[0].body.len());
}

#[tokio::test]
async fn news_is_delivered_once_and_the_same_again_after_a_day() {
    let site = Site::new();
    let outbox = site.boot(QUICK);
    outbox.status(&at(1));
    site.inbox.received(1).await;
    for second in 0..50 {
        site.wait(60);
        let mut same = at(1);
        same.updated = format!("2026-01-01T00:00:{second:02}Z");
        same.link.bytes_today = second;
        outbox.status(&same);
        tokio::task::yield_now().await;
    }
    outbox.status(&at(2));
    assert_eq!(numbers(&site.inbox.received(2).await), [1, 2]);
    site.wait(24 * 3600);
    outbox.status(&at(2));
    let received = site.inbox.received(3).await;
    assert_eq!(numbers(&received), [1, 2, 2]);
    assert!(received.is_sorted_by(|a, b| sequence(a) < sequence(b)));
}

#[tokio::test]
async fn a_rollout_is_one_report_unless_it_takes_long() {
    let site = Site::new();
    let rollout = |outbox: &Outbox, number| {
        for phase in [SitePhase::Verifying, SitePhase::Rendering, SitePhase::Applying, SitePhase::Settling] {
            outbox.status(&status(&revision(number), phase));
        }
    };
    let outbox = site.boot(QUICK);
    for number in 1..=3 {
        rollout(&outbox, number);
        outbox.status(&at(number));
        site.inbox.received(number.into()).await;
    }
    rollout(&outbox, 4);
    outbox.finish().await;
    let phases = |received: Vec<Received>| -> Vec<String> {
        let phase = |one: &Received| {
            serde_json::from_slice::<Value>(&one.body).unwrap()["phase"].as_str().unwrap().to_owned()
        };
        received.iter().map(phase).collect()
    };
    assert_eq!(phases(site.inbox.received(4).await), ["Steady", "Steady", "Steady", "Settling"]);
    let outbox = site.boot(Pace { moving: Duration::ZERO, ..QUICK });
    rollout(&outbox, 5);
    assert_eq!(phases(site.inbox.received(5).await)[4], "Settling");
}

#[tokio::test]
async fn a_server_that_was_away_gets_the_newest_and_nothing_else() {
    let mut site = Site::new();
    site.inbox.leave();
    let outbox = site.boot(QUICK);
    for number in 1..=100 {
        outbox.status(&at(number));
        tokio::task::yield_now().await;
    }
    let progress = outbox.progress();
    while progress.get().failures < 3 {
        tokio::task::yield_now().await;
    }
    assert!(progress.get().is_pending && progress.get().delivered.is_none());
    site.inbox.come_back();
    assert_eq!(numbers(&site.inbox.received(1).await), [100]);
    outbox.status(&at(101));
    assert_eq!(numbers(&site.inbox.received(2).await), [100, 101]);
    while progress.get().is_pending {
        tokio::task::yield_now().await;
    }
    assert_eq!(progress.get().failures, 0);
    assert!(progress.get().delivered.is_some());
}

#[tokio::test]
async fn a_server_that_is_broken_slow_or_sly() {
    let (site, elsewhere) = (Site::new(), Inbox::start());
    let outbox = site.boot(QUICK);
    outbox.status(&at(1));
    site.inbox.received(1).await;
    let replies = [
        Reply::Close,
        Reply::Silence,
        Reply::Garbage,
        Reply::Status(500),
        Reply::Status(401),
        Reply::Later(503, 0),
        Reply::Redirect(elsewhere.url()),
    ];
    for (number, reply) in (2..).zip(replies) {
        site.inbox.reply(reply.clone());
        let before = site.inbox.connections();
        outbox.status(&at(number));
        // It is tried more than once.
        site.inbox.connected(before + 2).await;
        assert!(outbox.progress().get().is_pending, "{reply:?}");
        site.inbox.reply(Reply::Status(200));
        let taken = |received: &[Received]| {
            received.iter().any(|one| one.answered == 200 && self::number(one) == number)
        };
        while !taken(&site.inbox.received(0).await) {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
    let received = site.inbox.received(0).await;
    assert!(received.is_sorted_by(|a, b| sequence(a) < sequence(b)), "not even a failed one is sent twice");
}

#[tokio::test]
async fn a_server_that_cannot_prove_itself_gets_nothing() {
    let (site, other) = (Site::new(), Inbox::start());
    let outbox = Outbox::start(
        Destination { ca: Some(other.ca()), ..site.destination() },
        QUICK,
        site.world(RealDisk),
    );
    outbox.status(&at(1));
    site.inbox.connected(3).await;
    assert_eq!(site.inbox.count(), 0);
}

#[tokio::test]
async fn nothing_is_sent_unsigned() {
    let site = Site::new();
    fs::remove_file(site.path("identity")).unwrap();
    let outbox = site.boot(QUICK);
    outbox.status(&at(1));
    while outbox.progress().get().failures < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(site.inbox.connections(), 0);
    fs::remove_file(site.path("identity.pub")).unwrap();
    site.make_identity();
    let received = site.inbox.received(1).await;
    assert!(is_signed(&received[0], site.folder.path(), &received[0].body));
}

#[tokio::test]
async fn a_restart_remembers_what_was_delivered_and_delivers_what_was_not() {
    let mut site = Site::new();
    let outbox = site.boot(QUICK);
    outbox.status(&at(1));
    let first = site.inbox.received(1).await;
    outbox.finish().await;
    // The clock woke up in the past, as after a power cut without a battery.
    site.wait(-3600);
    let outbox = site.boot(QUICK);
    outbox.status(&at(1));
    outbox.status(&at(2));
    let received = site.inbox.received(2).await;
    assert_eq!(numbers(&received), [1, 2]);
    assert!(sequence(&first[0]) < sequence(&received[1]));
    outbox.finish().await;

    site.inbox.leave();
    let outbox = site.boot(QUICK);
    outbox.status(&at(3));
    while outbox.progress().get().failures == 0 {
        tokio::task::yield_now().await;
    }
    drop(outbox);
    site.inbox.come_back();
    let outbox = site.boot(QUICK);
    outbox.status(&at(3));
    assert_eq!(numbers(&site.inbox.received(3).await), [1, 2, 3]);
    // A file that was lost costs one report, whose number is still higher.
    outbox.finish().await;
    fs::write(site.path("outbox"), "{").unwrap();
    site.wait(7200);
    let outbox = site.boot(QUICK);
    outbox.status(&at(3));
    let received = site.inbox.received(4).await;
    assert_eq!(numbers(&received), [1, 2, 3, 3]);
    assert!(received.is_sorted_by(|a, b| sequence(a) < sequence(b)));
}

#[tokio::test]
async fn a_disk_that_fails_or_is_cut_off_costs_one_report_too_many_at_most() {
    for fault in [
        Fault::Once(ErrorKind::StorageFull),
        Fault::From(ErrorKind::ReadOnlyFilesystem),
        Fault::Cut,
        Fault::Torn,
        Fault::Lost,
    ] {
        let mut at_operation = 0;
        loop {
            let site = Site::new();
            let disk = FaultyDisk::with(at_operation, fault);
            let outbox = Outbox::start(site.destination(), QUICK, site.world(disk.clone()));
            for number in [1, 2] {
                outbox.status(&at(number));
                site.inbox.received(number.into()).await;
            }
            outbox.finish().await;
            let outbox = site.boot(QUICK);
            outbox.status(&at(2));
            outbox.finish().await;
            let received = site.inbox.received(2).await;
            let story = format!("{fault:?} at operation {at_operation}");
            assert!(
                [vec![1, 2], vec![1, 2, 2]].contains(&numbers(&received)),
                "{story}: {:?}",
                numbers(&received)
            );
            if disk.operations() <= at_operation {
                assert_eq!(received.len(), 2, "{story}");
                assert!(at_operation >= 8, "its writes no longer pass through the disk");
                break;
            }
            at_operation += 1;
        }
    }
}

#[tokio::test]
async fn a_link_that_comes_back_is_used_at_once() {
    let mut site = Site::new();
    site.inbox.leave();
    let outbox = site.boot(PATIENT);
    outbox.status(&at(1));
    while outbox.progress().get().failures == 0 {
        tokio::task::yield_now().await;
    }
    outbox.moment(&Moment::Unreachable(Trouble::transient("Unreachable", "no mirror answers")));
    site.inbox.come_back();
    outbox.moment(&Moment::Fetched { mirror: "m".to_owned(), commits: 0, bytes: 0 });
    assert_eq!(numbers(&site.inbox.received(1).await), [1]);
}

#[tokio::test]
async fn the_end_of_the_agent_delivers_what_is_left_and_waits_for_nobody() {
    let site = Site::new();
    let slow = Pace { settle: Duration::from_hours(1), ..PATIENT };
    let outbox = site.boot(slow);
    outbox.status(&at(1));
    outbox.finish().await;
    assert_eq!(site.inbox.count(), 1);
    // A server that says nothing is left behind.
    let outbox = site.boot(slow);
    site.inbox.reply(Reply::Silence);
    outbox.status(&at(2));
    outbox.finish().await;
    assert_eq!(site.inbox.count(), 1);
}
