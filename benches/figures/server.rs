//! The API server's own limit: the same bodies as the agent sends them, as fast as eight connections carry them.

use super::fleet::object;
use super::support::cluster::TestCluster;
use futures::StreamExt as _;
use futures::stream;
use http::{Method, Request};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use kube::client::Body;
use serde_json::Value;
use standfast::model::{Application, FIELD_MANAGER, Object, OwnerLabel, SiteName, fake};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::time::{Duration, Instant};

/// Connections of the raw measurement.
const CONNECTIONS: usize = 8;

/// Seconds that it takes to create all objects by server-side apply, each in one request, over eight connections.
pub(crate) async fn raw(cluster: &TestCluster, namespace: &str, objects: usize) -> f64 {
    let client = cluster.client().await;
    let requests: Vec<(String, Vec<u8>)> = (0..objects).map(|number| request(number, namespace)).collect();
    let begin = Instant::now();
    let mut answers = stream::iter(requests)
        .map(|(path, body)| {
            let request = Request::builder()
                .method(Method::PATCH)
                .uri(path)
                .header("Content-Type", "application/apply-patch+yaml")
                .body(Body::from(body))
                .unwrap();
            let client = client.clone();
            async move {
                let answer = client.send(request).await.unwrap();
                let status = answer.status();
                let body = answer.into_body().collect_bytes().await.unwrap();
                assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
            }
        })
        .buffer_unordered(CONNECTIONS);
    while answers.next().await.is_some() {}
    begin.elapsed().as_secs_f64()
}

/// The request that the agent would make for this object: dressed, and with the condition that it must not be there yet.
fn request(number: usize, namespace: &str) -> (String, Vec<u8>) {
    let site: SiteName = format!("bench/{namespace}").parse().unwrap();
    let object = Object::new(object(number, "first")).unwrap();
    let owner = OwnerLabel::of("bench", &site);
    let dressed = standfast::plan::dress(&object, &owner, &application(number, namespace), true).unwrap();
    let mut body = dressed.value().clone();
    body["metadata"]["resourceVersion"] = "9223372036854775807".into();
    let (root, plural) = match dressed.gvk().kind.as_str() {
        "Deployment" => ("apis/apps/v1", "deployments"),
        "Service" => ("api/v1", "services"),
        _ => ("api/v1", "configmaps"),
    };
    let name = dressed.name();
    let query = format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict");
    let path = format!("/{root}/namespaces/{namespace}/{plural}/{name}?{query}");
    (path, body.to_string().into_bytes())
}

fn application(number: usize, namespace: &str) -> Application {
    Application {
        namespace: Some(namespace.to_owned()),
        ..fake::application(&format!("app{}", number / 100))
    }
}

/// Deletes a namespace and waits until the API server has got over it.
pub(crate) async fn remove(cluster: &TestCluster, namespace: &str) {
    let namespaces: Api<Namespace> = Api::all(cluster.client().await);
    namespaces.delete(namespace, &DeleteParams::default()).await.unwrap();
    while namespaces.get_opt(namespace).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    rest().await;
}

/// Time for controllers to finish what they were doing.
pub(crate) async fn rest() {
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// Requests of the agent that the API server has answered since `from`, a length of its log; and that length now.
pub(crate) fn requests(cluster: &TestCluster, from: u64) -> (u64, u64) {
    let (asked, end) = asked(cluster, from);
    (asked.len() as u64, end)
}

/// The same, each as the log has it.
pub(crate) fn asked(cluster: &TestCluster, from: u64) -> (Vec<Value>, u64) {
    // The log is written behind the answers.
    std::thread::sleep(Duration::from_secs(1));
    let mut file = std::fs::File::open(cluster.audit_log()).unwrap();
    let end = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(from.min(end))).unwrap();
    let ours = |line: &String| line.contains("\"userAgent\":\"standfast/");
    let lines = BufReader::new(file).lines().map_while(Result::ok).filter(ours);
    (lines.filter_map(|line| serde_json::from_str(&line).ok()).collect(), end)
}
