//! Work without the loop: plan, render, verify, audit, history, doctor, demo; and talking to the agent that runs.
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
//! # Dependencies
//! `rustix` (which the tree has anyway) tells `doctor` how much of a disk is free and whether it can be written; `standfast-identity` reads
//! the site's key; `ring` makes the demo's.
//!
//! # Tests
//! `tests/it/cli_*.rs` and `tests/it/demo.rs`.

pub mod ask;
pub mod audit;
pub mod demo;
pub mod doctor;
pub mod history;
pub mod look;
mod people;
pub mod plan;
pub mod verify;
