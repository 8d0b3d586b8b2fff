//! What a person wants to know of the server itself: its version, what our user may do, and when certificates end.

use super::certificates::{self, Certificates};
use super::wire::Ask;
use super::{Kube, unexpected};
use crate::cluster::Error;
use crate::cluster::retry::retry;
use http::{Method, header};
use serde_json::{Value, json};

/// Something that our user may do or not: a verb on a kind, all of them where it is `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// `get`, `list`, `watch`, `create`, `patch`, `delete`, or `*`.
    pub verb: &'static str,
    /// The group, or `*`.
    pub group: String,
    /// The plural, or `*`.
    pub plural: String,
}

impl Kube {
    /// The server's version, as it calls it: `v1.33.1+k3s1`.
    pub async fn version(&self) -> Result<String, Error> {
        let ask = Ask::get("tell its version".to_owned(), "/version".to_owned());
        let told = self.told(&ask).await?;
        let version = told.get("gitVersion").and_then(Value::as_str);
        let version =
            version.ok_or_else(|| Error::Answer { what: ask.what, why: "no version is in it".to_owned() })?;
        Ok(version.chars().filter(|one| !one.is_control()).take(64).collect())
    }

    /// Whether our user may do this, in every namespace.
    pub async fn may(&self, right: &Right) -> Result<bool, Error> {
        let attributes = json!({"verb": right.verb, "group": right.group, "resource": right.plural});
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes},
        });
        let ask = Ask {
            what: "tell what we may do".to_owned(),
            method: Method::POST,
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            header: Some((header::CONTENT_TYPE, "application/json")),
            body: review.to_string().into_bytes(),
            is_repeatable: true,
        };
        let told = self.told(&ask).await?;
        Ok(told.pointer("/status/allowed") == Some(&Value::Bool(true)))
    }

    /// When the server's certificate and our own end.
    pub async fn certificates(&self) -> Result<Certificates, Error> {
        certificates::look(self.connection.config().await?).await
    }

    async fn told(&self, ask: &Ask) -> Result<Value, Error> {
        let answer = retry(|| self.connection.send(ask)).await?;
        if !answer.status.is_success() {
            return Err(unexpected(&ask.what, &answer, &super::Status::read(&answer.body)));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| Error::Answer { what: ask.what.clone(), why: error.to_string() })
    }
}
