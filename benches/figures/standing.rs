//! What standing fast costs and how fast it is: drift healed, a boot without a link, and ten minutes in which nothing happens.

use super::agent::{Daemon, Memory};
use super::fleet::Fleet;
use super::server;
use super::support::cluster::TestCluster;
use super::support::hand::Hand;
use super::table::{Figure, Section, Unit, median};
use serde_json::{Value, json};
use standfast::model::Live;
use std::path::Path;
use std::time::{Duration, Instant};

/// Corrections that are measured.
const CORRECTIONS: usize = 200;
/// Boots that are measured.
const BOOTS: usize = 5;
/// How long it takes until all that happened has been told: events come back at two minutes each.
const TOLD: Duration = Duration::from_secs(150);
/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(600);
/// The mirrors are asked now and then, as in the field.
const POLL: &str = "5m";

const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

/// What an agent with so many objects did.
struct Stand {
    objects: usize,
    /// Seconds from the answer to somebody's edit until it is undone, sorted.
    healed: Vec<f64>,
    /// After all of them.
    memory: Memory,
    /// Seconds from the start of the process until what drifted meanwhile is undone.
    booted: Vec<f64>,
}

/// What ten idle minutes cost.
struct Idle {
    requests: u64,
    cpu: f64,
    written: f64,
}

/// Measures with 100 and with 1,000 objects, or with 100 and what they cost while nothing happens.
pub(crate) fn measure(binary: &Path, cluster: &TestCluster, is_long: bool) -> Section {
    let mut section = Section::new("standing");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sizes: &[(usize, f64)] = if is_long { &[(100, 24.0)] } else { &[(100, 24.0), (1_000, 32.0)] };
    for (objects, budget) in sizes.iter().copied() {
        let (stand, idle) = runtime.block_on(stand(binary, cluster, objects, is_long));
        report(&stand, budget, &mut section);
        if let Some(idle) = idle {
            report_idle(&idle, &mut section);
        }
    }
    section
}

async fn stand(binary: &Path, cluster: &TestCluster, objects: usize, is_long: bool) -> (Stand, Option<Idle>) {
    let namespace = cluster.namespace("standing").await;
    let fleet = Fleet::new(objects, &namespace, cluster.kubeconfig(), POLL);
    let hand = Hand::of(cluster, "kubectl").await;
    let mut agent = Daemon::start(binary, &fleet);
    agent.settle(&fleet, None);
    server::rest().await;
    eprintln!("standing: {objects} objects, {CORRECTIONS} corrections");
    let mut healed = Vec::new();
    for number in 0..CORRECTIONS {
        healed.push(correct(&hand, &namespace, name(number, objects)).await);
    }
    healed.sort_by(f64::total_cmp);
    let memory = agent.memory();
    let mut idle = None;
    if is_long {
        eprintln!("standing: {} s in which nothing happens", IDLE.as_secs());
        idle = Some(self::idle(&agent, cluster).await);
    }
    drop(agent);

    fleet.cut_link();
    let mut booted = Vec::new();
    for number in 0..BOOTS {
        let name = name(number, objects);
        edit(&hand, &namespace, &name).await;
        let began = Instant::now();
        let agent = Daemon::start(binary, &fleet);
        until_healed(&hand, &namespace, &name).await;
        booted.push(began.elapsed().as_secs_f64());
        drop(agent);
    }
    server::remove(cluster, &namespace).await;
    (Stand { objects, healed, memory, booted }, idle)
}

/// Days of sites of several sizes, for packaging/profile: a first apply, a change, drift, polls, and a restart without a link.
pub(crate) fn days(binary: &Path, cluster: &TestCluster) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    [100, 1_000].into_iter().for_each(|objects| runtime.block_on(day(binary, cluster, objects)));
}

