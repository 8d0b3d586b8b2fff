//! Which pods are a workload's.

use crate::health::probe::Probe;
use crate::model::Live;
use serde_json::Value;
use std::collections::BTreeMap;

/// The pods that a workload selects, in its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    namespace: Option<String>,
    labels: BTreeMap<String, String>,
    expressions: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Expression {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl Selector {
    /// The selector of a workload; `None` for what selects no pods, or all.
    pub fn of(workload: &Live) -> Option<Self> {
        let probe = Probe::new(&workload.value);
        let place = match (workload.gvk.group.as_str(), workload.gvk.kind.as_str()) {
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
                "/spec/selector/matchLabels"
            }
            ("", "ReplicationController") => "/spec/selector",
            _ => return None,
        };
        let labels = texts(workload.value.pointer(place));
        let expressions: Vec<_> =
            probe.items("/spec/selector/matchExpressions").filter_map(Expression::read).collect();
        let is_empty = labels.is_empty() && expressions.is_empty();
        (!is_empty).then(|| Self { namespace: workload.key().namespace, labels, expressions })
    }

    /// Whether this pod is among them.
    pub fn selects(&self, pod: &Live) -> bool {
        pod.gvk.group.is_empty()
            && pod.gvk.kind == "Pod"
            && pod.key().namespace == self.namespace
            && self.labels.iter().all(|(key, value)| pod.label(key) == Some(value))
            && self.expressions.iter().all(|expression| expression.holds(pod.label(&expression.key)))
    }
}

impl Expression {
    fn read(probe: Probe<'_>) -> Option<Self> {
        let values = probe.texts("/values").map(str::to_owned).collect();
        Some(Self {
            key: probe.text("/key")?.to_owned(),
            operator: probe.text("/operator")?.to_owned(),
            values,
        })
    }

    /// As in Kubernetes, `NotIn` also holds where the label is missing.
    fn holds(&self, label: Option<&str>) -> bool {
        let is_listed = label.is_some_and(|label| self.values.iter().any(|value| value == label));
        match self.operator.as_str() {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    }
}

fn texts(map: Option<&Value>) -> BTreeMap<String, String> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
