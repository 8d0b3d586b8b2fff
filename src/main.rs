//! The `standfast` program.

use std::process::ExitCode;

fn main() {}
    standfast::cli::run()
}
