//! Whether a live object does what it should, in kstatus's words.

use super::object::ObjectKey;
use std::fmt;

/// kstatus's verdict on one object.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
pub enum Health {
    /// It is as its spec says.
    Current,
    /// It is on its way there.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// It is being deleted.
    Terminating,
    /// It is not there, or does not say.
    Unknown,
}

/// The health of one object, with the reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthStatus {
    /// The object.
    pub key: ObjectKey,
    /// The verdict.
    pub health: Health,
    /// Why: "2 of 3 replicas are ready".
    pub message: String,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "Current",
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
            Self::Unknown => "Unknown",
        })
    }
}
