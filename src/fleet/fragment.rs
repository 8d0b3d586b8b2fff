//! The documents as typed values. Their form has been checked before by `shape`; here only the fields are named again that are used.

use super::selector::Selector;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fleet {
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) defaults: Defaults,
    #[serde(default)]
    pub(super) local_keys: Vec<String>,
    #[serde(default)]
    pub(super) guard: GuardFragment,
    #[serde(default)]
    pub(super) applications: Vec<ApplicationFragment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Defaults {
    pub(super) prune: Option<bool>,
    pub(super) on_removal: Option<String>,
    pub(super) rollback: Option<String>,
    pub(super) health: HealthFragment,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HealthFragment {
    pub(super) deadline: Option<String>,
    pub(super) quiet: Option<String>,
    pub(super) pull_deadline: Option<String>,
    pub(super) wait_for_addresses: Option<bool>,
    pub(super) checks: Vec<CheckFragment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckFragment {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) current: String,
    pub(super) in_progress: Option<String>,
    pub(super) failed: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct GuardFragment {
    pub(super) share: Option<String>,
    pub(super) min: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationFragment {
    pub(super) name: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) sites: Selector,
    #[serde(default)]
    pub(super) depends_on: Vec<String>,
    pub(super) namespace: Option<String>,
    pub(super) substitute: Option<BTreeMap<String, String>>,
    pub(super) prune: Option<bool>,
    #[serde(default)]
    pub(super) allow_prune: Vec<String>,
    pub(super) on_removal: Option<String>,
    pub(super) rollback: Option<String>,
    #[serde(default)]
    pub(super) health: HealthFragment,
    #[serde(default)]
    pub(super) recreate: Vec<String>,
}

/// A Site or SiteDefaults.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SiteFragment {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) timezone: Option<String>,
}

/// A Site's name.
#[derive(Debug, Deserialize)]
pub(super) struct SiteEnvelope {
    pub(super) metadata: Metadata,
}
