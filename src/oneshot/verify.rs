//! Proves what the mirrors offer, and changes nothing.

use crate::agent::{Opened, clock};
use crate::config::Settings;
use crate::model::status::Reason;
use crate::reconcile::Trouble;
use crate::source::Want;
use crate::trust::{self, Base, Verdict};
use serde::Serialize;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The mirror that answered, without credentials.
    pub mirror: String,
    /// The revision that it offers.
    pub revision: String,
    /// What the site accepted before, or is pinned to.
    pub base: Option<String>,
    /// Every commit that was judged, the tip first.
    pub commits: Vec<Checked>,
    /// Why the site would not accept it.
    pub refused: Option<Reason>,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Its id.
    pub commit: String,
    /// Whether it counts as signed.
    pub is_good: bool,
    /// What became of its signature, in words.
    pub verification: String,
}
