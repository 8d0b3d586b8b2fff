//! PURE state machines: (State, Event, now) → (State, Effects).
//!
//! # What
//! The site's machine has two sides that run beside each other: news (fetch, prove, accept, render) and the work on the cluster (apply,
//! judge, settle, heal, prune, keep). Each application has a small machine of its own: it aims at its target, settles, fails, goes back.
//! The driver in `agent` carries out effects and answers each with an event.
//!
//! # Invariants
//! No I/O, no clock, no randomness: they come in as arguments. Facts are stored, never states: `resume` rebuilds a machine from
//! facts, so that a boot and a crash take one path. An event that does not fit the state changes nothing and is reported.
//! What failed is a fact (`Effect::Remember`) before anything goes back.
//!
//! # Not here
//! Heavy values. Chains, artifacts and objects stay with the driver; events carry ids and summaries.
//!
//! # Tests
//! `tests.rs`: the ways through, and by proptest that no pair panics and that every state leads to rest; `tests_back.rs`: what fails and
//! goes back; `tests/it/power_cut_back.rs`: the power goes at every effect of both.

mod application;
mod choose;
mod clock;
mod contents;
mod event;
mod news;
mod order;
mod remember;
mod resume;
mod shared;
mod site;
mod status;
mod step;
mod work;
pub mod waits;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_back;

pub use application::{Application, Content, Judged, ROLLBACK_FAILED, STILL_UNHEALTHY, State, Terms};
pub use contents::Contents;
pub use event::{Applied, Effect, Event, Judgement, Notice, Order, Target, targets};
pub use remember::{attempting, fresh, remember, steady};
pub use resume::resume;
pub use shared::adopt;
pub use site::{News, Rules, Site, Stay, Turn, Work};
pub use status::link;
pub use step::step;

use jiff::Timestamp;
use std::time::Duration;

/// So much later; the same moment where there is none so late.
fn later(now: Timestamp, wait: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(now)
}
