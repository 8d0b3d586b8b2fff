//! `standfast completions`

use std::process::ExitCode;

/// Print completions for a shell
///
/// For bash: standfast completions bash > /etc/bash_completion.d/standfast
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "standfast", &mut text);
    super::output::out(String::from_utf8_lossy(&text).trim_end());
    ExitCode::SUCCESS
}
