//! PURE: live object → health; roll-up.
//!
//! # What
//! kstatus's verdict on one live object ([`judge`]), on one that is not there ([`absent`]), and the sum over many ([`RollUp`]).
//!
//! # Invariants
//! No I/O, no clock: the same object always gives the same verdict. A verdict comes with its reason in words, bounded in length,
//! and never with an object's data.
//!
//! # Not here
//! When health is asked for, deadlines and quiet times (`reconcile`), reading objects (`cluster`).
//!
//! # Decisions
//! The rules are kstatus's (`sigs.k8s.io/cli-utils/pkg/kstatus`), but for these, where what a site needs differs:
//! - A Job is Current when it is complete, not when it has started; a pod that failed is Failed, not Current.
//! - A crash loop is Failed from the fifth restart on; before, it is InProgress: a pod that waits for its database crashes once.
//! - An unschedulable pod, and one that waits for its image, is InProgress and says so: a node or a link may come back.
//! - A workload that its controller has not looked at yet is InProgress, whatever its numbers say.
//! - A DaemonSet that updates its pods only when they are deleted is not waited for.
//! - An APIService goes by its Available condition, a lost claim is Failed.
//!
//! # Tests
//! A table per kind in `tests.rs`.

mod generic;
mod pods;
mod probe;
mod workloads;
#[cfg(test)]
mod tests;

use crate::model::{Health, HealthStatus, Live, ObjectKey};
use probe::{Finding, Probe};
use std::fmt;

/// Most unhealthy objects that a roll-up names.
const MAX_NAMED: usize = 10;

/// The health of many objects, small however many they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RollUp {
    worst: Option<Health>,
    total: usize,
    current: usize,
    named: Vec<HealthStatus>,
}

/// Judges a live object.
pub fn judge(live: &Live) -> HealthStatus {
    let probe = Probe::new(&live.value);
    let finding = generic::first(probe).unwrap_or_else(|| by_kind(live, probe));
    HealthStatus { key: live.key(), health: finding.health, message: probe::shorten(&finding.message) }
}

/// The health of an object that should be there and is not.
pub fn absent(key: &ObjectKey) -> HealthStatus {
    HealthStatus { key: key.clone(), health: Health::Unknown, message: "it is not there".to_owned() }
}

/// Whether nothing more is waited for: the object is as its spec says.
pub fn is_settled(health: Health) -> bool {
    health == Health::Current
}

/// The worst of many; Current if there are none.
pub fn worst(all: impl IntoIterator<Item = Health>) -> Health {
    all.into_iter().max_by_key(|health| severity(*health)).unwrap_or(Health::Current)
}

fn by_kind(live: &Live, probe: Probe<'_>) -> Finding {
    match (live.gvk.group.as_str(), live.gvk.kind.as_str()) {
        ("apps", "Deployment") => workloads::deployment(probe),
        ("apps", "StatefulSet") => workloads::stateful_set(probe),
        ("apps", "DaemonSet") => workloads::daemon_set(probe),
        ("apps", "ReplicaSet") => workloads::replica_set(probe),
        ("batch", "Job") => pods::job(probe),
        ("", "Pod") => pods::pod(probe),
        ("", "PersistentVolumeClaim") => generic::claim(probe),
        ("", "Namespace") => generic::namespace(probe),
        ("", "Service") => generic::service(probe),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => generic::definition(probe),
        ("apiregistration.k8s.io", "APIService") => generic::by_condition(probe, "Available"),
        ("batch", "CronJob") | ("policy", "PodDisruptionBudget") => {
            probe::current("it has no state to wait for")
        }
        _ => generic::by_condition(probe, "Ready"),
    }
}

/// How bad a verdict is for what it belongs to. Failed will not mend by itself, so it counts most.
fn severity(health: Health) -> u8 {
    match health {
        Health::Current => 0,
        Health::InProgress => 1,
        Health::Terminating => 2,
        Health::Unknown => 3,
        Health::Failed => 4,
    }
}

impl fmt::Display for RollUp {
    /// The worst object and how many others are not Current; empty if all are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.named.first() else { return Ok(()) };
        write!(f, "{}: {}", first.key, first.message)?;
        match self.unsettled() {
            1 => Ok(()),
            all => write!(f, " (and {} more)", all - 1),
        }
    }
}

impl RollUp {
    /// Counts one object in.
    pub fn add(&mut self, status: HealthStatus) {
        self.total += 1;
        self.worst = Some(worst(self.worst.into_iter().chain([status.health])));
        if is_settled(status.health) {
            self.current += 1;
            return;
        }
        // The worst come first, and what is named is bounded.
        let place = self.named.partition_point(|other| severity(other.health) >= severity(status.health));
        self.named.insert(place, status);
        self.named.truncate(MAX_NAMED);
    }

    /// The worst health; Current if there is nothing.
    pub fn worst(&self) -> Health {
        self.worst.unwrap_or(Health::Current)
    }

    /// Whether every object is Current.
    pub fn is_settled(&self) -> bool {
        self.current == self.total
    }

    /// How many objects are not Current.
    pub fn unsettled(&self) -> usize {
        self.total - self.current
    }

    /// How many objects were counted.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Some that are not Current, the worst first.
    pub fn named(&self) -> &[HealthStatus] {
        &self.named
    }
}
