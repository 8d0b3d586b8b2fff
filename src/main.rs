//! The `standfast` program.
//!
//! # Dependencies
//! `tikv-jemallocator`, for what an apply took is given back after it: glibc's allocator kept 10 MiB of it with 1,000 objects, and this
//! one 1 MiB. Its settings stand in `.cargo/config.toml`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    standfast::cli::run()
}
