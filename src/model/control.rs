//! What a person orders over the control socket, and what the agent answers: one line of JSON each.

use super::status::SiteStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An order, or a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// The status now.
    Status,
    /// The status now, and again whenever it says something new, until the asker goes.
    Watch,
    /// Ask the mirrors now.
    Sync,
    /// Try again what is held or in quarantine.
    Retry {
        /// One application; without it, all.
        application: Option<String>,
    },
    /// Stop new revisions; healing goes on.
    Suspend {
        /// Why.
        reason: String,
        /// Until when; without it, until they are taken again.
        until: Option<Timestamp>,
    },
    /// Take new revisions again.
    Resume,
    /// Go back to a revision that is pinned.
    Rollback {
        /// A commit id of it, or its beginning.
        revision: String,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub enum Reply {
    /// The status.
    Status {
        /// It.
        status: Box<SiteStatus>,
    },
    /// The order is given; what comes of it, the status tells.
    Done {
        /// In words.
        message: String,
    },
    /// It is not given.
    Refused {
        /// Why, and what to do.
        message: String,
    },
}

impl Request {
    /// Whether it only asks.
    pub fn is_question(&self) -> bool {
        matches!(self, Self::Status | Self::Watch)
    }
}
