//! Work without the loop: plan, render, verify, audit, demo; and talking to the agent that runs.
//!
//! # What
//! One file for each thing that a person asks for once and that is more than a look at the agent's state.
//!
//! # Invariants
//! Nothing here changes what the site has accepted or applied, but for orders to the agent itself.
//!
//! # Not here
//! Printing (`cli`).
//!
//! # Tests
//! `tests/it/cli_*.rs` and `tests/it/demo.rs`.

pub mod ask;
pub mod audit;
pub mod demo;
pub mod look;
pub mod plan;
pub mod verify;
