//! What holds for every kind, and the kinds that need only a field or two.

use super::probe::{Finding, Probe, current, failed, in_progress, terminating};

/// The checks that come before any rule of a kind: deletion, a controller that has not caught up, and the conditions
/// `Reconciling` and `Stalled`, which controllers set for exactly this purpose. `None` if they say nothing.
pub(super) fn first(probe: Probe<'_>) -> Option<Finding> {
    if let Some(since) = probe.text("/metadata/deletionTimestamp") {
        return Some(terminating(format!("it is being deleted since {since}")));
    }
    let generation = probe.number("/metadata/generation");
    let observed = probe.number("/status/observedGeneration");
    if let (Some(generation), Some(observed)) = (generation, observed)
        && generation != observed
    {
        return Some(in_progress(format!(
            "its controller has seen generation {observed}, and the latest is {generation}"
        )));
    }
    if let Some(condition) = probe.condition("Reconciling").filter(|one| one.is_true()) {
        return Some(in_progress(condition.words()));
    }
    let stalled = probe.condition("Stalled").filter(|one| one.is_true());
    stalled.map(|condition| failed(condition.words()))
}

/// By one condition that is true when all is well. Without it there is nothing to wait for.
pub(super) fn by_condition(probe: Probe<'_>, kind: &str) -> Finding {
    match probe.condition(kind) {
        Some(condition) if condition.is_false() || condition.is_unknown() => in_progress(condition.words()),
        Some(_) => current(format!("it is {kind}")),
        None => current("it is there"),
    }
}

pub(super) fn definition(probe: Probe<'_>) -> Finding {
    if let Some(condition) = probe.condition("NamesAccepted").filter(|one| one.is_false()) {
        return failed(condition.words());
    }
    match probe.condition("Established") {
        Some(condition) if condition.is_true() => current("it is established"),
        Some(condition) if condition.is_false() && condition.reason() != "Installing" => {
            failed(condition.words())
        }
        _ => in_progress("the API server is installing it"),
    }
}

pub(super) fn namespace(probe: Probe<'_>) -> Finding {
    match probe.text("/status/phase") {
        Some("Terminating") => terminating("it is being deleted"),
        _ => current("it is there"),
    }
}

pub(super) fn claim(probe: Probe<'_>) -> Finding {
    match probe.text("/status/phase") {
        Some("Bound") => current("it is bound"),
        Some("Lost") => failed("it lost its volume"),
        phase => {
            let phase = phase.unwrap_or("not looked at yet");
            in_progress(format!(
                "it is {phase}: no volume is bound to it (some classes bind when the first pod uses it)"
            ))
        }
    }
}

pub(super) fn service(probe: Probe<'_>) -> Finding {
    let is_balancer = probe.text("/spec/type") == Some("LoadBalancer");
    if is_balancer && probe.text("/spec/clusterIP").is_none() {
        return in_progress("it has no cluster IP yet");
    }
    current("it is there")
}
