//! The nouns that rooms hand to each other.
//!
//! # What
//! Ids, revisions, artifacts, objects, plans, health and status: plain values with constructors, parsers and `Display`.
//!
//! # Invariants
//! No I/O, no async, no clock. A value that exists is well-formed: constructors check, fields are private where they must hold.
//!
//! # Not here
//! Decisions. A function that decides something lives in the room that owns the decision. Formats on disk live in `store`.
//!
//! # Tests
//! Beside each noun, for its parser.

pub mod application;
pub mod artifact;
pub mod baseline;
pub mod class;
pub mod commit;
pub mod control;
pub mod desired;
pub mod drift;
pub mod duration;
pub mod facts;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
pub mod hash;
pub mod health;
pub mod inventory;
pub mod link;
pub mod live;
pub mod moment;
pub mod nearest;
pub mod not_yet;
pub mod object;
mod packed;
pub mod path;
pub mod phase;
pub mod plan;
pub mod revision;
pub mod site;
pub mod status;
pub mod template;
pub mod trouble;
pub mod verdict;

pub use application::{Adopt, AllowPrune, Application, Check, Guard, OnRemoval, Rollback};
pub use artifact::{Artifact, Entry, EntryKind, File, Presence};
pub use baseline::Baseline;
pub use class::{Classify, ErrorClass};
pub use commit::{ChainEnd, CommitChain, RawCommit, Traffic};
pub use control::{Reply, Request};
pub use desired::{Desired, DesiredApplication};
pub use drift::{Drift, DriftAnswer, DriftKind};
pub use duration::parse_duration;
pub use facts::{ApplicationFacts, Facts, Floor, Quarantine, Suspension};
pub use hash::{BlobId, CommitId, Digest, Hash, TreeId};
pub use health::{Health, HealthStatus};
pub use inventory::{Inventory, InventoryEntry};
pub use link::{MirrorReport, Purpose};
pub use live::Live;
pub use moment::{Act, Intent, Moment};
pub use nearest::nearest;
pub use not_yet::NotYet;
pub use object::{Gvk, Object, ObjectKey};
pub use path::RepoPath;
pub use phase::{ApplicationPhase, SitePhase};
pub use plan::{Action, Change, ChangeSet, Done, Outcome, Plan, Refusal, RefusalReason, Stage, Step};
pub use revision::{RefName, Revision};
pub use site::{OwnerLabel, Site, SiteName};
pub use status::SiteStatus;
pub use template::{Piece, Template, TemplateError};
pub use trouble::{Trouble, explain};
pub use verdict::{SignerName, Verification};

/// The name of our server-side-apply field manager. It never changes: fields owned under another name could not be removed again.
pub const FIELD_MANAGER: &str = "standfast";

/// The label that marks an object as owned by one site's agent; its value is an [`OwnerLabel`].
pub const OWNER_LABEL: &str = "standfast.dev/owner";

/// The annotation that names the application an object belongs to.
pub const APPLICATION_ANNOTATION: &str = "standfast.dev/application";

/// The annotation on objects that stay when their application leaves this site; its value is `keep`. It stands on the object
/// itself, so that it is known when the application, which said so, is gone, and even when our own records are lost.
pub const ON_REMOVAL_ANNOTATION: &str = "standfast.dev/on-removal";
