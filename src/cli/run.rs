//! `standfast run`

use super::error::{Failure, PENDING};
use super::narrate::Narrator;
use super::output::{self, Format};
use super::setup;
use crate::agent::{self, Ending, Stay, Stopped};
use crate::config::Settings;
use crate::model::SitePhase;
use crate::report::log::Log;
use std::path::Path;
use std::process::ExitCode;

/// Run the agent
///
/// Asks the mirrors for news, proves what they offer, applies it, and heals what drifted, until it is stopped. SIGTERM lets what is
/// under way come to an end, a second one does not; SIGHUP reads the configuration again.
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
    if arguments.once {
        return once(&settings, arguments.wait, format);
    }
    let runtime = setup::runtime()?;
    let _inside = runtime.enter();
    let mut settings = settings;
    loop {
        let mut agent = agent::open(&settings, Stay::Forever, Box::new(Log::default()))
            .map_err(|trouble| Failure::from_troubles(&[trouble]))?;
        let served = async {
            let stopped = agent::serve(&mut agent, &settings.control_socket()).await;
            agent.part().await;
            stopped
        };
        let stopped = runtime
            .block_on(served)
            .map_err(|error| Failure::new(format!("waiting for signals: {error}")))?;
        if stopped == Stopped::Told {
            return Ok(ExitCode::SUCCESS);
        }
        // A configuration that became wrong must not end a site that runs.
        match setup::load(config) {
            Ok(new) => settings = new,
            Err(problems) => {
                for problem in problems {
                    tracing::error!(%problem, "the configuration is not taken over");
                }
            }
        }
    }
}

fn once(settings: &Settings, waits: bool, format: Format) -> Result<ExitCode, Failure> {
    let runtime = setup::runtime()?;
    let _inside = runtime.enter();
    let stay = if waits { Stay::UntilSettled } else { Stay::Once };
    let mut agent = agent::open(settings, stay, Box::new(Narrator::new()))
        .map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    let ending = runtime.block_on(async {
        let ending = agent.once().await;
        agent.part().await;
        ending
    });
    let status = agent.status();
    match format {
        Format::Json => output::json(&status)?,
        Format::Human => super::status::print(&status),
    }
    match ending {
        Ending::Done if waits && status.phase != SitePhase::Steady => Err(Failure {
            code: PENDING,
            ..Failure::new(
                "it is applied, and not all of it is healthy at its deadline; the status says what is not",
            )
        }),
        Ending::Done => Ok(ExitCode::SUCCESS),
        Ending::Failed(troubles) => Err(Failure::from_troubles(&troubles)),
    }
}
