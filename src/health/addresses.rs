//! Services and ingresses, whose addresses come from outside, if ever.

use super::probe::{Finding, Probe, current, in_progress};
use crate::model::Live;

pub(super) fn service(probe: Probe<'_>) -> Finding {
    let is_balancer = probe.text("/spec/type") == Some("LoadBalancer");
    if is_balancer && probe.text("/spec/clusterIP").is_none() {
        return in_progress("it has no cluster IP yet");
    }
    current("it is there")
}

/// What there is to say of an object that should have an address of its own and has none.
pub(super) fn missing(live: &Live, probe: Probe<'_>) -> Option<Finding> {
    let list = match (live.gvk.group.as_str(), live.gvk.kind.as_str()) {
        ("", "Service") if probe.text("/spec/type") == Some("LoadBalancer") => "/status/loadBalancer/ingress",
        ("networking.k8s.io", "Ingress") => "/status/loadBalancer/ingress",
        ("gateway.networking.k8s.io", "Gateway") => "/status/addresses",
        _ => return None,
    };
    probe.items(list).next().is_none().then(|| in_progress("it has no address yet"))
}
