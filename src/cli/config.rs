//! `standfast config`

use super::error::Failure;
use super::output::{self, Format, table};
use super::setup;
use crate::config;
use crate::model::SiteStatus;
use std::path::Path;
use std::process::ExitCode;

/// Check and show the site's configuration
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check the configuration; all that is wrong with it at once
    Check,
    /// Show the configuration with all files merged and defaults filled in, and where each value comes from
    Show,
    /// Print the JSON schema of a document
    Schema {
        /// Which document
        document: Document,
    },
}

/// A document with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Document {
    /// What `status -o json` prints
    Status,
}

pub(super) fn run(command: &Command, path: &Path, format: Format) -> Result<ExitCode, Failure> {
    match command {
        Command::Check => check(path, format),
        Command::Show => show(path, format),
        Command::Schema { document: Document::Status } => {
            output::json(&schemars::schema_for!(SiteStatus)).map(|()| ExitCode::SUCCESS)
        }
    }
}

fn check(path: &Path, format: Format) -> Result<ExitCode, Failure> {
    let (problems, is_loaded) = match setup::load(path) {
        Ok(settings) => (settings.missing_files(), true),
        Err(problems) => (problems, false),
    };
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if format == Format::Json {
        output::json(&serde_json::json!({"problems": messages}))?;
    }
    if !problems.is_empty() {
        let failure = Failure::from_problems(&problems);
        let hint = "the configuration itself is fine; these files are to be put in place";
        return Err(if is_loaded { failure.hint(hint) } else { failure });
    }
    if format == Format::Human {
        output::out(&format!("{} is fine", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(path: &Path, format: Format) -> Result<ExitCode, Failure> {
    let shown = config::show(path).map_err(|problems| Failure::from_problems(&problems))?;
    match format {
        Format::Json => output::json(&shown)?,
        Format::Human => {
            let rows: Vec<_> = shown
                .iter()
                .map(|value| vec![value.key.clone(), value.value.clone(), value.origin.clone()])
                .collect();
            table(&["KEY", "VALUE", "FROM"], &rows).iter().for_each(|line| output::out(line));
        }
    }
    Ok(ExitCode::SUCCESS)
}
