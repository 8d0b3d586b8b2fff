//! The `standfast` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    standfast::cli::run()
}
