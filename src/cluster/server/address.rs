//! Where an object or a list stands on the server.
//!
//! A name comes from a manifest and becomes part of a URL. Kubernetes decodes a path before it splits it, so that escaping does not
//! help against `a/../../secrets/b`: such names are refused here, and no object can have one.

use crate::cluster::Kind;
use crate::model::Gvk;
use std::fmt::Write as _;

/// Why something has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::cluster) struct NoAddress(String);

/// The path of one object.
pub(in crate::cluster) fn object(
    gvk: &Gvk,
    kind: &Kind,
    namespace: Option<&str>,
    name: &str,
) -> Result<String, NoAddress> {
    if kind.is_namespaced && namespace.is_none() {
        return Err(NoAddress(format!("a {} lives in a namespace, and this one names none", gvk.kind)));
    }
    if !kind.is_namespaced && namespace.is_some() {
        return Err(NoAddress(format!("a {} lives in no namespace, and this one names one", gvk.kind)));
    }
    let mut path = list(gvk, kind, namespace)?;
    path.push('/');
    path.push_str(&segment(name)?);
    Ok(path)
}

/// The path of all objects of a kind, in one namespace or in all.
pub(in crate::cluster) fn list(gvk: &Gvk, kind: &Kind, namespace: Option<&str>) -> Result<String, NoAddress> {
    let mut path = version(gvk)?;
    if let Some(namespace) = namespace.filter(|_| kind.is_namespaced) {
        path.push_str("/namespaces/");
        path.push_str(&segment(namespace)?);
    }
    path.push('/');
    path.push_str(&segment(&kind.plural)?);
    Ok(path)
}

/// The path of one version of a group.
pub(in crate::cluster) fn version(gvk: &Gvk) -> Result<String, NoAddress> {
    Ok(match gvk.group.as_str() {
        "" => format!("/api/{}", segment(&gvk.version)?),
        group => format!("/apis/{}/{}", segment(group)?, segment(&gvk.version)?),
    })
}

/// A text as the value of a query parameter.
pub(in crate::cluster) fn parameter(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("because a String takes all that is written to it");
        }
    }
    escaped
}

/// A text as one segment of a path, by the API server's own rule for names that stand in one.
fn segment(text: &str) -> Result<String, NoAddress> {
    if text.is_empty() || text == "." || text == ".." || text.contains(['/', '%']) {
        return Err(NoAddress(format!(
            "{text:?} cannot be a name: it may not be empty, '.', '..', nor hold '/' or '%'"
        )));
    }
    Ok(parameter(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(plural: &str, is_namespaced: bool) -> Kind {
        Kind { plural: plural.to_owned(), is_namespaced, is_listable: true }
    }

    #[test]
    fn where_objects_stand() {
        let deployment = Gvk::new("apps/v1", "Deployment");
        let role = Gvk::new("rbac.authorization.k8s.io/v1", "ClusterRole");
        let map = Gvk::new("v1", "ConfigMap");
        let check = |path: Result<String, NoAddress>, expect: &str| assert_eq!(path.unwrap(), expect);
        check(
            object(&deployment, &kind("deployments", true), Some("pos"), "web"),
            "/apis/apps/v1/namespaces/pos/deployments/web",
        );
        check(
            object(&role, &kind("clusterroles", false), None, "system:x y"),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax%20y",
        );
        check(list(&map, &kind("configmaps", true), None), "/api/v1/configmaps");
        check(list(&map, &kind("configmaps", true), Some("a")), "/api/v1/namespaces/a/configmaps");
        check(
            list(&role, &kind("clusterroles", false), Some("a")),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        );
    }

    #[test]
    fn what_would_lead_elsewhere_has_no_address() {
        let map = Gvk::new("v1", "ConfigMap");
        let namespaced = kind("configmaps", true);
        for name in ["", ".", "..", "a/b", "../secrets/b", "a%2fb"] {
            assert!(object(&map, &namespaced, Some("a"), name).is_err(), "{name}");
            assert!(object(&map, &namespaced, Some(name), "a").is_err(), "{name}");
            assert!(
                list(&Gvk { version: name.to_owned(), ..map.clone() }, &namespaced, None).is_err(),
                "{name}"
            );
        }
        assert!(object(&map, &namespaced, None, "a").is_err());
        assert!(object(&map, &kind("namespaces", false), Some("a"), "a").is_err());
    }
}
