//! PURE state machines: (State, Event, now) → (State, Effect).
//!
//! # What
//! The site's machine fetches, proves, renders, applies, judges, prunes and keeps; each application has a small machine of its own.
//! The driver in `agent` carries out one effect after the other and answers each with an event.
//!
//! # Invariants
//! No I/O, no clock, no randomness: they come in as arguments. Facts are stored, never states: `resume` rebuilds a machine from
//! facts, so that a boot and a crash take one path. An event that does not fit the state changes nothing and is reported.
//!
//! # Not here
//! Heavy values. Chains, artifacts and objects stay with the driver; events carry ids and summaries.
//!
//! # Tests
//! `tests.rs`: the ways through, and by proptest that no pair panics and that every state leads to rest.

pub mod application;
pub mod waits;
mod remember;
mod resume;
mod site;
mod status;
mod step;
#[cfg(test)]
mod tests;

pub use remember::{attempting, steady};
pub use resume::resume;
pub use site::{Applied, Effect, Event, Judged, Rules, Site, State, Target};
pub use step::step;
