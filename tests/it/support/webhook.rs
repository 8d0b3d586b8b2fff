//! An admission webhook that says no.

use super::tls::certify;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio::net::TcpListener;

/// Serves on a port of its own for as long as the test's runtime lives; refuses whatever it is asked about, in these words. Answers with
/// the client configuration of a webhook.
pub(crate) async fn refusing(words: &'static str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let acceptor = certify(folder.path(), false);
    let ca = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request| refuse(request, words));
                let _ =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    json!({"url": format!("https://localhost:{port}/"), "caBundle": base64::Engine::encode(&base64::prelude::BASE64_STANDARD, ca)})
}

async fn refuse(request: Request<Incoming>, words: &str) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let review: Value = serde_json::from_slice(&body).unwrap();
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": review["request"]["uid"], "allowed": false, "status": {"code": 403, "message": words}},
    });
    Ok(Response::new(Full::new(answer.to_string().into())))
}
