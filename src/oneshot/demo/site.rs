//! The site of the story: the agent as it runs everywhere, with ears of our own.

use super::Error;
use super::fleet::SITE;
use super::pass::{Cost, Pass};
use crate::agent::clock::Clock;
use crate::agent::{self, Agent, Ports};
use crate::cluster::Cluster;
use crate::fleet::Local;
use crate::model::{DriftAnswer, Moment, RepoPath, SiteStatus};
use crate::reconcile::{Rules, Stay};
use crate::render::Plain;
use crate::report::Sink;
use crate::source::{self, Git, MirrorSettings};
use crate::store;
use crate::trust::{self, Keyring, Ssh};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// What the site is made of, so that it can be booted again and again.
pub(super) struct Site {
    /// The state directory.
    pub(super) state: PathBuf,
    /// The mirror.
    pub(super) mirror: PathBuf,
    /// Whom it trusts.
    pub(super) allowed_signers: PathBuf,
    /// Where it runs.
    pub(super) cluster: Arc<dyn Cluster>,
    /// The time.
    pub(super) clock: Clock,
}

/// A site that is up.
pub(super) struct Booted {
    pub(super) agent: Agent,
    pub(super) told: Told,
    clock: Clock,
    packs: PathBuf,
}

/// Remembers what the agent tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<Ear>);

#[derive(Debug, Default)]
struct Ear {
    heard: Mutex<Heard>,
    bell: Notify,
}

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What happened and was not taken yet.
    pub(super) moments: Vec<Moment>,
    /// Where the site stands.
    pub(super) status: Option<SiteStatus>,
    /// How often something was written.
    pub(super) written: usize,
}

/// Long enough never to come up in the demo: each pass is asked for.
const POLL: Duration = Duration::from_mins(5);
/// Between two looks at health.
const LOOK: Duration = Duration::from_millis(200);

impl Site {
    /// Puts the agent together on this site's disk, as it is anywhere.
    pub(super) fn boot(&self, stay: Stay) -> Result<Booted, Error> {
        let told = Told::default();
        let trust = trust::Settings { allowed_signers: self.allowed_signers.clone(), pin: None };
        let mirror = MirrorSettings::Local { path: self.mirror.clone() };
        let source = source::Settings::new(self.state.join("objects"), vec![mirror]);
        let store = store::Settings::new(&self.state);
        let ports = Ports {
            source: Arc::new(Git::start(source, self.clock.for_tls()).map_err(Error::starting)?),
            verifier: Box::new(Ssh::new(Keyring::load(&trust).map_err(Error::starting)?)),
            store: store::open(&store, self.clock.now()).map_err(Error::starting)?,
            render: Arc::new(Plain),
            cluster: Arc::clone(&self.cluster),
            standing: None,
            sink: Arc::new(told.clone()),
            clock: self.clock.clone(),
        };
        let local = Local {
            name: SITE.parse().expect("because the demo's site has a name as it should be"),
            labels: BTreeMap::new(),
            variables: BTreeMap::new(),
            path: RepoPath::root(),
        };
        let settings = agent::Settings {
            local,
            ref_name: "refs/heads/main".parse().expect("because this is a ref's name"),
            pin: None,
            rules: Rules { poll: POLL, slot: 0, stay, look: LOOK },
            heals: true,
            namespace: "standfast-system".to_owned(),
            keep: 3,
            built: Timestamp::UNIX_EPOCH,
        };
        let agent = agent::build::build(settings, ports).map_err(Error::starting)?;
        let packs = self.state.join("objects/objects/pack");
        Ok(Booted { agent, told, clock: self.clock.clone(), packs })
    }
}

impl Booted {
    /// One pass through the whole way, as the daemon makes one every few minutes.
    pub(super) async fn pass(&mut self) -> Pass {
        let (began, packed) = (self.clock.now(), packed(&self.packs));
        let ending = self.agent.once().await;
        let took = self.clock.now().duration_since(began);
        let moments = self.told.forget();
        let bytes = self::packed(&self.packs).saturating_sub(packed);
        let took = Duration::try_from(took).unwrap_or_default();
        Pass::new(ending, moments, self.agent.status(), Cost { took, bytes })
    }

    /// Where the site stands.
    pub(super) fn status(&mut self) -> SiteStatus {
        self.agent.status()
    }
}

/// Bytes of all packs in a folder: a local mirror has no link to count them on.
fn packed(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let packs = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "pack"));
    packs.filter_map(|pack| pack.metadata().ok()).map(|metadata| metadata.len()).sum()
}

impl Told {
    /// Looks at what was told.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.0.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what happened so far.
    pub(super) fn forget(&self) -> Vec<Moment> {
        self.with(|heard| std::mem::take(&mut heard.moments))
    }

    /// Waits until something can be seen in what was told.
    pub(super) async fn until<S>(&self, see: impl Fn(&Heard) -> Option<S>) -> S {
        loop {
            let seen = self.with(|heard| see(heard));
            if let Some(seen) = seen {
                return seen;
            }
            self.0.bell.notified().await;
        }
    }
}

impl Sink for Told {
    fn moment(&self, moment: &Moment) {
        self.with(|heard| {
            heard.written += match moment {
                Moment::Applied(set) | Moment::Pruned(set) => set.done.len(),
                Moment::Drifted(drift) => usize::from(drift.answer == DriftAnswer::Healed),
                _ => 0,
            };
            heard.moments.push(moment.clone());
        });
        self.0.bell.notify_one();
    }

    fn status(&self, status: &SiteStatus) {
        self.with(|heard| heard.status = Some(status.clone()));
        self.0.bell.notify_one();
    }
}

impl std::fmt::Debug for Booted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Booted")
    }
}
