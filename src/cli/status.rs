//! `standfast status`

use super::error::{Failure, PENDING};
use super::output::{self, Format, Paint, table};
use crate::agent::clock::Clock;
use crate::model::status::{ApplicationStatus, MirrorStatus};
use crate::model::{Health, SitePhase, SiteStatus, explain};
use crate::oneshot::ask;
use jiff::Timestamp;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

/// Say what runs here, why, since when, and what is wrong
///
/// Needs no network and no running agent: it reads what the agent last wrote down.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Exit with 3 unless every application is steady and healthy
    #[arg(long)]
    exit_code: bool,

    /// Show it anew whenever it changes, from the running agent, until it is interrupted
    #[arg(long, conflicts_with = "exit_code")]
    watch: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    if arguments.watch {
        return watch(config, format);
    }
    let path = crate::config::status_file(config).map_err(|problems| Failure::from_problems(&problems))?;
    let status = read(&path)?;
    match format {
        Format::Json => output::json(&status)?,
        Format::Human => print(&status),
    }
    let is_fine = status.phase == SitePhase::Steady
        && status.applications.iter().all(|known| known.health == Health::Current);
    Ok(ExitCode::from(if arguments.exit_code && !is_fine { PENDING } else { 0 }))
}

/// Follows the running agent. A terminal is drawn anew each time; else each status is a block of lines, or one line of JSON.
fn watch(config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = super::setup::settings(config)?;
    let is_terminal = std::io::stdout().is_terminal();
    let each = |status: &SiteStatus| {
        match format {
            Format::Json => output::out(&serde_json::to_string(status).unwrap_or_default()),
            Format::Human => {
                output::out(if is_terminal { "\x1b[H\x1b[2J" } else { "" });
                print(status);
            }
        }
        true
    };
    ask::watch(&settings.control_socket(), each).map_err(|error| Failure::new(explain(&error)))?;
    Err(Failure::new("the agent has ended"))
}

fn read(path: &Path) -> Result<SiteStatus, Failure> {
    let text = std::fs::read(path).map_err(|error| {
        let failure = Failure::new(format!("reading the status from {}: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::NotFound => Failure::new(format!(
                "there is no status at {}: the agent has not run since the last boot",
                path.display()
            ))
            .hint(
                "see what keeps it with `systemctl status standfast`, or go once with `standfast run --once`",
            ),
            _ => failure,
        }
    })?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::new(format!("reading the status from {}: {error}", path.display())))
}

/// Prints a status for people.
pub(super) fn print(status: &SiteStatus) {
    for line in lines(status, Clock::system().now(), Paint::stdout()) {
        output::out(&line);
    }
}

fn lines(status: &SiteStatus, now: Timestamp, paint: Paint) -> Vec<String> {
    let time = |at: &str| output::ago(now, at).map_or_else(|| at.to_owned(), |ago| format!("{at} ({ago})"));
    let phase = dye(paint, status.phase, &format!("{:?}", status.phase));
    let mut lines = vec![format!("{}  {phase} since {}", paint.bold(&status.site), time(&status.since))];
    if let Some(reason) = &status.reason {
        lines.push(format!("  {}  {}: {}", paint.red("why      "), reason.code, reason.message));
    }
    if let Some(reason) = &status.suspended {
        lines.push(format!("  {}  no new revisions: {reason}", paint.yellow("suspended")));
    }
    if let Some(holder) = &status.standby {
        lines.push(format!(
            "  {}  {holder} writes to this cluster; this agent keeps itself ready",
            paint.yellow("standby  ")
        ));
    }
    let field = |name: &str, text: String| format!("  {}  {text}", paint.dim(&format!("{name:<9}")));
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    lines.push(field("accepted", or_none(&status.revision.accepted)));
    if let Some(trust) = &status.trust {
        lines.push(field("", format!("{}, accepted {}", trust.signer, time(&trust.accepted))));
        lines.push(field("trust", format!("begins at {}", trust.begins)));
    }
    lines.push(field("applied", or_none(&status.revision.applied)));
    lines.push(field("last-good", or_none(&status.revision.last_good)));
    let link = match (&status.link.mirror, &status.link.last_contact) {
        (Some(mirror), Some(at)) => {
            format!("{mirror} answered {}, {} today", time(at), output::bytes(status.link.bytes_today))
        }
        _ => "no mirror has answered yet".to_owned(),
    };
    lines.push(field("link", link));
    for reason in status.link.reason.iter().chain(&status.link.alarm) {
        lines.push(field("", format!("{}: {}", reason.code, reason.message)));
    }
    if status.link.mirrors.len() > 1 || status.link.mirrors.iter().any(|one| one.metered) {
        lines.extend(status.link.mirrors.iter().map(|one| field("", mirror(one, now))));
    }
    if !status.applications.is_empty() {
        let rows: Vec<_> = status.applications.iter().map(row).collect();
        lines.push(String::new());
        lines.extend(table(&["APPLICATION", "PHASE", "HEALTH", "OBJECTS", "REVISION", "REASON"], &rows));
    }
    lines
}

/// One mirror in a line: how it answers, and what it cost today.
fn mirror(one: &MirrorStatus, now: Timestamp) -> String {
    let answered = one.last_answer.as_deref().and_then(|at| output::ago(now, at));
    let mut text = match (&answered, one.failures) {
        (Some(ago), 0) => format!("{} answered {ago}", one.mirror),
        (Some(ago), failures) => format!("{} failed {failures} times since it answered {ago}", one.mirror),
        (None, 0) => format!("{} was not needed yet", one.mirror),
        (None, failures) => format!("{} failed {failures} times", one.mirror),
    };
    let today = one.today.iter().filter(|one| one.up + one.down > 0);
    let today: Vec<_> =
        today.map(|one| format!("{} {}", output::bytes(one.up + one.down), one.purpose)).collect();
    if !today.is_empty() {
        text = format!("{text}, today {}", today.join(", "));
    }
    if let Some(until) = &one.spent_until {
        text = format!("{text}; its budget is spent until {until}");
    }
    text
}

fn row(known: &ApplicationStatus) -> Vec<String> {
    let revision = known.revision.as_deref().map(output::short);
    let reason = known
        .reason
        .as_ref()
        .map(|reason| format!("{}: {}", reason.code, reason.message))
        .unwrap_or_default();
    vec![
        known.name.clone(),
        format!("{:?}", known.phase),
        known.health.to_string(),
        known.objects.to_string(),
        revision.unwrap_or_else(|| "-".to_owned()),
        reason,
    ]
}

fn dye(paint: Paint, phase: SitePhase, text: &str) -> String {
    match phase {
        SitePhase::Steady => paint.green(text),
        SitePhase::Held | SitePhase::RollingBack => paint.red(text),
        _ => paint.yellow(text),
    }
}
