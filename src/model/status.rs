//! The site's state as it is told to people and programs. Its JSON form only grows.

use super::health::Health;
use super::phase::{ApplicationPhase, SitePhase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What runs here, why, since when, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiteStatus {
    /// The site's name.
    pub site: String,
    /// Its phase.
    pub phase: SitePhase,
    /// When it entered that phase, RFC 3339.
    pub since: String,
    /// When this status was made, RFC 3339.
    pub updated: String,
    /// Why a person stopped new revisions, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<String>,
    /// The agent that writes to the cluster instead of this one, if one does: this one keeps itself ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby: Option<String>,
    /// What is wrong, if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Its revisions.
    pub revision: Revisions,
    /// Where this site's trust began, said until a pin proves more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustStatus>,
    /// By application, in the order they are applied.
    pub applications: Vec<ApplicationStatus>,
    /// The link.
    pub link: LinkStatus,
}

impl SiteStatus {
    /// Whether another status says something else. The time at which it was made is not news.
    pub fn is_other(&self, other: &Self) -> bool {
        Self { updated: other.updated.clone(), ..self.clone() } != *other
    }
}

/// A constant name and the same in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The constant: `VerificationFailed`.
    pub code: String,
    /// What happened, to what, and what to do.
    pub message: String,
}

/// The site's revisions, each as `ref@sha1:…`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revisions {
    /// The newest that was proven.
    pub accepted: Option<String>,
    /// The one that is applied.
    pub applied: Option<String>,
    /// The newest of which every application was steady.
    pub last_good: Option<String>,
}

/// Where trust began and who signed what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustStatus {
    /// The commit at which trust begins.
    pub begins: String,
    /// Who signed the accepted revision.
    pub signer: String,
    /// When it was accepted, RFC 3339.
    pub accepted: String,
}

/// One application's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationStatus {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: ApplicationPhase,
    /// The revision it is at, or on its way to.
    pub revision: Option<String>,
    /// The revision it was last steady at.
    pub last_good: Option<String>,
    /// Why its newest content is not tried again, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// How many objects it has.
    pub objects: usize,
    /// The worst health among them.
    pub health: Health,
    /// What is wrong, if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The link to the mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkStatus {
    /// The mirror that answered last, its URL without credentials.
    pub mirror: Option<String>,
    /// When it did, RFC 3339.
    pub last_contact: Option<String>,
    /// Bytes over all links since midnight UTC, both ways.
    pub bytes_today: u64,
    /// Why the last contact failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What is wrong among the mirrors, if one of them offers another line than the one that is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Reason>,
    /// Each mirror, in the order of preference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<MirrorStatus>,
}

/// One mirror and the link to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MirrorStatus {
    /// The mirror, its URL without credentials.
    pub mirror: String,
    /// Whether its bytes cost money.
    pub metered: bool,
    /// When it last answered, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<String>,
    /// How often in a row it was of no use since.
    pub failures: u32,
    /// Until when the budget of its link is spent, RFC 3339, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent_until: Option<String>,
    /// Bytes since midnight UTC.
    pub today: Vec<BytesStatus>,
    /// Bytes ever.
    pub total: Vec<BytesStatus>,
}

/// Bytes over a link for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BytesStatus {
    /// `news`, `commits` or `content`.
    pub purpose: String,
    /// Bytes sent.
    pub up: u64,
    /// Bytes received.
    pub down: u64,
}
