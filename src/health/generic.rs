//! What holds for every kind, and the kinds that need only a field or two.

use super::probe::{Finding, Probe, current, failed, in_progress, terminating};

/// What comes before all else: deletion, and a controller that has not caught up. `None` if they say nothing.
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
    None
}

/// The conditions `Reconciling` and `Stalled`, which controllers set for exactly this purpose, and which come before the rules of a kind.
pub(super) fn conditions(probe: Probe<'_>) -> Option<Finding> {
    if let Some(condition) = probe.condition("Reconciling").filter(|one| one.is_true()) {
        return Some(in_progress(condition.words()));
    }
    let stalled = probe.condition("Stalled").filter(|one| one.is_true())?;
    Some(if stalled.is_stale() { in_progress(stalled.words()) } else { failed(stalled.words()) })
}

/// By one condition that is true when all is well. Without it there is nothing to wait for.
pub(super) fn by_condition(probe: Probe<'_>, kind: &str) -> Finding {
    let Some(condition) = probe.condition(kind) else { return current("it is there") };
    condition.unmet().unwrap_or_else(|| current(format!("it is {kind}")))
}

/// The server numbers what it stores, and the controller says which number it has seen: none yet means that the rest of the
/// status says nothing.
pub(super) fn not_seen(probe: Probe<'_>) -> Option<Finding> {
    let is_seen = probe.number("/status/observedGeneration").is_some();
    (!is_seen && probe.number("/metadata/generation").is_some())
        .then(|| in_progress("its controller has not looked at it yet"))
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
