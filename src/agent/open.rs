//! Puts an agent together from the site's configuration, on the real world.

use super::build::{Agent, Ports, Settings, build};
use super::clock::{self, Clock};
use crate::cluster::{self, Cluster, Council};
use crate::config;
use crate::model::Trouble;
use crate::reconcile::{Rules, Stay, waits};
use crate::render::Plain;
use crate::report::{self, Sink};
use crate::source::Git;
use crate::store;
use crate::trust::{self, Keyring, Ssh};
use std::sync::Arc;
use std::time::Duration;

/// How often health is looked at while it is waited for.
const LOOK: Duration = Duration::from_secs(2);

/// An agent that is going to run: it holds the state directory, and tells all who want to know. Needs a tokio runtime.
pub fn open(settings: &config::Settings, stay: Stay, teller: Box<dyn Sink>) -> Result<Agent, Trouble> {
    std::fs::create_dir_all(&settings.run).map_err(|error| {
        Trouble::transient(
            "FolderUnwritable",
            format!("making the folder {}: {error}", settings.run.display()),
        )
    })?;
    let clock = Clock::system();
    // The store's lock first: two agents must not write one audit log.
    let store = store::open(&settings.store, clock.now())?;
    let cluster: Arc<dyn Cluster> = Arc::new(cluster::Kube::new(settings.cluster.clone(), clock.for_tls()));
    let own = clock.clone();
    let (cluster, standing) = match stay {
        Stay::Forever => {
            let turns = Council {
                leases: Arc::new(cluster::Kube::new(settings.cluster.clone(), clock.for_tls())),
                cluster,
                namespace: settings.report.namespace.clone(),
                me: cluster::name(&settings.store.directory),
                turns: settings.lease,
                now: Arc::new(move || own.now()),
            };
            let (cluster, standing) = cluster::take_turns(turns);
            (cluster, Some(standing))
        }
        Stay::Once | Stay::UntilSettled => (cluster, None),
    };
    let own = clock.clone();
    let world = report::World {
        stays: stay == Stay::Forever,
        state: settings.store.directory.clone(),
        status_file: settings.status_file(),
        cluster: Arc::clone(&cluster),
        now: Arc::new(move || own.now()),
        clock: clock.for_tls(),
        random: clock::random,
    };
    let sinks = report::open(&settings.report, world, teller);
    let mut agent = assemble(settings, stay, clock, store, cluster, Arc::new(sinks))?;
    agent.standing = standing.unwrap_or(agent.standing);
    Ok(agent)
}

/// Puts an agent together on the real mirrors and signers of a configuration.
pub(crate) fn assemble(
    settings: &config::Settings,
    stay: Stay,
    clock: Clock,
    store: Box<dyn store::Store>,
    cluster: Arc<dyn Cluster>,
    sink: Arc<dyn Sink>,
) -> Result<Agent, Trouble> {
    let keyring = Keyring::load(&settings.trust)?;
    let ports = Ports {
        source: Arc::new(Git::start(settings.source.clone(), clock.for_tls())?),
        verifier: Box::new(Ssh::new(keyring)),
        store,
        render: Arc::new(Plain),
        cluster,
        standing: None,
        sink,
        clock,
    };
    let slot = waits::slot(settings.local.name.as_str());
    let own = Settings {
        local: settings.local.clone(),
        ref_name: settings.ref_name.clone(),
        pin: settings.trust.pin,
        rules: Rules { poll: settings.poll, slot, stay, look: LOOK },
        heals: settings.heals,
        namespace: settings.report.namespace.clone(),
        keep: settings.keep,
        built: trust::built(),
    };
    Ok(build(own, ports)?)
}
