//! PURE: fleet.yaml and the site's documents → applications for this site and the paths they need.
//!
//! # What
//! Reads the signed documents of the fleet repository, envelope first, and resolves what targets this site.
//!
//! [`read`] is called with what the artifact holds so far and answers with paths that it needs, until it can resolve.
//!
//! # Invariants
//! The envelope (`apiVersion`, `kind`, `metadata`, `requires`, `agent`) is read before all else: an agent that is too old says so,
//! whatever else it does not understand. Then unknown fields are errors with the nearest known name; what is not built yet is
//! refused as `NotYet`; nothing is ignored but `agent`. A key without a value is an error, never the default: a selector whose
//! content was commented out must not select every site.
//!
//! # Decisions
//! - A dependency that does not target this site is not waited for, and a note says so; its own dependencies take its place.
//! - Two applications may share a path; one inside another's path is refused.
//! - Selectors, names, dependencies and expressions are checked for the whole fleet; paths and values only for what targets this site.
//! - An empty selector selects all, as in Kubernetes. `NotIn` holds where the label is missing, as in Kubernetes.
//! - Texts are texts: `VLAN: 12` is refused, for YAML makes 10 of `012`.
//!
//! # Not here
//! Manifests (`render`), what the site's own machine says (`config`).
//!
//! # Dependencies
//! `standfast-cel`, of this house, reads the expressions of health checks; they are evaluated in `health`.
//!
//! # Tests
//! `tests.rs`, tables of documents.

mod applications;
mod checks;
mod document;
mod error;
mod fragment;
mod kinds;
mod order;
mod place;
mod quantity;
mod read;
mod schema;
mod selector;
mod shape;
mod site;
#[cfg(test)]
mod tests;
mod values;
mod version;

use crate::model::{Application, Guard, RepoPath, Site, SiteName};
use std::collections::{BTreeMap, BTreeSet};

pub use error::Error;
pub use place::Place;
pub use read::{documents, read};
pub use schema::{KINDS, schema};
pub use version::{ParseVersionError, Requirement, Version};

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

impl Resolved {
    /// What rendering needs to have fetched.
    pub fn paths(&self) -> BTreeSet<RepoPath> {
        self.applications.iter().map(|application| application.path.clone()).collect()
    }
}

/// What reading the documents comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These paths must be in the artifact first.
    Needs(BTreeSet<RepoPath>),
    /// All is known; the applications' own paths are still to be fetched.
    Resolved(Resolved),
}
