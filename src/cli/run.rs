//! `standfast run`

use super::error::{Failure, PENDING};
use super::narrate::Narrator;
use super::output::{self, Format};
use super::setup;
use crate::agent::{self, Ending};
use crate::model::SitePhase;
use crate::report::Sink;
use std::path::Path;
use std::process::ExitCode;

/// Run the agent
///
/// Asks the mirrors for news, proves what they offer, applies it, and heals what drifted, until it is stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Go once through the whole way and end: 0 only if what the source offers is proven and applied
    #[arg(long)]
    pub(super) once: bool,

    /// Wait until all is healthy or its deadline is over, before the pass ends; exit with 3 if something is not
    #[arg(long, requires = "once")]
    wait: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let runtime = setup::runtime()?;
    let teller: Box<dyn Sink> =
        if arguments.once { Box::new(Narrator::new()) } else { Box::new(crate::report::log::Log::default()) };
    let waits = arguments.wait || !arguments.once;
    let mut agent =
        agent::open(&settings, waits, teller).map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    if !arguments.once {
        runtime
            .block_on(agent::serve(&mut agent))
            .map_err(|error| Failure::new(format!("waiting for signals: {error}")))?;
        return Ok(ExitCode::SUCCESS);
    }
    let ending = runtime.block_on(agent.once());
    let status = agent.status();
    match format {
        Format::Json => output::json(&status)?,
        Format::Human => super::status::print(&status),
    }
    match ending {
        Ending::Done if arguments.wait && status.phase != SitePhase::Steady => Err(Failure {
            code: PENDING,
            ..Failure::new(
                "it is applied, and not all of it is healthy at its deadline; the status says what is not",
            )
        }),
        Ending::Done => Ok(ExitCode::SUCCESS),
        Ending::Failed(troubles) => Err(Failure::from_troubles(&troubles)),
    }
}
