//! Wiring and the driver loop: the only room that knows all others.
//!
//! # What
//! [`Agent`] holds the ports and the site's machine; `driver.rs` carries out its effects, one file for each kind of them.
//! The same agent runs as a daemon, for one pass, in the demo and in tests.
//!
//! # Invariants
//! No decision is taken here: the machine, `trust`, `fleet`, `plan` and `health` decide. A fact is on disk before anything is done
//! that relies on it. Only `clock.rs` reads the clock.
//!
//! # Not here
//! Reading configuration (`config`), printing (`cli`).
//!
//! # Tests
//! `tests/it/agent_*.rs`, on fakes and on a real API server, with a power cut at every effect.

pub mod build;
pub mod clock;
mod cluster;
mod content;
mod control;
mod driver;
mod fetch;
mod keep;
mod lead;
mod open;
mod order;
mod signals;
mod status;

pub use crate::reconcile::Stay;
pub use build::{Agent, Ports, Settings, build};
pub use control::Command;
pub use driver::Ending;
pub(crate) use open::assemble;
pub use open::open;
pub use signals::{Stopped, serve};
