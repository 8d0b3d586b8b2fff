//! Memory of the running agent, as the kernel counts it.
//!
//! Resident memory holds what is anonymous and those pages of files that were touched: the binary's, the object database's, the store's.

use super::agent::{Daemon, Memory};
use super::fleet::Fleet;
use super::server;
use super::support::cluster::TestCluster;
use super::table::{Figure, Section, Unit, median};
use std::path::Path;

/// How often the agent asks for news: often, so that many passes are behind it when it is looked at.
const POLL: &str = "2s";
/// How many passes are behind it then.
const PASSES: u64 = 5;
/// How often all of it is done.
const ROUNDS: usize = 3;

/// One agent's memory at the times that matter.
struct Round {
    /// After its first apply, a change, and some passes.
    first: Memory,
    /// After a restart and some passes.
    restarted: Memory,
    /// Seconds of processor of one pass without change.
    pass: f64,
}

/// Measures with 100 and with 1,000 objects.
pub(crate) fn measure(binary: &Path, cluster: &TestCluster) -> Section {
    let mut section = Section::new("memory");
    for (objects, idle, peak) in [(100, 12.0, 24.0), (1_000, 16.0, 32.0)] {
        report(objects, idle, peak, &rounds(binary, cluster, objects), &mut section);
    }
    section
}

/// What CI holds against budgets: an agent of 100 objects, idle and at its peak.
pub(crate) fn gate(binary: &Path, cluster: &TestCluster, idle: f64, peak: f64, section: &mut Section) {
    let rounds = rounds(binary, cluster, 100);
    let worst = |part: fn(&Round) -> f64| rounds.iter().map(part).fold(0.0, f64::max);
    let now = Figure::new(
        "memory with 100 objects, idle",
        worst(|round| round.first.rss.max(round.restarted.rss)),
        Unit::Memory,
    );
    section.add(now.budget(mebibytes(idle)));
    let most = Figure::new(
        "memory with 100 objects, peak",
        worst(|round| round.first.peak.max(round.restarted.peak)),
        Unit::Memory,
    );
    section.add(most.budget(mebibytes(peak)));
}

fn rounds(binary: &Path, cluster: &TestCluster, objects: usize) -> Vec<Round> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut rounds = Vec::new();
    for number in 1..=ROUNDS {
        let namespace = runtime.block_on(cluster.namespace("memory"));
        let round = round(binary, cluster, objects, &namespace);
        runtime.block_on(server::remove(cluster, &namespace));
        eprintln!(
            "memory: {objects} objects, round {number} of {ROUNDS}: idle {}, peak {}",
            Unit::Memory.show(round.first.rss),
            Unit::Memory.show(round.first.peak)
        );
        rounds.push(round);
    }
    rounds
}

fn round(binary: &Path, cluster: &TestCluster, objects: usize, namespace: &str) -> Round {
    let fleet = Fleet::new(objects, namespace, cluster.kubeconfig(), POLL);
    let mut agent = Daemon::start(binary, &fleet);
    agent.settle(&fleet, None);
    let commit = fleet.change("second");
    agent.settle(&fleet, Some(&commit));
    agent.polls(&fleet, PASSES);
    let first = agent.memory();
    drop(agent);
    std::fs::remove_file(fleet.status()).unwrap();

    let mut agent = Daemon::start(binary, &fleet);
    agent.settle(&fleet, Some(&commit));
    agent.polls(&fleet, PASSES);
    let restarted = agent.memory();
    let (before, asked) = (agent.cpu(), fleet.git_requests());
    agent.polls(&fleet, 2 * PASSES);
    let pass = (agent.cpu() - before) / (fleet.git_requests() - asked) as f64;
    Round { first, restarted, pass }
}

fn report(objects: usize, idle: f64, peak: f64, rounds: &[Round], section: &mut Section) {
    let flux = |large: &'static str| if objects == 1_000 { large } else { "" };
    let of = |part: fn(&Round) -> f64| median(&rounds.iter().map(part).collect::<Vec<_>>());
    let now = |when: &str, rss: f64, anonymous: f64| {
        let figure = Figure::new(format!("{objects} objects, idle, {when}"), rss, Unit::Memory);
        let note = format!("of that anonymous {}", Unit::Memory.show(anonymous));
        figure.budget(mebibytes(idle)).flux(flux("85–94 + 101–104 MB")).note(note)
    };
    let most = |when: &str, value: f64| {
        let figure = Figure::new(format!("{objects} objects, peak, {when}"), value, Unit::Memory);
        figure.budget(mebibytes(peak)).flux(flux("91–94 + 124–140 MB"))
    };
    section.add(now("after first apply", of(|round| round.first.rss), of(|round| round.first.anonymous)));
    section.add(most("first apply", of(|round| round.first.peak)));
    section.add(now("after restart", of(|round| round.restarted.rss), of(|round| round.restarted.anonymous)));
    section.add(most("restart", of(|round| round.restarted.peak)));
    let threads = of(|round| round.restarted.threads);
    let pass = Figure::new(
        format!("{objects} objects, processor of a pass without change"),
        of(|round| round.pass),
        Unit::Seconds,
    );
    section.add(
        pass.flux(if objects == 1_000 { "4.0–5.4 s" } else { "0.6–1.0 s" })
            .note(format!("{threads} threads")),
    );
}

fn mebibytes(value: f64) -> f64 {
    value * 1_048_576.0
}
