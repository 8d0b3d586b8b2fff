//! Pods that do not do well, of Deployments whose template asks for it by the annotation that the cluster of the tests knows too. Only
//! lists show them; all other pods are not there, for nothing is run here.

use crate::model::{Gvk, Live, ObjectKey};
use serde_json::{Value, json};

/// The annotation of a template that says how its pods do.
const BEHAVIOUR: &str = "/spec/template/metadata/annotations/testcluster~1pod";

/// What a pod does that does not do well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// Its container ends again and again.
    CrashLoop,
    /// Its image does not come.
    ImagePull,
}

/// The status of a Deployment in the middle of a rollout whose new pod does not do well: those before it still run.
pub(super) fn stuck(deployment: &Value) -> Option<Value> {
    behaviour(deployment)?;
    let replicas = deployment.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    Some(json!({
        "observedGeneration": generation(deployment), "replicas": replicas + 1, "updatedReplicas": 1,
        "readyReplicas": replicas, "availableReplicas": replicas, "unavailableReplicas": 1,
    }))
}

/// The new pod of such a Deployment.
pub(super) fn of(key: &ObjectKey, deployment: &Value) -> Option<Live> {
    let behaviour = behaviour(deployment).filter(|_| key.is("apps", "Deployment"))?;
    let generation = generation(deployment);
    let template = deployment.pointer("/spec/template")?;
    let container = template.pointer("/spec/containers/0")?;
    let (phase, status) = match behaviour {
        Behaviour::CrashLoop => (
            "Running",
            json!({
                "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
            }),
        ),
        Behaviour::ImagePull => {
            ("Pending", json!({"restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}))
        }
    };
    let mut status = status;
    status["name"] = container["name"].clone();
    status["image"] = container["image"].clone();
    let uid = deployment.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let value = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{}-{generation}", key.name), "namespace": key.namespace, "uid": format!("{uid}-{generation}"),
            "labels": template.pointer("/metadata/labels"), "annotations": template.pointer("/metadata/annotations"),
        },
        "spec": {"nodeName": "memory", "containers": template.pointer("/spec/containers")},
        "status": {"phase": phase, "containerStatuses": [status]},
    });
    Some(Live { gvk: Gvk::new("v1", "Pod"), value })
}

fn behaviour(deployment: &Value) -> Option<Behaviour> {
    match deployment.pointer(BEHAVIOUR)?.as_str()? {
        "crash-loop" => Some(Behaviour::CrashLoop),
        "image-pull" => Some(Behaviour::ImagePull),
        _ => None,
    }
}

fn generation(deployment: &Value) -> i64 {
    deployment.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default()
}
