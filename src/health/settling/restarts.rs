//! Containers that crash again and again.

use crate::health::probe::{Probe, shorten};
use crate::model::{Live, ObjectKey};
use std::collections::BTreeMap;
use std::fmt;

/// From this many restarts since an apply on, a container will not mend by itself.
pub const CRASH_LOOP: u32 = 5;

/// How often the containers of pods have been restarted, at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restarts(BTreeMap<(String, String), Count>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Count {
    pod: ObjectKey,
    restarts: u32,
    last: String,
}

/// A container that crashes again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashLoop {
    /// The pod.
    pub pod: ObjectKey,
    /// The container.
    pub container: String,
    /// How often it was restarted: since the apply, or ever.
    pub restarts: u32,
    /// How it ended last: `exit code 1`. Never what it wrote.
    pub last: String,
}

impl Restarts {
    /// Takes a pod in.
    pub fn add(&mut self, pod: &Live) {
        for container in containers(Probe::new(&pod.value)) {
            let name = container.text("/name").unwrap_or("?").to_owned();
            let count = Count { pod: pod.key(), restarts: restarts(container), last: last(container) };
            self.0.insert((pod.uid().to_owned(), name), count);
        }
    }

    /// The container that was restarted most since `before`, if that makes a crash loop. A pod that was not there before counts in
    /// full, and so does one whose counts went back.
    pub fn since(&self, before: &Self) -> Option<CrashLoop> {
        let grown = self.0.iter().map(|(place, count)| {
            let known = before.0.get(place).map_or(0, |before| before.restarts);
            (place, count, count.restarts.checked_sub(known).unwrap_or(count.restarts))
        });
        let (place, count, restarts) = grown.max_by_key(|(.., restarts)| *restarts)?;
        (restarts >= CRASH_LOOP).then(|| CrashLoop {
            pod: count.pod.clone(),
            container: place.1.clone(),
            restarts,
            last: count.last.clone(),
        })
    }
}

/// The container of this pod that waits, as it is now, for its next start after too many crashes.
pub fn crash_loop(pod: &Live) -> Option<CrashLoop> {
    let waits = |one: &Probe<'_>| one.text("/state/waiting/reason") == Some("CrashLoopBackOff");
    let container = containers(Probe::new(&pod.value)).filter(waits).max_by_key(|one| restarts(*one))?;
    Some(CrashLoop {
        pod: pod.key(),
        container: container.text("/name").unwrap_or("?").to_owned(),
        restarts: restarts(container),
        last: last(container),
    })
}

fn containers(pod: Probe<'_>) -> impl Iterator<Item = Probe<'_>> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .flat_map(move |list| pod.items(list))
}

fn restarts(container: Probe<'_>) -> u32 {
    u32::try_from(container.count("/restartCount")).unwrap_or_default()
}

/// The exit code or signal, and the kubelet's own word for it; its message may be a piece of the container's log.
fn last(container: Probe<'_>) -> String {
    let ended = ["/lastState/terminated", "/state/terminated"]
        .into_iter()
        .find(|place| container.number(&format!("{place}/exitCode")).is_some());
    let Some(place) = ended else { return "it is not known how it ended".to_owned() };
    let code = container.count(&format!("{place}/exitCode"));
    match container.text(&format!("{place}/reason")).filter(|reason| !["Error", "Completed"].contains(reason))
    {
        Some(reason) => shorten(&format!("exit code {code}, {reason}")),
        None => format!("exit code {code}"),
    }
}

impl fmt::Display for CrashLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pod, container, restarts, last } = self;
        write!(f, "{pod}: container {container} crashes again and again ({restarts} restarts, last: {last})")
    }
}
