//! Somebody else at the same server, for the demo: what `kubectl edit` does, under a name of its own.

use super::wire::Ask;
use super::{Kube, address, unexpected};
use crate::cluster::Error;
use crate::cluster::retry::retry;
use crate::model::{Gvk, ObjectKey};
use http::{Method, header};
use serde_json::Value;

impl Kube {
    /// Somebody who calls himself `manager` changes an object by a merge patch.
    pub async fn foreign_edit(
        &self,
        manager: &str,
        gvk: &Gvk,
        key: &ObjectKey,
        patch: &Value,
    ) -> Result<(), Error> {
        let what = format!("edit {key}");
        let addressed = |why: String| Error::Address { what: what.clone(), why };
        let found = self.resolve(&what, gvk).await?;
        let (gvk, kind) = found.ok_or_else(|| addressed("no such kind is served".to_owned()))?;
        let path = address::object(&gvk, &kind, key.namespace.as_deref(), &key.name)
            .map_err(|why| addressed(why.to_string()))?;
        let ask = Ask {
            what,
            method: Method::PATCH,
            path: format!("{path}?fieldManager={manager}"),
            header: Some((header::CONTENT_TYPE, "application/merge-patch+json")),
            body: patch.to_string().into_bytes(),
            is_repeatable: true,
        };
        let answer = retry(|| self.connection.send(&ask)).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(unexpected(&ask.what, &answer, &super::Status::read(&answer.body)))
    }
}
