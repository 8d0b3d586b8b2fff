//! A named part of the fleet repository, with how it is to be treated.

use super::path::RepoPath;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// One application as it applies to this site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its name, a DNS label.
    pub name: String,
    /// Where its manifests lie.
    pub path: RepoPath,
    /// Applications of this site that are applied before it.
    pub depends_on: BTreeSet<String>,
    /// The namespace of its namespaced objects that name none.
    pub namespace: Option<String>,
    /// What its manifests may refer to as `${NAME}`, values already resolved for this site. `None`: the manifests are left untouched.
    pub substitute: Option<BTreeMap<String, String>>,
    /// Whether objects that left it are deleted.
    pub prune: bool,
    /// Which guards of pruning it lifts.
    pub allow_prune: BTreeSet<AllowPrune>,
    /// What happens to its objects when it leaves the fleet or no longer targets this site.
    pub on_removal: OnRemoval,
    /// What happens to objects that are there already and not ours.
    pub adopt: Adopt,
    /// Kinds that may be deleted and created again where a field is immutable.
    pub recreate: BTreeSet<String>,
    /// How long it may take to get healthy.
    pub deadline: Duration,
    /// How long it must then stay healthy.
    pub quiet: Duration,
    /// How long a pod may wait for its image before that is reported. It never makes the application fail.
    pub pull_deadline: Option<Duration>,
    /// Whether its balancers and ingresses must have an address to be healthy.
    pub waits_for_addresses: bool,
    /// When objects of some kinds are healthy, where the rules of health do not know it: one entry a kind.
    pub checks: Vec<Check>,
    /// What goes back to last-good when it fails.
    pub rollback: Rollback,
}

/// When objects of a kind are healthy, in expressions of the Common Expression Language over the object's fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// It is Current, if neither of the others holds.
    pub current: String,
    /// It is InProgress, whatever else holds.
    pub in_progress: Option<String>,
    /// It has Failed, if it is not InProgress.
    pub failed: Option<String>,
}

/// What goes back to last-good when an application fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rollback {
    /// The application, and all that depend on it.
    #[default]
    Application,
    /// All applications of the site.
    Site,
    /// Nothing: it is held, for a person to look at.
    Hold,
}

/// What the guards of pruning refuse unless the signed repository allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AllowPrune {
    /// A plan that deletes everything that is ours.
    All,
    /// A plan that deletes more than the guard's share.
    Share,
    /// A namespace that holds objects which are not ours.
    Namespace,
    /// A CustomResourceDefinition that has instances.
    Crd,
    /// A PersistentVolumeClaim.
    Claim,
}

/// What happens to an application's objects when it is gone from this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnRemoval {
    /// They are pruned.
    #[default]
    Prune,
    /// They stay, and are ours no longer.
    Keep,
}

/// What happens to objects that are there already and not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Adopt {
    /// They are left alone, and their application is held.
    #[default]
    Never,
}

/// How much of what is ours one plan may prune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The share in percent above which a plan is refused.
    pub share: u8,
    /// Fewer deletions than this are never refused for their share.
    pub min: usize,
}

impl Default for Guard {
    /// Three in ten: a rename of one of three teams passes, a wrong selector that empties a site does not.
    fn default() -> Self {
        Self { share: 30, min: 5 }
    }
}

impl AllowPrune {
    /// All of them, by the name they have in fleet.yaml.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("all", Self::All),
        ("share", Self::Share),
        ("namespace", Self::Namespace),
        ("crd", Self::Crd),
        ("claim", Self::Claim),
    ];
}

impl fmt::Display for AllowPrune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, value)| value == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}
