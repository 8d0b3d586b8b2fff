//! Work without the loop: plan, render, verify, audit, demo.
//!
//! # What
//! One file for each thing that a person asks for once and that is more than a look at the agent's state.
//!
//! # Invariants
//! Nothing here changes what the site has accepted or applied.
//!
//! # Not here
//! Printing (`cli`).
//!
//! # Tests
//! `tests/it/cli_*.rs` and `tests/it/demo.rs`.

pub mod audit;
pub mod demo;
pub mod look;
pub mod plan;
pub mod verify;