async fn day(binary: &Path, cluster: &TestCluster, objects: usize) {
    eprintln!("day: {objects} objects");
    let namespace = cluster.namespace("day").await;
    let fleet = Fleet::new(objects, &namespace, cluster.kubeconfig(), "2s");
    let hand = Hand::of(cluster, "kubectl").await;
    let mut agent = Daemon::start(binary, &fleet);
    agent.settle(&fleet, None);
    let commit = fleet.change("second");
    agent.settle(&fleet, Some(&commit));
    for number in 0..3 {
        correct(&hand, &namespace, name(number, objects)).await;
    }
    agent.polls(&fleet, 3);
    agent.end();

    fleet.cut_link();
    edit(&hand, &namespace, &name(0, objects)).await;
    let agent = Daemon::start(binary, &fleet);
    until_healed(&hand, &namespace, &name(0, objects)).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    agent.end();
    server::remove(cluster, &namespace).await;
}

/// A small ConfigMap, another one each time, as far as there are any.
fn name(number: usize, objects: usize) -> String {
    let small = objects / 10 * 6;
    let at = number % small;
    format!("object-{:04}", at / 6 * 10 + at % 6)
}

async fn correct(hand: &Hand, namespace: &str, name: String) -> f64 {
    edit(hand, namespace, &name).await;
    let began = Instant::now();
    until_healed(hand, namespace, &name).await;
    let seconds = began.elapsed().as_secs_f64();
    // Each is a case of its own, and no fight.
    tokio::time::sleep(Duration::from_millis(50)).await;
    seconds
}

async fn edit(hand: &Hand, namespace: &str, name: &str) {
    hand.edit(CONFIG_MAP, Some(namespace), name, json!({"data": {"mode": "theirs"}})).await;
}

async fn until_healed(hand: &Hand, namespace: &str, name: &str) {
    hand.until(CONFIG_MAP, namespace, name, |live: &Live| live.value["data"]["mode"] == "store").await;
}

async fn idle(agent: &Daemon, cluster: &TestCluster) -> Idle {
    tokio::time::sleep(TOLD).await;
    let (_, from) = server::requests(cluster, u64::MAX);
    let (cpu, written) = (agent.cpu(), agent.written());
    tokio::time::sleep(IDLE).await;
    let mut requests = server::asked(cluster, from).0;
    requests.retain(|request: &Value| request["verb"] != "watch");
    requests.iter().for_each(|request| eprintln!("standing: {} {}", request["verb"], request["requestURI"]));
    Idle { requests: requests.len() as u64, cpu: agent.cpu() - cpu, written: agent.written() - written }
}

fn report(stand: &Stand, budget: f64, section: &mut Section) {
    let objects = stand.objects;
    let part = |percent: usize| stand.healed[(stand.healed.len() - 1) * percent / 100];
    for (what, percent) in [("half", 50), ("95 of 100", 95), ("99 of 100", 99)] {
        let what = format!("{objects} objects, drift healed within, {what}");
        section.add(Figure::new(what, part(percent), Unit::Seconds).budget(1.0));
    }
    let boot = Figure::new(
        format!("{objects} objects, boot without link to drift healed"),
        median(&stand.booted),
        Unit::Seconds,
    );
    section.add(boot.budget(2.0).note("from the start of the process, the API server ready"));
    let rss = Figure::new(
        format!("{objects} objects, memory after {CORRECTIONS} corrections"),
        stand.memory.rss,
        Unit::Memory,
    );
    section.add(rss);
    let peak = Figure::new(format!("{objects} objects, most memory so far"), stand.memory.peak, Unit::Memory);
    section.add(peak.budget(budget * 1_048_576.0));
}

fn report_idle(idle: &Idle, section: &mut Section) {
    let seconds = IDLE.as_secs();
    let count = Figure::new(format!("requests in {seconds} idle seconds"), idle.requests as f64, Unit::Count);
    section.add(count.budget(0.0).note("apart from watches, by the API server's audit log"));
    section.add(Figure::new(format!("processor in {seconds} idle seconds"), idle.cpu, Unit::Seconds));
    section.add(Figure::new(format!("written to disk in {seconds} idle seconds"), idle.written, Unit::Bytes));
}
