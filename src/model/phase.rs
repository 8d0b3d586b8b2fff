//! Where an application, and the site, are on their way.

/// An application's phase.
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
pub enum ApplicationPhase {
    /// Healthy at its revision, for its quiet time.
    Steady,
    /// Known, nothing done yet.
    Pending,
    /// Its manifests are read.
    Rendering,
    /// Its objects are written.
    Applying,
    /// Its objects are written; their health is waited for.
    Settling,
    /// Its last-good is applied again.
    RollingBack,
    /// The agent stopped, with a reason.
    Held,
}

/// The site's phase: its own work, else the worst phase of its applications.
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
pub enum SitePhase {
    /// All applications are steady.
    Steady,
    /// Nothing is known yet.
    Pending,
    /// A mirror is asked for news, or for content.
    Fetching,
    /// What came is being proven.
    Verifying,
    /// A proven revision waits for its time.
    Gated,
    /// Manifests are read.
    Rendering,
    /// Objects are written.
    Applying,
    /// Health is waited for.
    Settling,
    /// Last-good is applied again.
    RollingBack,
    /// The agent stopped, with a reason.
    Held,
}

impl From<ApplicationPhase> for SitePhase {
    fn from(phase: ApplicationPhase) -> Self {
        match phase {
            ApplicationPhase::Steady => Self::Steady,
            ApplicationPhase::Pending => Self::Pending,
            ApplicationPhase::Rendering => Self::Rendering,
            ApplicationPhase::Applying => Self::Applying,
            ApplicationPhase::Settling => Self::Settling,
            ApplicationPhase::RollingBack => Self::RollingBack,
            ApplicationPhase::Held => Self::Held,
        }
    }
}
