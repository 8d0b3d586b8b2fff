//! What events say of how far pods are with starting; their status does not.

use crate::health::probe::Probe;
use crate::model::Live;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The latest about each pod's start, by uid. Only events about pods count, and of those only some kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News(BTreeMap<String, (Timestamp, Kind)>);

/// What the latest event was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A volume cannot be mounted, a Secret or ConfigMap that it shows is missing among the reasons.
    Volume,
    /// The sandbox cannot be made.
    Sandbox,
    /// The image of the sandbox itself is missing.
    SandboxImage,
    /// An image is pulled or was; whatever was before is over.
    Image,
}

/// Most pods kept: what settles has fewer, and those beyond wait as if nothing were known.
const MAX_PODS: usize = 10_000;

impl News {
    /// Takes an event in, of whatever kind and order.
    pub fn add(&mut self, event: &Live) {
        let probe = Probe::new(&event.value);
        let Some(uid) =
            probe.text("/involvedObject/uid").filter(|_| probe.text("/involvedObject/kind") == Some("Pod"))
        else {
            return;
        };
        let Some((kind, at)) = kind(probe).zip(time(probe)) else { return };
        let is_full = self.0.len() >= MAX_PODS && !self.0.contains_key(uid);
        if !is_full && self.0.get(uid).is_none_or(|known| *known < (at, kind)) {
            self.0.insert(uid.to_owned(), (at, kind));
        }
    }

    pub(super) fn of(&self, uid: &str) -> Option<Kind> {
        self.0.get(uid).map(|(_, kind)| *kind)
    }
}

fn kind(probe: Probe<'_>) -> Option<Kind> {
    match probe.text("/reason")? {
        "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" | "FailedPrepareDynamicResources" => {
            Some(Kind::Volume)
        }
        "FailedCreatePodSandBox" => {
            let message = probe.text("/message").unwrap_or_default();
            let is_image = ["sandbox image", "pause"].iter().any(|word| message.contains(word));
            Some(if is_image { Kind::SandboxImage } else { Kind::Sandbox })
        }
        "Pulling" | "Pulled" | "Created" | "Started" => Some(Kind::Image),
        _ => None,
    }
}

/// When it was last seen.
fn time(probe: Probe<'_>) -> Option<Timestamp> {
    let all = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/eventTime",
        "/firstTimestamp",
        "/metadata/creationTimestamp",
    ];
    all.into_iter().find_map(|place| probe.text(place)?.parse().ok())
}
