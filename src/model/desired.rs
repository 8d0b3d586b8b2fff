//! What the proven revision says must run here.

use super::application::{Application, Guard};
use super::hash::Digest;
use super::object::Object;
use super::revision::Revision;

/// All rendered objects of one revision for this site.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The revision that was rendered.
    pub revision: Revision,
    /// The fleet's guard for pruning.
    pub guard: Guard,
    /// Applications that target this site, in an order in which each comes after those it depends on.
    pub applications: Vec<DesiredApplication>,
}

/// One application's rendered objects.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredApplication {
    /// How it is to be treated.
    pub application: Application,
    /// Its objects, each once, without our label and annotation (`plan::dress` adds them). An object that names no namespace
    /// may yet be namespaced: only the cluster's discovery tells; then it goes to the application's default namespace, or `default`.
    pub objects: Vec<Object>,
    /// SHA-256 over its objects: the same digest is the same application, whatever revision it came from.
    pub digest: Digest,
}
