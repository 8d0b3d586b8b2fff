//! What this version refuses because it does not know how to do it yet.

/// Something that the documents ask for and this agent cannot do. It is refused, never ignored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what} is not supported by this version yet")]
pub struct NotYet {
    /// The file, with the place inside it where that helps: `fleet.yaml: applications[2].serviceAccount`.
    pub path: String,
    /// What was asked for: `serviceAccount`, `a kustomization`.
    pub what: String,
}
