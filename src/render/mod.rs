//! From proven files to desired objects.
//!
//! # What
//! Reads an application's manifests, substitutes, and puts out its objects.
//!
//! # Invariants
//! Only `Verified<Artifact>` goes in. No network, no clock, no randomness: the same files and values give the same digest.
//!
//! # Not here
//! Which applications there are (`fleet`), labels and order (`plan`).
//!
//! # Tests
//! `tests.rs`; every spelling that kubectl accepts.

mod error;

use crate::model::{Application, Artifact, DesiredApplication, RepoPath};
use crate::trust::Verified;
use std::collections::BTreeSet;

pub use error::Error;

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
