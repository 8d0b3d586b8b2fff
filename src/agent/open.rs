//! Puts an agent together from the site's configuration, on the real world.

use super::build::{Agent, Ports, Settings, build};
use super::clock::Clock;
use super::status_file::StatusFile;
use crate::cluster::{self, Cluster};
use crate::config;
use crate::model::{Classify, ErrorClass};
use crate::reconcile::Rules;
use crate::render::Plain;
use crate::report::{All, Sink};
use crate::source::{self, Git};
use crate::store;
use crate::trust::{self, Keyring, Ssh};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often health is looked at while it is waited for.
const LOOK: Duration = Duration::from_secs(2);

/// What kept an agent from being put together.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state directory.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The allowed signers.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// The object database.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The kubeconfig.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// A folder for what a boot forgets.
    #[error("making the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// An agent that is going to run: it holds the state directory and writes the status file.
pub fn open(settings: &config::Settings, waits: bool, teller: Box<dyn Sink>) -> Result<Agent, OpenError> {
    let run = settings.run.clone();
    std::fs::create_dir_all(&run).map_err(|source| OpenError::Folder { path: run, source })?;
    let sinks = All(vec![Box::new(StatusFile::new(settings.status_file())), teller]);
    let clock = Clock::system();
    let store = store::open(&settings.store, clock.now())?;
    let cluster: Arc<dyn Cluster> = Arc::new(cluster::Kube::new(settings.cluster.clone()));
    assemble(settings, waits, clock, store, cluster, Box::new(sinks))
}

/// Puts an agent together on the real mirrors and signers of a configuration.
pub(crate) fn assemble(
    settings: &config::Settings,
    waits: bool,
    clock: Clock,
    store: Box<dyn store::Store>,
    cluster: Arc<dyn Cluster>,
    sink: Box<dyn Sink>,
) -> Result<Agent, OpenError> {
    let keyring = Keyring::load(&settings.trust)?;
    let ports = Ports {
        source: Box::new(Git::start(settings.source.clone())?),
        verifier: Box::new(Ssh::new(keyring)),
        store,
        render: Box::new(Plain),
        cluster,
        sink,
        clock,
    };
    let own = Settings {
        local: settings.local.clone(),
        ref_name: settings.ref_name.clone(),
        pin: settings.trust.pin,
        rules: Rules { poll: settings.poll, wait: waits, look: LOOK },
        keep: settings.keep,
        built: built(),
    };
    Ok(build(own, ports)?)
}

/// When this program was built, as its build script noted.
fn built() -> Timestamp {
    let seconds = env!("STANDFAST_BUILT").parse().unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Classify for OpenError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Trust(error) => error.class(),
            Self::Source(error) => error.class(),
            Self::Cluster(error) => error.class(),
            Self::Folder { .. } => ErrorClass::Transient,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Trust(error) => error.reason(),
            Self::Source(error) => error.reason(),
            Self::Cluster(error) => error.reason(),
            Self::Folder { .. } => "FolderUnwritable",
        }
    }
}
