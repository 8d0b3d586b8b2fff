//! Puts an agent together from its settings and ports.

use super::clock::Clock;
use super::driver::Jobs;
use super::keep::Keeper;
use crate::apply::{Applier, Tell};
use crate::cluster::{Cluster, Standing};
use crate::fleet;
use crate::model::{CommitChain, CommitId, Facts, Moment, OwnerLabel, RefName, SiteStatus, Trouble};
use crate::reconcile::{self, Contents, Rules, Site};
use crate::render::Render;
use crate::report::Sink;
use crate::source::Source;
use crate::store::{self, Store};
use crate::trust::Verifier;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

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
    /// Whether drift is undone, or only told.
    pub heals: bool,
    /// The namespace of the agent's own objects.
    pub namespace: String,
    /// How many last-good revisions are kept.
    pub keep: usize,
    /// When this agent was built: no trusted time lies before it.
    pub built: Timestamp,
}

/// The outside world.
#[allow(missing_debug_implementations, reason = "ports are trait objects, with nothing to show")]
pub struct Ports {
    /// Mirrors and the object database.
    pub source: Arc<dyn Source>,
    /// Signatures.
    pub verifier: Box<dyn Verifier>,
    /// Facts and the cache of last-good.
    pub store: Box<dyn Store>,
    /// Manifests.
    pub render: Arc<dyn Render>,
    /// The Kubernetes API, and whether this agent may write to it.
    pub cluster: Arc<dyn Cluster>,
    /// Where it stands among the agents of its cluster; `None` where there is no other.
    pub standing: Option<watch::Receiver<Standing>>,
    /// Who wants to know.
    pub sink: Arc<dyn Sink>,
    /// The time.
    pub clock: Clock,
}

/// A site's agent.
pub struct Agent {
    pub(super) settings: Settings,
    pub(super) source: Arc<dyn Source>,
    pub(crate) verifier: Box<dyn Verifier>,
    pub(super) keeper: Keeper,
    pub(super) render: Arc<dyn Render>,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) clock: Clock,
    pub(super) site: Site,
    pub(super) facts: Facts,
    /// What may be run; `None` until something was rendered.
    pub(super) contents: Option<Contents>,
    /// What is ours in the cluster, and the hands to change it.
    pub(crate) applier: Applier,
    pub(super) link: super::status::Link,
    pub(super) jobs: Jobs,
    /// Where it stands among the agents of its cluster.
    pub(super) standing: watch::Receiver<Standing>,
    /// What the others were told.
    pub(super) told: Facts,
    /// Where the status hangs out for those who ask.
    pub(super) board: watch::Sender<Option<SiteStatus>>,
    pub(super) work: Work,
}

/// Heavy values between one effect and the next.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What a mirror offered, unproven.
    pub(super) chain: Option<CommitChain>,
    /// What was proven and is not accepted yet.
    pub(super) proven: Option<super::fetch::Proven>,
    /// Tips that were refused since the mirrors were asked last, and why the first of them was.
    pub(super) refused: BTreeSet<CommitId>,
    pub(super) refusal: Option<Trouble>,
    /// Whether a person ordered to ask.
    pub(super) is_ordered: bool,
}

/// Opens the store and resumes from its facts.
pub fn build(settings: Settings, ports: Ports) -> Result<Agent, store::Error> {
    let mut store = ports.store;
    let loaded = store.load()?;
    let sink = Arc::clone(&ports.sink);
    let tell: Tell = Arc::new(move |moment: &Moment| sink.moment(moment));
    loaded.notes.into_iter().for_each(|note| tell(&Moment::Note(note)));
    loaded.facts.clock_floor.into_iter().for_each(|floor| ports.clock.raise(floor));
    let site = reconcile::resume(&loaded.facts, ports.clock.now());
    let keeper = Keeper::new(store, loaded.facts.clone(), Arc::clone(&tell));
    let journal = Arc::new(keeper.clone());
    let mut applier = Applier::new(ports.cluster, journal, tell, loaded.inventory, settings.heals);
    applier.set_owner(OwnerLabel::of("", &settings.local.name));
    Ok(Agent {
        settings,
        source: ports.source,
        verifier: ports.verifier,
        keeper,
        render: ports.render,
        sink: ports.sink,
        clock: ports.clock,
        site,
        facts: loaded.facts,
        contents: None,
        applier,
        link: super::status::Link::default(),
        jobs: Jobs::default(),
        standing: ports.standing.unwrap_or_else(|| watch::channel(Standing::Alone).1),
        told: Facts::default(),
        board: watch::Sender::new(None),
        work: Work::default(),
    })
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("site", &self.site).finish_non_exhaustive()
    }
}
