//! Objects a second of a first apply, held against the API server's own limit in the same run; and what a pass costs that changes nothing.

use super::agent::{self, Run};
use super::fleet::Fleet;
use super::server;
use super::support::cluster::TestCluster;
use super::table::{Figure, Section, Unit, median};
use std::path::Path;

/// What one round brought.
struct Round {
    raw: f64,
    first: Run,
    first_requests: u64,
    again: Run,
    again_requests: u64,
}

/// Measures with 100 and with 1,000 objects.
pub(crate) fn measure(binary: &Path, cluster: &TestCluster) -> Section {
    let mut section = Section::new("apply");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        eprintln!("apply: warming the API server");
        raw(cluster, 1_000).await;
        for (objects, rounds) in [(100, 5), (1_000, 5)] {
            let mut all = Vec::new();
            for number in 1..=rounds {
                let round = round(binary, cluster, objects).await;
                eprintln!(
                    "apply: {objects} objects, round {number} of {rounds}: raw {:.2} s, agent {:.2} s",
                    round.raw, round.first.wall
                );
                all.push(round);
            }
            report(objects, &all, &mut section);
        }
    });
    section
}

/// The two ways, one after the other, each into a fresh namespace; then a pass without change.
async fn round(binary: &Path, cluster: &TestCluster, objects: usize) -> Round {
    let raw = raw(cluster, objects).await;
    let namespace = cluster.namespace("agent").await;
    let fleet = Fleet::new(objects, &namespace, cluster.kubeconfig(), "5m");
    let (_, log) = server::requests(cluster, u64::MAX);
    let first = agent::once(binary, &fleet);
    let (first_requests, log) = server::requests(cluster, log);
    server::rest().await;
    let again = agent::once(binary, &fleet);
    let (again_requests, _) = server::requests(cluster, log);
    server::remove(cluster, &namespace).await;
    Round { raw, first, first_requests, again, again_requests }
}

async fn raw(cluster: &TestCluster, objects: usize) -> f64 {
    let namespace = cluster.namespace("raw").await;
    let seconds = server::raw(cluster, &namespace, objects).await;
    server::rest().await;
    server::remove(cluster, &namespace).await;
    seconds
}

fn report(objects: usize, rounds: &[Round], section: &mut Section) {
    let of = |part: fn(&Round) -> f64| median(&rounds.iter().map(part).collect::<Vec<_>>());
    let (raw, first) = (of(|round| round.raw), of(|round| round.first.wall));
    let count = objects as f64;
    let is_large = objects == 1_000;
    let flux = |small: &'static str, large: &'static str| if is_large { large } else { small };

    let limit = Figure::new(format!("{objects} objects, raw parallel PATCH"), count / raw, Unit::PerSecond);
    section.add(limit.flux(flux("", "150/s")).note(format!("the API server's own limit: {raw:.2} s")));
    let rate = Figure::new(format!("{objects} objects, first apply"), count / first, Unit::PerSecond);
    let requests = of(|round| round.first_requests as f64);
    let note = format!("{first:.2} s from start to end of `run --once`, {requests:.0} requests");
    section.add(rate.flux(flux("2.9–3.9 s", "47–52/s, 19.2–21.1 s")).note(note));
    let share =
        Figure::new(format!("{objects} objects, share of the limit"), 100.0 * raw / first, Unit::Percent);
    section.add(if is_large { share.budget(85.0).flux("33 %") } else { share });
    let cpu = Figure::new(
        format!("{objects} objects, processor of the agent"),
        of(|round| round.first.cpu),
        Unit::Seconds,
    );
    section.add(cpu.flux(flux("", "5.2 s")));

    let again = Figure::new(
        format!("{objects} objects, pass without change"),
        of(|round| round.again.wall),
        Unit::Seconds,
    );
    let requests = of(|round| round.again_requests as f64);
    let note = format!("the whole of `run --once`, {requests:.0} requests");
    section.add(again.flux(flux("1.2–1.7 s", "9.5–14 s")).note(note));
    let cpu = Figure::new(
        format!("{objects} objects, processor of that"),
        of(|round| round.again.cpu),
        Unit::Seconds,
    );
    section.add(cpu.flux(flux("0.6–1.0 s", "4.0–5.4 s")));
}
