//! A pod that waits for its image.

use super::news::{Kind, News};
use crate::health::probe::{Condition, Probe, shorten};
use crate::model::Live;
use std::fmt;

/// Why the clock of a deadline stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For what.
    pub kind: PatienceKind,
    /// In words: who waits, and what the cluster says of it.
    pub message: String,
}

/// What is waited for that no revision is to blame for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatienceKind {
    /// An image is pulled, or could not be pulled yet.
    Image,
    /// A container is being made, and nothing says yet what keeps it: its image, most likely. Events may tell.
    Unsaid,
    /// No node is there that could run something new.
    Node,
}

/// What a container waits for whose image is not there. Neither a name that no image can have nor a missing key of its environment
/// is among them: those are the revision's.
const NO_IMAGE: [&str; 4] = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"];
/// What it waits for while it is made: its volumes, its sandbox, other containers, or its image.
const BEING_MADE: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Why this pod waits for an image, if it does. `news` are the events of pods; whatever they do not tell counts for patience.
pub fn wait_reason(pod: &Live, news: &News) -> Option<Patience> {
    let probe = Probe::new(&pod.value);
    let is_over = matches!(probe.text("/status/phase"), Some("Succeeded" | "Failed"));
    if is_over || pod.is_terminating() || probe.text("/spec/nodeName").is_none() {
        return None;
    }
    let next = next_containers(probe);
    let waits =
        |one: &&Probe<'_>, reasons: &[&str]| reason(**one).is_some_and(|reason| reasons.contains(&reason));
    let image = |kind, container: Probe<'_>, why: &str| {
        let (name, image) =
            (container.text("/name").unwrap_or("?"), container.text("/image").unwrap_or("an image"));
        let message = format!("{}: container {name} waits for {image}: {why}", pod.key());
        Some(Patience { kind, message: shorten(&message) })
    };
    if let Some(container) = next.iter().find(|one| waits(one, &NO_IMAGE)) {
        return image(PatienceKind::Image, *container, &words(*container));
    }
    let container = *next.iter().find(|one| waits(one, &BEING_MADE))?;
    let has_sandbox = probe.condition("PodReadyToStartContainers").is_some_and(Condition::is_true);
    match news.of(pod.uid()) {
        Some(Kind::Image) => image(PatienceKind::Image, container, "it is being pulled"),
        _ if has_sandbox => image(PatienceKind::Image, container, "it is being pulled"),
        Some(Kind::Volume | Kind::Sandbox) => None,
        Some(Kind::SandboxImage) => {
            image(PatienceKind::Image, container, "that of its sandbox is not there yet")
        }
        None => image(PatienceKind::Unsaid, container, "it is being pulled, as far as is known"),
    }
}

/// The containers that would run now if nothing kept them: the first of the init containers that is not done, or all others.
fn next_containers(pod: Probe<'_>) -> Vec<Probe<'_>> {
    let is_sidecar = |name: Option<&str>| {
        let own = pod.items("/spec/initContainers").find(|one| one.text("/name") == name);
        own.and_then(|one| one.text("/restartPolicy")) == Some("Always")
    };
    let is_done = |one: &Probe<'_>| {
        one.number("/state/terminated/exitCode") == Some(0)
            || one.flag("/started") && is_sidecar(one.text("/name"))
    };
    match pod.items("/status/initContainerStatuses").find(|one| !is_done(one)) {
        Some(first) => vec![first],
        None => pod.items("/status/containerStatuses").collect(),
    }
}

fn reason(container: Probe<'_>) -> Option<&str> {
    container.text("/state/waiting/reason")
}

fn words(container: Probe<'_>) -> String {
    let reason = reason(container).unwrap_or_default();
    match container.text("/state/waiting/message") {
        Some(message) => format!("{reason}: {message}"),
        None => reason.to_owned(),
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
