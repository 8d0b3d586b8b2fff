//! Pods, and Jobs, which run some to their end.

use super::probe::{Condition, Finding, Probe, current, failed, in_progress};

/// From this restart on a container that crashes again and again will not mend by itself.
const CRASH_LOOP: i64 = 5;

pub(super) fn pod(probe: Probe<'_>) -> Finding {
    match probe.text("/status/phase") {
        Some("Succeeded") => return current("it has completed"),
        Some("Failed") => {
            let why = probe.text("/status/message").or(probe.text("/status/reason"));
            return failed(why.map_or("it has failed".to_owned(), |why| format!("it has failed: {why}")));
        }
        _ => {}
    }
    let is_running = probe.text("/status/phase") == Some("Running");
    if is_running && probe.condition("Ready").is_some_and(Condition::is_true) {
        return current("it is ready");
    }
    if let Some(waiting) = containers(probe) {
        return waiting;
    }
    if let Some(condition) = probe.condition("PodScheduled").filter(|one| one.is_false()) {
        return in_progress(condition.words());
    }
    match probe.text("/status/phase") {
        None => in_progress("nothing has looked at it yet"),
        Some("Running") => in_progress("it runs and is not ready"),
        Some("Pending") => in_progress("it is pending"),
        Some(phase) => in_progress(format!("it is in phase {phase}")),
    }
}

pub(super) fn job(probe: Probe<'_>) -> Finding {
    let wanted = probe.number("/spec/completions").or(probe.number("/spec/parallelism")).unwrap_or(1);
    let succeeded = probe.count("/status/succeeded");
    let is_true = |kind: &str| probe.condition(kind).filter(|one| one.is_true());
    if is_true("Complete").is_some() {
        return current(format!("it is complete: {succeeded} of {wanted} pods succeeded"));
    }
    if let Some(condition) = is_true("Failed") {
        return failed(condition.words());
    }
    if is_true("Suspended").is_some() && probe.flag("/spec/suspend") {
        return current("it is suspended, as it says");
    }
    if probe.text("/status/startTime").is_none() {
        return in_progress("it has not started");
    }
    let (active, failures) = (probe.count("/status/active"), probe.count("/status/failed"));
    in_progress(format!("{succeeded} of {wanted} pods succeeded, {active} run, {failures} failed"))
}

/// What a container waits for, the worst first: a crash loop is the pod's own doing, an image may still come.
fn containers(probe: Probe<'_>) -> Option<Finding> {
    let all = || {
        ["/status/initContainerStatuses", "/status/containerStatuses"]
            .into_iter()
            .flat_map(|list| probe.items(list))
    };
    let waits = |one: Probe<'_>, reason: &str| one.text("/state/waiting/reason") == Some(reason);
    let looping =
        all().filter(|one| waits(*one, "CrashLoopBackOff")).max_by_key(|one| one.count("/restartCount"));
    if let Some(one) = looping {
        let restarts = one.count("/restartCount");
        let message = format!("container {} crashes again and again ({restarts} restarts)", name(one));
        return Some(if restarts >= CRASH_LOOP { failed(message) } else { in_progress(message) });
    }
    let one = all().find(|one| {
        one.text("/state/waiting/reason")
            .is_some_and(|reason| !["ContainerCreating", "PodInitializing"].contains(&reason))
    })?;
    let reason = one.text("/state/waiting/reason").unwrap_or_default();
    let message = match one.text("/state/waiting/message") {
        Some(words) => format!("container {} waits: {reason}: {words}", name(one)),
        None => format!("container {} waits: {reason}", name(one)),
    };
    Some(in_progress(message))
}

fn name(container: Probe<'_>) -> &str {
    container.text("/name").unwrap_or("?")
}
