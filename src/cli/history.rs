//! `standfast history`

use super::error::Failure;
use super::output::{self, Format, table};
use super::setup;
use super::since::Since;
use crate::agent::clock::Clock;
use crate::oneshot::history::{Happening, History, Pinned, What, history};
use std::path::Path;
use std::process::ExitCode;

/// Show what was accepted, applied and ordered here, when and by whom, and what one can go back to
///
/// Needs no running agent and no network. What was refused, and who changed what in the cluster, is in `audit show`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only what happened since: a time (2027-01-15T08:00:00Z), or how long ago (2h, 7d)
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    since: Option<Since>,

    /// The newest so many
    #[arg(short = 'n', long = "number", value_name = "NUMBER", default_value_t = 30)]
    number: usize,
}

pub(super) fn run(arguments: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let since = arguments.since.map(|since| since.before(Clock::system().now()));
    let history =
        history(&settings, since, arguments.number).map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    match format {
        Format::Json => output::json(&history)?,
        Format::Human => lines(&history).iter().for_each(|line| output::out(line)),
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(history: &History) -> Vec<String> {
    let rows: Vec<_> = history.happened.iter().map(row).collect();
    let mut lines = table(&["WHEN", "WHAT", "REVISION", "APPLICATIONS", "BY", "MORE"], &rows);
    lines.push(String::new());
    if history.pinned.is_empty() {
        lines.push("there is no revision yet that one could go back to".to_owned());
        return lines;
    }
    lines.push("one can go back to these with `standfast rollback REVISION`:".to_owned());
    lines.extend(history.pinned.iter().map(pinned));
    lines
}

fn row(one: &Happening) -> Vec<String> {
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let cells = [
        one.time.to_string(),
        word(one.what).to_owned(),
        or_dash(one.revision.as_deref().map(output::short).unwrap_or_default()),
        or_dash(one.applications.join(", ")),
        or_dash(one.by.clone().unwrap_or_default()),
        match &one.from {
            Some(from) => format!("from {}: {}", output::short(from), one.message),
            None => one.message.clone(),
        },
    ];
    cells.map(|cell| cell.replace(char::is_control, " ")).to_vec()
}

fn word(what: What) -> &'static str {
    match what {
        What::Accepted => "accepted",
        What::Applied => "applied",
        What::Pruned => "pruned",
        What::LastGood => "last-good",
        What::WentBack => "went back",
        What::Ordered => "ordered",
    }
}

fn pinned(pinned: &Pinned) -> String {
    let facts = [(pinned.is_last_good, "last-good"), (pinned.is_accepted, "accepted")];
    let facts: Vec<_> = facts.into_iter().filter_map(|(is_so, word)| is_so.then_some(word)).collect();
    format!("  {}  {}", output::short(&pinned.revision), facts.join(", ")).trim_end().to_owned()
}
