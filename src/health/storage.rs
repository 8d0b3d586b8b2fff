//! Claims and volumes.

use super::probe::{Finding, Probe, current, failed, in_progress};

/// What the control plane writes on a claim as soon as it looks for a volume: the node of the first pod, or who is to make it.
const LOOKED_FOR: [&str; 3] = [
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
];

/// A claim that nothing looks for a volume for waits for the first pod that uses it; if there is one that cannot run for want of
/// the volume, its workload says so.
pub(super) fn claim(probe: Probe<'_>) -> Finding {
    match probe.text("/status/phase") {
        Some("Bound") => current("it is bound"),
        Some("Lost") => failed("it lost its volume"),
        Some("Pending") if !LOOKED_FOR.iter().any(|name| probe.annotation(name).is_some()) => {
            current("it is not bound, and no volume is looked for: no pod uses it")
        }
        phase => {
            let phase = phase.unwrap_or("not looked at yet");
            in_progress(format!("it is {phase}: no volume is bound to it"))
        }
    }
}

pub(super) fn volume(probe: Probe<'_>) -> Finding {
    match probe.text("/status/phase") {
        Some("Failed") => {
            let why = probe.text("/status/message").or(probe.text("/status/reason"));
            failed(why.map_or("it has failed".to_owned(), |why| format!("it has failed: {why}")))
        }
        Some("Pending") => in_progress("it is pending"),
        _ => current("it is there"),
    }
}
