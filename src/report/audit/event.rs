//! What is written down. Every list and text has a bound, and no value of a field is in any of them.

use serde::Serialize;
use std::collections::BTreeMap;

/// Applications that run another revision than the one a record names, for they went back, and which.
pub(super) type Instead = BTreeMap<String, String>;

/// One thing that an auditor may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(super) enum Event {
    /// An agent started. Without `ended` before it, the one before it was cut off.
    Began {
        /// The agent's version.
        version: &'static str,
        /// The revision that was accepted last.
        accepted: Option<String>,
        /// The revision that was steady last.
        last_good: Option<String>,
    },
    /// The agent was told to stop, and did.
    Ended,
    /// A revision was proven and is the floor.
    Accepted {
        /// The revision.
        revision: String,
        /// Who signed it, with the key's fingerprint.
        signer: String,
        /// Who signed the commits up to it.
        signers: Vec<String>,
        /// How many commits were proven with it.
        commits: usize,
        /// Whether this site's trust begins with it.
        beginning: bool,
    },
    /// What a mirror offered must not be run.
    Refused {
        /// The constant.
        reason: &'static str,
        /// In words.
        message: String,
    },
    /// Something is about to be written to the cluster.
    Intend {
        /// `apply`, `heal` or `prune`.
        what: &'static str,
        /// The revision that asks for it.
        revision: String,
        /// The applications that it is about.
        applications: Vec<String>,
        /// How many objects may be written.
        objects: usize,
    },
    /// Objects were written.
    Done(Changes),
    /// What left desired was deleted.
    Pruned(Changes),
    /// Somebody changed what is ours.
    Drifted {
        /// The object.
        object: String,
        /// Its application.
        application: String,
        /// `changed` or `deleted`.
        change: String,
        /// The field managers that did it.
        by: Vec<String>,
        /// The fields that differ.
        fields: Vec<String>,
        /// What became of it.
        answer: String,
        /// How often it was, since the last record about this object.
        times: u64,
    },
    /// An application goes back to what was last-good.
    Back {
        /// The application.
        application: String,
        /// The revision that it leaves.
        from: String,
        /// The revision that it goes back to.
        to: String,
        /// The constant, where there is one.
        reason: Option<String>,
        /// In words.
        message: Option<String>,
    },
    /// The revision is last-good.
    LastGood {
        /// The revision.
        revision: String,
    },
    /// From here on all that runs is as the revision says, and healthy.
    Steady {
        /// The revision.
        revision: Option<String>,
        /// What does not run it.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        instead: Instead,
    },
    /// From here on it is not, or not surely.
    Unsteady {
        /// The site's phase.
        phase: String,
        /// The constant, where there is one.
        reason: Option<String>,
        /// In words.
        message: Option<String>,
        /// The applications that are not steady.
        applications: Vec<String>,
    },
    /// The agent still looks, and nothing has changed: a power cut later than this is known to be later.
    Still {
        /// Whether all is steady.
        steady: bool,
        /// The revision that is applied.
        revision: Option<String>,
    },
    /// A person gave an order.
    Ordered {
        /// The order.
        what: String,
        /// The user id of the process that gave it.
        uid: u32,
    },
    /// Records could not be written.
    Gap {
        /// How many.
        lost: u64,
        /// When the first of them should have been written.
        since: String,
        /// Why.
        why: String,
    },
    /// A write was cut off; what there was of it was dropped.
    Torn {
        /// How many bytes.
        bytes: u64,
    },
    /// The log was not as this agent had left it.
    Broken {
        /// What was found.
        why: String,
    },
    /// The oldest records were dropped, for the log has a limit.
    Dropped {
        /// The number of the oldest record that is left.
        until: u64,
        /// The hash of the newest that went.
        before: String,
    },
}

/// What became of objects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    /// The revision that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision: Option<String>,
    /// What of them does not belong to it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) instead: Instead,
    /// The first of them.
    pub(super) objects: Vec<Changed>,
    /// How many more there were.
    pub(super) more: usize,
    /// What was refused, the first of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refused: Vec<Refused>,
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Changed {
    pub(super) object: String,
    pub(super) application: String,
    pub(super) outcome: String,
}

/// Why one object, or a whole application, was left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    pub(super) reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<String>,
    pub(super) message: String,
}

impl Event {
    /// Whether it must be on disk before the agent goes on: what a power cut must not take back.
    pub(super) fn is_urgent(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Intend { .. } | Self::Ordered { .. } | Self::Back { .. })
    }
}
