//! PURE: live object → health; roll-up; what stops the clock of a deadline, and what cannot mend.
//!
//! # What
//! - kstatus's verdict on one live object ([`judge`], [`RuleBook::judge`]), on one that is not there ([`absent`]), and the sum over many
//!   ([`RollUp`]). Where an object does not say itself how far it is, [`teller`] names the one that does.
//! - Patience: a pod that waits for its image ([`wait_reason`], with what its events say, [`News`]), nodes that are not there or under
//!   pressure ([`Nodes`]). While there is one, the deadline's clock stands still.
//! - What a revision did that waiting does not mend: restarts since the apply ([`Restarts`]), a pod that crashes again and again now
//!   ([`crash_loop`]), a failed Job (Failed, as judged), a pod that a StatefulSet cannot get rid of ([`is_stuck`]).
//! - Which pods are a workload's ([`Selector`]).
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
//!
//! | kind | kstatus | here, and why |
//! |---|---|---|
//! | Job | Current once started | Current once complete: what depends on it must find its work done |
//! | Pod | Current when it failed | Failed |
//! | Pod in a crash loop | Failed | InProgress until the fifth restart: a pod that waits for its database crashes once |
//! | Pod without a node | Failed after 15 s | InProgress: a node may come back, and no clock is read here |
//! | Deployment, ProgressDeadlineExceeded | Failed | InProgress: its clock runs on while an image is pulled, and it goes on trying |
//! | Deployment, StatefulSet, ReplicaSet not looked at yet | by its numbers | InProgress, whatever its numbers say |
//! | StatefulSet, DaemonSet that update OnDelete | Current; until updated | until its pods are ready, updated or not |
//! | StatefulSet with `partition: 0`, which the server fills in | Current when enough are updated | also of one revision |
//! | StatefulSet with `minReadySeconds` | once ready | once available |
//! | claim without a pod | InProgress | Current: many classes, k3s's own among them, bind when the first pod uses it |
//! | claim that lost its volume | InProgress | Failed |
//! | APIService, autoscaler, disruption budget | Current | by their conditions, where a controller wrote any |
//! | PersistentVolume | Current | Failed if it is |
//! | HelmChart of k3s | Current | by its conditions, and by the Job that installs it ([`teller`]) |
//! | Gateway, GatewayClass, `*Route` of the Gateway API | Current | by their conditions, a route's by every parent |
//! | any condition with an `observedGeneration` | believed | believed if it is about the latest generation |
//! | Service and Ingress, their addresses | not waited for | waited for where the application says `waitForAddresses` |
//! | suspended Job | Current | Current if its spec says so |
//!
//! What cannot be told from a pull is taken for one: a slow link must not look like a bad release. A container that is being created
//! has its image pulled unless the pod's events say that it waits for a volume or its sandbox; kubelets before 1.36 do not tell it
//! in the status.
//!
//! The fleet may word checks of its own for custom kinds, in CEL, as Flux's `healthCheckExprs`: after deletion and generation, the first
//! that holds of `inProgress`, `failed` and `current` counts, and none is InProgress. A check without an answer is InProgress where a
//! field is missing, for it may come, and Unknown otherwise; in Flux it is an error.
//!
//! # Dependencies
//! `standfast-cel`, of this house, evaluates them, each in a bounded number of steps.
//!
//! # Tests
//! A table per kind in `tests.rs`; `settling/tests.rs` for patience, restarts and stuck pods.

mod addresses;
mod expressions;
mod gateway;
mod generic;
mod helm;
mod pods;
mod probe;
mod roll_up;
mod rules;
mod scaling;
mod settling;
mod storage;
mod workloads;
#[cfg(test)]
mod tests;

use crate::model::{Health, HealthStatus, Live, ObjectKey};
use probe::{Finding, Probe};

pub use helm::{has_teller, teller};
pub use roll_up::RollUp;
pub use rules::{RuleBook, Rules};
pub use settling::{
    CRASH_LOOP, CrashLoop, News, Nodes, Patience, PatienceKind, Restarts, Selector, crash_loop, is_stuck,
    wait_reason,
};

/// Judges a live object by the rules of its kind alone.
pub fn judge(live: &Live) -> HealthStatus {
    Rules::default().judge(live)
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

fn status(live: &Live, finding: Finding) -> HealthStatus {
    HealthStatus { key: live.key(), health: finding.health, message: probe::shorten(&finding.message) }
}

fn by_kind(live: &Live, probe: Probe<'_>) -> Finding {
    match (live.gvk.group.as_str(), live.gvk.kind.as_str()) {
        ("apps", "Deployment") => workloads::deployment(probe),
        ("apps", "StatefulSet") => workloads::stateful_set(probe),
        ("apps", "DaemonSet") => workloads::daemon_set(probe),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workloads::replica_set(probe),
        ("batch", "Job") => pods::job(probe),
        ("", "Pod") => pods::pod(probe),
        ("", "PersistentVolumeClaim") => storage::claim(probe),
        ("", "PersistentVolume") => storage::volume(probe),
        ("", "Namespace") => generic::namespace(probe),
        ("", "Service") => addresses::service(probe),
        ("autoscaling", "HorizontalPodAutoscaler") => scaling::autoscaler(probe),
        ("policy", "PodDisruptionBudget") => scaling::budget(probe),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => generic::definition(probe),
        ("apiregistration.k8s.io", "APIService") => generic::by_condition(probe, "Available"),
        ("gateway.networking.k8s.io", kind) => gateway::by_kind(kind, probe),
        ("helm.cattle.io", "HelmChart") => helm::chart(probe),
        // These have a status that says nothing about whether they are as wanted, or none.
        ("batch", "CronJob") | ("networking.k8s.io", "Ingress") => probe::current("it is there"),
        _ => generic::by_condition(probe, "Ready"),
    }
}
