//! What is going to be done to the cluster, and what was.

use super::object::{Gvk, ObjectKey};
use std::fmt;

/// Everything that one pass is going to do, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Groups of steps; each group is finished before the next begins.
    pub stages: Vec<Stage>,
    /// Deletions, which come after health, in the order in which they are made.
    pub prune: Vec<Step>,
    /// What will not be done, and why.
    pub refused: Vec<Refusal>,
    /// How many objects are already as they should be.
    pub unchanged: usize,
}

/// One group of steps of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What the stage holds, for people: `definitions`, `namespaces`, `workloads`, `webhooks`.
    pub name: &'static str,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One action on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The object.
    pub key: ObjectKey,
    /// Group, version and kind to address it by.
    pub gvk: Gvk,
    /// The application it belongs to.
    pub application: String,
    /// What is done to it.
    pub action: Action,
}

/// What is done to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is not there and will be.
    Create,
    /// Its manifest changed; what differs, as the server judged it by a dry-run. Empty where the server cannot judge yet
    /// (`after` says what it waits for).
    Configure {
        /// Fields that differ.
        changes: Vec<Change>,
    },
    /// It drifted from what we applied: our fields are written again.
    Heal {
        /// Fields that differ from the baseline.
        changes: Vec<Change>,
    },
    /// A field that cannot be changed differs: it is deleted and created.
    Recreate {
        /// The server's word on it.
        why: String,
    },
    /// Only a later stage can judge it, for the kind or namespace it needs is made by an earlier one.
    After {
        /// What it waits for: `the CRD widgets.example.com`.
        what: String,
    },
    /// It left what is desired: it is deleted.
    Delete {
        /// The uid it must still have.
        uid: String,
    },
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A JSON pointer: `/spec/replicas`.
    pub path: String,
    /// The value now, as compact JSON, masked for Secrets; `None` where there is none.
    pub from: Option<String>,
    /// The value after, likewise.
    pub to: Option<String>,
}

/// Something that will not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The application it holds up; `None` where it is about the site as a whole.
    pub application: Option<String>,
    /// The object, where it is about one.
    pub key: Option<ObjectKey>,
    /// Which rule.
    pub reason: RefusalReason,
    /// What a person should know, with the way out.
    pub message: String,
}

/// The rule that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalReason {
    /// The object is there and not ours.
    AdoptionRefused,
    /// Another manager owns a field that we never applied.
    Conflict,
    /// A field that cannot be changed differs, and the kind is not in `recreate`.
    Immutable,
    /// A guard of pruning.
    PruneGuarded,
    /// The server does not know the kind.
    KindUnknown,
    /// Its namespace, or its kind, is not there, and nothing in the fleet makes it.
    NoPlace,
    /// The server refused the object itself.
    Invalid,
    /// The same object stands in two applications.
    Duplicate,
}

/// What really happened, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSet {
    /// One entry a step that was tried.
    pub done: Vec<Done>,
    /// What was refused, by the plan or by the server.
    pub refused: Vec<Refusal>,
    /// How many objects were left as they were.
    pub unchanged: usize,
}

/// One step that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The object.
    pub key: ObjectKey,
    /// The application.
    pub application: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was changed.
    Configured,
    /// Drift was undone.
    Healed,
    /// It was deleted and made again.
    Recreated,
    /// It is gone.
    Deleted,
    /// Its deletion was asked for and waits for finalizers or grace.
    Terminating,
    /// The server refused or did not answer; the reason is in the refusals.
    Failed,
}

impl Plan {
    /// Whether carrying it out would change nothing.
    pub fn is_empty(&self) -> bool {
        self.stages.iter().all(|stage| stage.steps.is_empty()) && self.prune.is_empty()
    }
}

impl RefusalReason {
    /// The constant under which it stands in status and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AdoptionRefused => "AdoptionRefused",
            Self::Conflict => "ConflictRefused",
            Self::Immutable => "ImmutableField",
            Self::PruneGuarded => "PruneGuarded",
            Self::KindUnknown => "KindUnknown",
            Self::NoPlace => "NoPlace",
            Self::Invalid => "ObjectRefused",
            Self::Duplicate => "DuplicateObject",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Healed => "healed",
            Self::Recreated => "recreated",
            Self::Deleted => "deleted",
            Self::Terminating => "terminating",
            Self::Failed => "failed",
        })
    }
}
