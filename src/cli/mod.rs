//! The command line: one file a command.
//!
//! # What
//! Parses arguments, calls `agent` or `oneshot`, prints what they answer: for people, or as JSON from the same typed value.
//!
//! # Invariants
//! Results go to standard output, progress and errors to standard error; colours only to a terminal. Exit codes: 0 done, 1 failed,
//! 2 usage, 3 changes pending or unhealthy, 78 configuration.
//!
//! # Not here
//! Anything that a program without a terminal would need.
//!
//! # Tests
//! `tests/it/cli_*.rs`: snapshots of the whole reference and of what people see.

mod audit;
mod completions;
mod config;
mod demo;
mod diff;
mod doctor;
mod error;
mod history;
mod logging;
mod narrate;
mod order;
mod output;
mod plan;
mod render;
mod run;
mod setup;
mod since;
mod status;
mod verify;

use clap::{CommandFactory, Parser, Subcommand};
use error::Failure;
use output::Format;
use std::path::PathBuf;
use std::process::ExitCode;

/// What stands above the options that every command has.
const EVERYWHERE: &str = "Options of every command";
/// What scripts go by.
const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed, refused or unreachable; the reason is on standard error
  2   wrong usage
  3   changes are pending (plan), something differs (diff), or is not healthy (status --exit-code)
  78  the configuration is wrong";

/// Keep this site running exactly what its owners signed
///
/// Standfast pulls signed commits from a list of mirrors, proves them, renders them and applies them to the local cluster.
/// Without a network it goes on doing everything but pulling.
#[derive(Debug, Parser)]
#[command(name = "standfast", version, max_term_width = 100, disable_help_subcommand = true, after_long_help = EXIT_CODES)]
struct Arguments {
    /// The site's configuration; files in FILE.d beside it are merged in
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", default_value = "/etc/standfast/config.yaml")]
    config: PathBuf,

    /// How results are printed
    #[arg(short, long, global = true, help_heading = EVERYWHERE, value_name = "FORMAT", default_value = "human")]
    output: Format,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Status(status::Arguments),
    History(history::Arguments),
    Sync(order::Sync),
    Retry(order::Retry),
    Rollback(order::Rollback),
    Suspend(order::Suspend),
    Resume(order::Resume),
    Plan(plan::Arguments),
    Diff(diff::Arguments),
    Render(render::Arguments),
    Verify(verify::Arguments),
    #[command(subcommand)]
    Audit(audit::Command),
    Doctor(doctor::Arguments),
    Demo(demo::Arguments),
    #[command(subcommand)]
    Config(config::Command),
    Completions(completions::Arguments),
}

/// Parses the process's arguments, runs the command, answers with its exit code.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are results; a wrong usage is an error: clap knows which stream is whose.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { error::USAGE } else { 0 });
        }
    };
    logging::start(matches!(&arguments.command, Command::Run(run) if !run.once));
    let result = dispatch(&arguments);
    match result {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let format = arguments.output;
    match &arguments.command {
        Command::Run(run) => run::run(run, &arguments.config, format),
        Command::Status(status) => status::run(status, &arguments.config, format),
        Command::History(history) => history::run(history, &arguments.config, format),
        Command::Sync(order) => order::give(&order.into(), &arguments.config, format),
        Command::Retry(order) => order::give(&order.into(), &arguments.config, format),
        Command::Rollback(order) => order::give(&order.into(), &arguments.config, format),
        Command::Suspend(order) => order::give(&order::suspend(order)?, &arguments.config, format),
        Command::Resume(order) => order::give(&order.into(), &arguments.config, format),
        Command::Plan(plan) => plan::run(plan, &arguments.config, format),
        Command::Diff(diff) => diff::run(diff, &arguments.config, format),
        Command::Render(render) => render::run(render, &arguments.config, format),
        Command::Verify(verify) => verify::run(verify, &arguments.config, format),
        Command::Audit(command) => audit::run(command, &arguments.config, format),
        Command::Doctor(doctor) => doctor::run(doctor, &arguments.config, format),
        Command::Demo(demo) => demo::run(demo, format),
        Command::Config(command) => config::run(command, &arguments.config, format),
        Command::Completions(completions) => Ok(completions::run(completions)),
    }
}

/// The whole command line, for its reference and for completions.
pub fn command() -> clap::Command {
    Arguments::command()
}
