//! The Gateway API: what a controller makes of gateways, and each parent of a route.

use super::generic::by_condition;
use super::probe::{Condition, Finding, Probe, current, in_progress};

pub(super) fn by_kind(kind: &str, probe: Probe<'_>) -> Finding {
    match kind {
        "GatewayClass" => by_condition(probe, "Accepted"),
        "Gateway" => gateway(probe),
        kind if kind.ends_with("Route") => route(probe),
        _ => by_condition(probe, "Ready"),
    }
}

/// A gateway is accepted first and programmed later; without an address it cannot be programmed, and addresses are another matter.
fn gateway(probe: Probe<'_>) -> Finding {
    for kind in ["Accepted", "Programmed"] {
        let Some(condition) = probe.condition(kind) else {
            return in_progress(format!("it is not {kind} yet"));
        };
        let is_about_addresses = ["AddressNotAssigned", "AddressNotUsable"].contains(&condition.reason());
        if let Some(waiting) = condition.unmet().filter(|_| !is_about_addresses || condition.is_stale()) {
            return waiting;
        }
    }
    current("it is programmed")
}

/// Each gateway that a route names answers for itself.
fn route(probe: Probe<'_>) -> Finding {
    let wanted = probe.items("/spec/parentRefs").count();
    let mut answered = 0;
    for parent in probe.items("/status/parents") {
        answered += 1;
        let of_parent = |kind: &str| probe.condition_of(parent, kind);
        let Some(accepted) = of_parent("Accepted") else {
            return in_progress("a parent has not accepted it yet");
        };
        let unmet =
            [Some(accepted), of_parent("ResolvedRefs")].into_iter().flatten().find_map(Condition::unmet);
        if let Some(waiting) = unmet {
            return waiting;
        }
    }
    match answered {
        answered if answered < wanted => in_progress(format!("{answered} of {wanted} parents have answered")),
        _ => current("all its parents have accepted it"),
    }
}
