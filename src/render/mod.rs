//! From proven files to desired objects.
//!
//! # What
//! Reads an application's manifests, substitutes, and puts out its objects, each once and sorted by what identifies them.
//!
//! # Invariants
//! Only `Verified<Artifact>` goes in. No network, no clock, no randomness: the same files and values give the same digest.
//! Nothing is left out without a word: what is not built yet is refused, an application without objects is an error, and so is
//! a link. An error never shows a value, for manifests hold secrets.
//!
//! # Decisions
//! - All `.yaml`, `.yml` and `.json` files below the path are read, in any depth (as `kubectl apply -R -f`). Names that begin
//!   with `.` and other endings do not count. A kustomization or a chart anywhere below is `NotYet`.
//! - `status`, what the server sets in `metadata`, and kubectl's last-applied annotation are dropped, so that manifests taken
//!   out of a cluster do as they are. A label or annotation `standfast.dev/…` is refused.
//! - `${NAME}` is filled only where an application has `substitute`; see [`crate::model::Template`] for the form.
//!
//! # Not here
//! Which applications there are (`fleet`), labels and order (`plan`).
//!
//! # Tests
//! `tests.rs`; every spelling that kubectl accepts.

mod clean;
mod digest;
mod error;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
mod gather;
mod limit;
mod manifest;
mod origin;
mod plain;
mod substitute;
#[cfg(test)]
mod tests;

use crate::model::{Application, Artifact, DesiredApplication, RepoPath};
use crate::trust::Verified;
use std::collections::BTreeSet;

pub use digest::digest;
pub use error::Error;
pub use limit::Limit;
pub use origin::Origin;
pub use plain::Plain;

/// What rendering comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Rendered {
    /// The application's objects.
    Objects(DesiredApplication),
    /// It reaches for paths that the artifact does not hold.
    Missing(BTreeSet<RepoPath>),
}

/// A way of rendering.
pub trait Render: Send + Sync {
    /// Renders one application.
    fn render(&self, artifact: &Verified<Artifact>, application: &Application) -> Result<Rendered, Error>;
}
