//! The demo: a fleet repository with real signed commits, a site that follows it, and the story of what it takes and what it refuses.
//!
//! One process, nothing to install. The commits are written object by object (`repository.rs`), the site is the agent as it runs
//! everywhere, with its real source, verifier and store in a temporary folder (`site.rs`), and the story (`chapters.rs`, `attacks.rs`, and
//! with the agent as a daemon `goes_on.rs` and `releases.rs`) says nothing that it did not check before: if something goes otherwise, the demo fails.
//!
//! On a real cluster all happens in one namespace of its own, which must not be there before and is removed afterwards, also when the
//! demo fails or is interrupted.

mod attacks;
mod chapters;
mod daemon;
mod fleet;
mod folder;
mod goes_on;
mod pass;
mod releases;
mod repository;
mod site;
mod space;
mod story;

use crate::agent::clock::Clock;
use crate::cluster;
use crate::model::explain;
use folder::Folder;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use space::Space;
use std::path::{Path, PathBuf};
use story::Story;

/// A line of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "text")]
pub enum Line {
    /// What comes next.
    Chapter(String),
    /// Something that was done, and checked.
    Good(String),
    /// Something that was refused, as it should be.
    Refused(String),
    /// What a reader should know.
    Plain(String),
}

/// Where the site runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a cluster in memory.
    Memory,
    /// On a real cluster, in a namespace that is not there yet.
    Cluster {
        /// Its kubeconfig.
        kubeconfig: PathBuf,
        /// The namespace.
        namespace: String,
    },
}

/// Why the demo could not be shown to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something went otherwise than the story tells.
    #[error("the demo did not go as it should: expected that {claim}, but {happened}")]
    NotAsTold {
        /// What should have been.
        claim: &'static str,
        /// What was.
        happened: String,
    },
    /// The namespace is somebody else's.
    #[error("the namespace {namespace} is there already and not the demo's; it is left as it is")]
    Taken {
        /// Its name.
        namespace: String,
    },
    /// Something does not go.
    #[error("{what} is still there {seconds} s after its deletion; look for finalizers in it")]
    StillThere {
        /// The object.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The cluster could not be asked.
    #[error("asking the cluster")]
    Cluster(#[from] cluster::Error),
    /// A part of the agent did not start.
    #[error("starting the demo's agent")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The temporary folder, or something in it, could not be written.
    #[error("writing {path}", path = .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No key can be made.
    #[error("the system gives no random numbers to make keys from")]
    NoRandomness,
    /// Somebody stopped it.
    #[error("the demo was interrupted")]
    Interrupted,
}

/// Tells the story, line by line, until its end or until `stop` answers. `temporary` is where its folder is made, and removed again.
pub async fn run(
    place: Place,
    temporary: &Path,
    tell: impl Fn(Line),
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let space = Space::find(place).await?;
    let folder = Folder::make(temporary)?;
    let story = Story::begin(&space, folder.path(), Clock::system(), &tell)?;
    let told = tokio::select! {
        told = story.tell_all() => told,
        () = stop => Err(Error::Interrupted),
    };
    let is_cut = matches!(told, Err(Error::Interrupted));
    let left = space.leave(is_cut, &tell).await;
    match (told, left) {
        (Ok(()), Ok(())) => story.end(),
        (Ok(()), Err(error)) | (Err(error), Ok(())) => return Err(error),
        (Err(error), Err(left)) => {
            tell(Line::Refused(format!("could not tidy up: {}", explain(&left))));
            return Err(error);
        }
    }
    Ok(())
}

impl Place {
    /// On the cluster of this kubeconfig, in a namespace with a name that nobody else has.
    pub fn on_cluster(kubeconfig: PathBuf) -> Result<Self, Error> {
        Ok(Self::Cluster { kubeconfig, namespace: format!("standfast-demo-{}", word()?) })
    }
}

impl Error {
    fn starting(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Start(Box::new(error))
    }
}

/// Eight random letters.
fn word() -> Result<String, Error> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}
