//! What watches over a number of pods.

use super::generic::not_seen;
use super::probe::{Condition, Finding, Probe, current, in_progress};

/// An autoscaler that cannot read its target or its metrics scales nothing. One that is told to scale to zero, or pauses between
/// two changes, is as it should be.
pub(super) fn autoscaler(probe: Probe<'_>) -> Finding {
    let unmet = |kind: &str, fine: &[&str]| {
        let condition = probe.condition(kind).filter(|one| one.is_false())?;
        (!fine.contains(&condition.reason())).then(|| in_progress(condition.words()))
    };
    unmet("AbleToScale", &["BackoffBoth", "BackoffDownscale", "BackoffUpscale"])
        .or_else(|| unmet("ScalingActive", &["ScalingDisabled"]))
        .unwrap_or_else(|| current("it is there"))
}

/// Whether it allows a disruption now is no matter of health: one that protects the only pod never does.
pub(super) fn budget(probe: Probe<'_>) -> Finding {
    if let Some(waiting) = not_seen(probe) {
        return waiting;
    }
    let failing = probe.condition("DisruptionAllowed").filter(|one| one.reason() == "SyncFailed");
    failing.map(Condition::words).map_or_else(|| current("its controller has counted the pods"), in_progress)
}
