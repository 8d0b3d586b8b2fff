//! The agent as a daemon, on real parts: it follows what it applied, heals, settles, goes back, and outlives what happens to it.

mod back;
mod boots;
mod drift;
mod failures;
mod helm_chart;
mod kills;
mod process;
mod soak;
mod turns;
mod watch_loss;

use crate::support::site::TestSite;
use standfast::agent::Stay;

/// Applications that count as steady as soon as they are Current: tests have no time for quiet.
const NO_QUIET: &str = "defaults: {health: {quiet: 0s}}";

/// A site that runs for good, with one application `app` below `apps/app`.
fn site(cluster: &'static crate::support::cluster::TestCluster, name: &str) -> TestSite {
    let mut site = TestSite::new(cluster, name);
    site.stay = Stay::Forever;
    site.fleet_with(NO_QUIET, "- {name: app, path: apps/app}");
    site
}
