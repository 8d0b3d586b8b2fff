//! PURE: fleet.yaml and the site's documents → applications for this site and the paths they need.
//!
//! # What
//! Reads the signed documents of the fleet repository, envelope first, and resolves what targets this site.
//!
//! # Invariants
//! Unknown fields are errors with the nearest known name; what is not built yet is refused as `NotYet`; nothing is ignored but `agent`.
//!
//! # Not here
//! Manifests (`render`), what the site's own machine says (`config`).
//!
//! # Tests
//! `tests.rs`, tables of documents.

mod error;

use crate::model::{Application, Artifact, Guard, RepoPath, Site, SiteName};
use crate::trust::Verified;
use std::collections::{BTreeMap, BTreeSet};

pub use error::Error;

/// What the site's own configuration says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Its name.
    pub name: SiteName,
    /// Labels; only those in the fleet's `localKeys` count.
    pub labels: BTreeMap<String, String>,
    /// Variables; only those in the fleet's `localKeys` count.
    pub variables: BTreeMap<String, String>,
    /// The application's path in a repository without fleet.yaml.
    pub path: RepoPath,
}

/// The fleet as it applies to this site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The fleet's name; empty for a repository without fleet.yaml.
    pub fleet: String,
    /// The site, with all labels and variables.
    pub site: Site,
    /// The guard of pruning.
    pub guard: Guard,
    /// Applications that target this site, each after those it depends on, else by name.
    pub applications: Vec<Application>,
    /// What a person should know: "the fleet has no document for this site".
    pub notes: Vec<String>,
}

/// What reading the documents comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These paths must be in the artifact first.
    Needs(BTreeSet<RepoPath>),
    /// All is known; the applications' own paths are still to be fetched.
    Resolved(Resolved),
}
