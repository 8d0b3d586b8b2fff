//! Puts an agent together from its settings and ports.

use super::clock::Clock;
use super::keep::Keeper;
use crate::cluster::Cluster;
use crate::fleet;
use crate::model::{CommitChain, CommitId, Desired, Facts, Inventory, OwnerLabel, RefName};
use crate::reconcile::{self, Rules, Site};
use crate::render::Render;
use crate::report::Sink;
use crate::source::Source;
use crate::store::{self, Store};
use crate::trust::Verifier;
use jiff::Timestamp;
use std::sync::Arc;

/// What the agent itself goes by; each room behind a port has settings of its own.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who this site is, and what its own configuration says.
    pub local: fleet::Local,
    /// The ref to follow.
    pub ref_name: RefName,
    /// Where the trust of a new site begins, if that is known beforehand.
    pub pin: Option<CommitId>,
    /// How long to wait, and for what.
    pub rules: Rules,
    /// How many last-good revisions are kept.
    pub keep: usize,
    /// When this agent was built: no trusted time lies before it.
    pub built: Timestamp,
}

/// The outside world.
#[allow(missing_debug_implementations, reason = "ports are trait objects, with nothing to show")]
pub struct Ports {
    /// Mirrors and the object database.
    pub source: Box<dyn Source>,
    /// Signatures.
    pub verifier: Box<dyn Verifier>,
    /// Facts and the cache of last-good.
    pub store: Box<dyn Store>,
    /// Manifests.
    pub render: Box<dyn Render>,
    /// The Kubernetes API.
    pub cluster: Arc<dyn Cluster>,
    /// Who wants to know.
    pub sink: Box<dyn Sink>,
    /// The time.
    pub clock: Clock,
}

/// A site's agent.
pub struct Agent {
    pub(super) settings: Settings,
    pub(super) source: Box<dyn Source>,
    pub(crate) verifier: Box<dyn Verifier>,
    pub(super) keeper: Keeper,
    pub(super) render: Box<dyn Render>,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(super) sink: Box<dyn Sink>,
    pub(super) clock: Clock,
    pub(super) site: Site,
    pub(super) facts: Facts,
    /// `None` until it was read or put together from the cluster.
    pub(super) inventory: Option<Inventory>,
    pub(super) link: super::status::Link,
    pub(super) work: Work,
}

/// Heavy values of the pass under way, between one effect and the next.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What a mirror offered, unproven.
    pub(super) chain: Option<CommitChain>,
    /// What was proven and is not accepted yet.
    pub(super) proven: Option<super::fetch::Proven>,
    /// The rendered revision.
    pub(super) desired: Option<Desired>,
    /// Our owner label in this fleet.
    pub(super) owner: Option<OwnerLabel>,
    /// The last look at the cluster, with the desired set as it is sent.
    pub(super) seen: Option<super::observe::Observation>,
    /// Whether the inventory was put together from the cluster and is not in the store yet.
    pub(super) is_rebuilt: bool,
    /// The last look at the health of what is desired; `None` when something was written since.
    pub(super) health: Option<Vec<super::settle::Looked>>,
}

/// Opens the store and resumes from its facts.
pub fn build(settings: Settings, ports: Ports) -> Result<Agent, store::Error> {
    let mut store = ports.store;
    let loaded = store.load()?;
    for note in loaded.notes {
        ports.sink.moment(&crate::model::Moment::Note(note));
    }
    loaded.facts.clock_floor.into_iter().for_each(|floor| ports.clock.raise(floor));
    let site = reconcile::resume(&loaded.facts, ports.clock.now());
    Ok(Agent {
        settings,
        source: ports.source,
        verifier: ports.verifier,
        keeper: Keeper::new(store),
        render: ports.render,
        cluster: ports.cluster,
        sink: ports.sink,
        clock: ports.clock,
        site,
        facts: loaded.facts,
        inventory: loaded.inventory,
        link: super::status::Link::default(),
        work: Work::default(),
    })
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("site", &self.site).finish_non_exhaustive()
    }
}
