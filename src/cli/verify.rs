//! `standfast verify`

use super::error::Failure;
use super::narrate::Narrator;
use super::output::{self, Format, Paint};
use super::setup;
use crate::oneshot::look;
use crate::oneshot::verify::{Report, verify};
use std::path::Path;
use std::process::ExitCode;

/// Prove what the mirrors offer, and change nothing
///
/// Prints every commit above what this site last accepted, with its signer, and whether the site would accept them.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let runtime = setup::runtime()?;
    let mut looking = look::open(&settings, false, Box::new(Narrator::new()))
        .map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    let agent = &mut looking.agent;
    let report = runtime.block_on(verify(agent)).map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    match format {
        Format::Json => output::json(&report)?,
        Format::Human => print(&report),
    }
    match &report.refused {
        None => Ok(ExitCode::SUCCESS),
        Some(refused) => Err(Failure::new(format!("{}: {}", refused.code, refused.message))),
    }
}

fn print(report: &Report) {
    let paint = Paint::stdout();
    output::out(&format!("{} offers {}", report.mirror, report.revision));
    for commit in &report.commits {
        let sign = if commit.good { paint.green("✓") } else { paint.red("✗") };
        output::out(&format!(
            "  {sign} {} {}",
            commit.commit.chars().take(12).collect::<String>(),
            commit.verification
        ));
    }
    match (&report.refused, report.commits.is_empty()) {
        (Some(_), _) => {}
        (None, true) => output::out("it is what this site has accepted already"),
        (None, false) => output::out(&paint.green("this site would accept it")),
    }
}
