//! HelmChart, which k3s installs by a Job.

use super::probe::{Finding, Probe, current, failed, in_progress};
use crate::model::{Live, ObjectKey};

/// On a chart that k3s is to leave alone.
const UNMANAGED: &str = "helmcharts.helm.cattle.io/unmanaged";

/// As far as the chart itself tells: that its Job was made. [`teller`] names the Job, whose health is that of the chart.
pub(super) fn chart(probe: Probe<'_>) -> Finding {
    if probe.annotation(UNMANAGED).is_some() {
        return current("k3s leaves it alone, as it says");
    }
    if let Some(condition) = probe.condition("Failed").filter(|one| one.is_true()) {
        return failed(condition.words());
    }
    match probe.text("/status/jobName") {
        Some(job) => current(format!("its Job {job} was made")),
        None => in_progress("no Job was made for it yet"),
    }
}

/// Whether the status of such an object does not say all: another object does ([`teller`]).
pub fn has_teller(key: &ObjectKey) -> bool {
    key.is("helm.cattle.io", "HelmChart")
}

/// The object that says how far this one is, where its own status does not: the worse of the two verdicts is its health.
pub fn teller(live: &Live) -> Option<ObjectKey> {
    let name = Probe::new(&live.value).text("/status/jobName").filter(|_| has_teller(&live.key()))?;
    let job = ("batch".to_owned(), "Job".to_owned());
    Some(ObjectKey { group: job.0, kind: job.1, namespace: live.key().namespace, name: name.to_owned() })
}
