//! `standfast sync`, `retry`, `suspend`, `resume`, `rollback`: orders to the running agent.

use super::error::Failure;
use super::output::{self, Format};
use super::setup;
use crate::model::{Reply, Request, explain, parse_duration};
use crate::oneshot::ask;
use jiff::{SignedDuration, Timestamp, Unit};
use std::path::Path;
use std::process::ExitCode;

/// Ask the mirrors now
///
/// The running agent asks them at once instead of at its next poll.
#[derive(Debug, clap::Args)]
pub(super) struct Sync {}

/// Try again what is held or in quarantine
///
/// What failed here is not tried again by itself until it renders something else: this lifts that.
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    /// The application; all of them if none is named
    application: Option<String>,
}

/// Stop new revisions
///
/// What runs is healed all the same. The reason stands in the status, and both outlive a boot.
#[derive(Debug, clap::Args)]
pub(super) struct Suspend {
    /// Why, for whoever looks at the status
    #[arg(long)]
    reason: String,

    /// For how long: 90s, 5m, 2h, 3d; without it, until `standfast resume`
    #[arg(long = "for", value_name = "TIME", conflicts_with = "until")]
    duration: Option<String>,

    /// Until when, as 2026-12-01T06:00:00Z or with an offset
    #[arg(long, value_name = "MOMENT")]
    until: Option<Timestamp>,
}

/// Take new revisions again
#[derive(Debug, clap::Args)]
pub(super) struct Resume {}

/// Go back to a revision that was last-good
///
/// Only revisions that this site keeps can be gone back to (see `keep` in the configuration, and `standfast history`). What is left is in
/// quarantine until a retry or another content; what may be accepted next does not change.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    /// The commit id, or its beginning
    revision: String,
}

impl From<&Sync> for Request {
    fn from(_: &Sync) -> Self {
        Self::Sync
    }
}

impl From<&Retry> for Request {
    fn from(arguments: &Retry) -> Self {
        Self::Retry { application: arguments.application.clone() }
    }
}

impl From<&Resume> for Request {
    fn from(_: &Resume) -> Self {
        Self::Resume
    }
}

impl From<&Rollback> for Request {
    fn from(arguments: &Rollback) -> Self {
        Self::Rollback { revision: arguments.revision.clone() }
    }
}

/// The request of a suspension that begins now.
#[allow(
    clippy::disallowed_methods,
    reason = "the command line is where a person's \"for two hours\" becomes a moment"
)]
pub(super) fn suspend(arguments: &Suspend) -> Result<Request, Failure> {
    let wrong = |text: &str| Failure {
        code: super::error::USAGE,
        ..Failure::new(format!("--for {text}: it must be a duration such as 90s, 5m, 2h or 3d"))
    };
    let until = match &arguments.duration {
        None => arguments.until,
        Some(text) => {
            let duration = parse_duration(text).and_then(|duration| SignedDuration::try_from(duration).ok());
            let duration = duration.ok_or_else(|| wrong(text))?;
            let now = Timestamp::now();
            let now = now.round(Unit::Second).unwrap_or(now);
            Some(now.saturating_add(duration).map_err(|_| wrong(text))?)
        }
    };
    Ok(Request::Suspend { reason: arguments.reason.clone(), until })
}

/// Gives an order and prints the answer.
pub(super) fn give(request: &Request, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let reply =
        ask::ask(&settings.control_socket(), request).map_err(|error| Failure::new(explain(&error)))?;
    match (format, &reply) {
        (Format::Json, reply) => output::json(reply)?,
        (Format::Human, Reply::Done { message } | Reply::Refused { message }) => output::out(message),
        (Format::Human, Reply::Status { status }) => super::status::print(status),
    }
    Ok(ExitCode::SUCCESS)
}
