//! PURE: desired + observed + inventory + policy → plan.
//!
//! # What
//! Everything that is decided about objects before anything is done to them: how a manifest is marked as ours ([`dress()`]), in which
//! order objects are written ([`stages()`]), what is to be done for one object ([`decide()`], and [`judge()`] with the server's
//! dry-run), what an apply left behind and whether it still stands ([`take()`], [`has_drifted()`]), what is deleted ([`prune()`]), and how
//! the inventory changes ([`union()`]).
//!
//! # Flow
//! The driver hands in objects one by one and keeps the answers, which are small; nothing here holds a list of live objects.
//! [`stand()`] looks at the desired set once; `union` gives the inventory to be stored before the first write; for each stage and
//! each object, dressed, `decide` needs the live object or its absence; `Judge` asks for a dry-run without force, whose answer
//! goes to `judge`; every response of an apply gives a baseline. After health, `candidates`, `inspect` and `prune`.
//!
//! # Invariants
//! - No I/O, no clock, no async: what `plan` prints is what `apply` does, for both come from here.
//! - Drift is judged against the server's response to our last apply, never against the manifest.
//! - Force is used only where every field that it takes was applied by us before.
//! - What stands anywhere in the desired set is never deleted; nor is what lacks one of our marks.
//! - An application that goes back leaves definitions, namespaces and volume claims as its newer release made them.
//! - Secrets' data is never part of a message or a change.
//!
//! # Not here
//! Asking the server (`cluster`), health (`health`), what happens when (`reconcile`).
//!
//! # Tests
//! Tables beside each rule; laws over a model of server-side apply in `tests.rs`. The fixture set of `tests/data/fixtures` is the
//! same rules' proof on a real API server.

mod baseline;
mod canonical;
mod compare;
mod decide;
mod dress;
mod fields;
mod held;
mod inventory;
mod judge;
mod ledger;
mod managed;
mod order;
mod ownership;
mod placement;
mod prune;
mod refusal;
mod survey;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod ssa;
#[cfg(test)]
mod tests;

pub use baseline::{Taken, has_drifted, take, taken};
pub use canonical::digest;
pub use compare::changes;
pub use decide::{Decision, decide};
pub use dress::{DEFAULT_NAMESPACE, dress, key_of};
pub use held::Held;
pub use inventory::{additions, applied, rebuild, recognise, union};
pub use judge::{Answer, Case, Verdict, judge};
pub use ledger::{Ledger, News};
pub use order::{Rank, StageId, is_builtin, rank, stage_of};
pub use ownership::{Whose, is_ours_to_heal, is_ours_to_prune, other_site, whose};
pub use placement::{
    Place, StagePlan, Standing, awaits, defined_kinds, definition_of, places, stages, stand,
};
pub use prune::{Fate, Finding, Pruning, candidates, inspect, is_bystander, prune};
pub use refusal::{missing_name, refused};
pub use survey::{Item, Observed, Survey};
