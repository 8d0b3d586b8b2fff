//! An agent that only looks, beside a running one if need be.

use crate::agent::clock::{self, Clock};
use crate::agent::{Agent, assemble};
use crate::cluster::{self, Cluster};
use crate::config;
use crate::model::Trouble;
use crate::reconcile::Stay;
use crate::report::Sink;
use crate::store;
use crate::store::durable::{self, RealDisk};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An agent that only looks: it writes no status, accepts nothing, and works beside a running agent, whose facts and objects it
/// reads. Without `with_cluster` no API server is needed.
pub fn open(
    settings: &config::Settings,
    with_cluster: bool,
    teller: Box<dyn Sink>,
) -> Result<Looking, Trouble> {
    let clock = Clock::system();
    let cluster: Arc<dyn Cluster> = match with_cluster {
        true => Arc::new(cluster::Kube::new(settings.cluster.clone(), clock.for_tls())),
        false => Arc::new(cluster::MemoryCluster::new()),
    };
    let (store, scratch, settings) = match store::open(&settings.store, clock.now()) {
        Ok(store) => (store, None, settings.clone()),
        Err(store::Error::Locked { .. }) => {
            let scratch = Scratch::beside(&settings.source.objects)?;
            let mut own = settings.clone();
            own.source.objects.clone_from(&scratch.0);
            (store::peek(&settings.store)?, Some(scratch), own)
        }
        Err(error) => return Err(error.into()),
    };
    let agent = assemble(&settings, Stay::Once, clock, store, cluster, Arc::from(teller))?;
    Ok(Looking { agent, _scratch: scratch })
}

/// An agent that only looks at the disk, and takes no lock: of the store it knows nothing but the facts.
pub(super) fn beside(settings: &config::Settings, teller: Box<dyn Sink>) -> Result<Looking, Trouble> {
    let scratch = Scratch::beside(&settings.source.objects)?;
    let mut own = settings.clone();
    scratch.path().clone_into(&mut own.source.objects);
    let (store, cluster) = (store::peek(&settings.store)?, Arc::new(cluster::MemoryCluster::new()));
    let agent = assemble(&own, Stay::Once, Clock::system(), store, cluster, Arc::from(teller))?;
    Ok(Looking { agent, _scratch: Some(scratch) })
}

/// An agent that only looks.
#[derive(Debug)]
pub struct Looking {
    /// The agent.
    pub agent: Agent,
    _scratch: Option<Scratch>,
}

/// An object database of its own that reads through to the running agent's, removed when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Its folder.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn beside(objects: &Path) -> Result<Self, Trouble> {
        let path =
            std::env::temp_dir().join(format!("standfast-{}-{:016x}", std::process::id(), clock::random()));
        let scratch = Self(path.clone());
        let failed = |error: std::io::Error| {
            Trouble::transient("FolderUnwritable", format!("making the folder {}: {error}", path.display()))
        };
        let info = path.join("objects/info");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&info).map_err(failed)?;
        if !objects.join("objects").is_dir() {
            return Ok(scratch);
        }
        let alternates = format!("{}\n", objects.join("objects").display());
        durable::write_atomic(&RealDisk, &info.join("alternates"), alternates.as_bytes(), 0o600)
            .map_err(failed)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(folder = %self.0.display(), %error, "a scratch folder stays behind");
        }
    }
}
