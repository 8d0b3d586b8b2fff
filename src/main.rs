//! The `standfast` program.

use dlmalloc::GlobalDlmalloc;
use std::process::ExitCode;

/// One heap for all threads. The C library's keeps one for each thread or so, and what a pass needed stays in all of them: with a thousand
/// objects that is half of what the agent holds at rest.
#[global_allocator]
static HEAP: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    standfast::cli::run()
}
