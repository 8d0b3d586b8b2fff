//! All integration tests, in one binary: one behaviour per file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests start real programs and write files"
)]

mod cluster_connection;
mod cluster_contract;
mod cluster_hostile;
mod cluster_memory;
mod cluster_pages;
mod support;
