//! `standfast audit`

use super::error::Failure;
use super::output::{self, Format, Paint};
use super::setup;
use super::since::Since;
use crate::agent::clock::Clock;
use crate::model::Trouble;
use crate::oneshot::audit;
use crate::report::audit::{Record, Report};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Read and check the site's audit log
///
/// Every record holds the hash of the one before it; the newest is named in a file of its own. So records that were changed, moved
/// or taken away are found. It needs no running agent and no network.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show what was accepted, refused, changed and ordered here, and when all was steady
    Show {
        /// Only what happened since: a time (2027-01-15T08:00:00Z), or how long ago (2h, 7d)
        #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
        since: Option<Since>,
        /// The newest so many records
        #[arg(short = 'n', long = "number", value_name = "NUMBER", default_value_t = 50)]
        number: usize,
    },
    /// Check that no record was changed or taken away; exit with 1 and say where if one was
    Verify {
        /// Check this export instead of the site's own log; no configuration is needed
        export: Option<PathBuf>,
    },
    /// Print all records, one JSON line each, and at the end a line that says which is the last, signed by the site's identity
    ///
    /// What is signed stands in the last line as a text. To check who signed it, with jq and OpenSSH:
    ///   tail -n 1 EXPORT | jq -rj .signed > head; tail -n 1 EXPORT | jq -rj .signature > head.sig
    ///   ssh-keygen -Y verify -f ALLOWED_SIGNERS -I NAME -n standfast-audit -s head.sig < head
    #[command(verbatim_doc_comment)]
    Export,
}

pub(super) fn run(command: &Command, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    match command {
        Command::Show { since, number } => show(*since, *number, config, format),
        Command::Verify { export: Some(path) } => {
            let told = told(&failed(audit::verify_file(path))?, format)?;
            if format == Format::Human {
                output::out(
                    "  whether the site signed it, ssh-keygen tells: see `standfast audit export --help`",
                );
            }
            Ok(told)
        }
        Command::Verify { export: None } => told(&failed(audit::verify(&setup::settings(config)?))?, format),
        Command::Export => export(config),
    }
}

fn show(since: Option<Since>, number: usize, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let since = since.map(|since| since.before(Clock::system().now()));
    let records = failed(audit::show(&setup::settings(config)?, since, number))?;
    match format {
        Format::Json => output::json(&records)?,
        Format::Human => records.iter().for_each(|record| output::out(&line(record))),
    }
    Ok(ExitCode::SUCCESS)
}

fn export(config: &Path) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let (report, end) = failed(audit::export(&settings, Clock::system().now(), &mut output::out))?;
    if let Some(end) = &end {
        let line =
            serde_json::to_string(end).map_err(|error| Failure::new(format!("printing JSON: {error}")))?;
        output::out(&line);
        if end.signature.is_none() {
            output::err("the export is not signed: the configuration names no identity");
        }
    }
    broken(&report)
}

/// Prints what came of a check.
fn told(report: &Report, format: Format) -> Result<ExitCode, Failure> {
    if format == Format::Json {
        output::json(report)?;
        return broken(report);
    }
    let paint = Paint::stdout();
    if let (Some(oldest), Some(newest), Some(hash)) = (report.oldest, report.newest, &report.hash) {
        let state = if report.faults.is_empty() { paint.green("whole") } else { paint.red("not whole") };
        output::out(&format!("records {oldest} to {newest}: {state}"));
        output::out(&format!("  the newest has the hash {hash}"));
    }
    if report.lost > 0 {
        output::out(&format!(
            "  {} could not be written in their time; a gap says when",
            records(report.lost)
        ));
    }
    if report.torn > 0 {
        output::out(&format!(
            "  {} bytes at the end are of a write that was cut off, or is being made",
            report.torn
        ));
    }
    broken(report)
}

fn records(number: u64) -> String {
    output::count(usize::try_from(number).unwrap_or(usize::MAX), "record")
}

fn broken(report: &Report) -> Result<ExitCode, Failure> {
    if report.faults.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let at = |line: Option<u64>| line.map(|line| format!(", line {line}")).unwrap_or_default();
    let messages =
        report.faults.iter().map(|fault| format!("{}{}: {}", fault.file, at(fault.line), fault.what));
    let failure = Failure { messages: messages.collect(), ..Failure::new("") };
    Err(failure.hint("compare it with an export, or with the head that the site's last report names"))
}

/// One record for people.
fn line(record: &Record) -> String {
    let said = said(&record.kind, &Fields(&record.what));
    let said = said.unwrap_or_else(|| Value::Object(record.what.clone()).to_string());
    let text = format!("{}  {:>6}  {:<9}  {said}", record.time, record.number, record.kind);
    text.trim_end().replace(char::is_control, " ")
}

/// What a record says. `None` for a kind that only a later version knows, and for one without its fields.
fn said(kind: &str, fields: &Fields<'_>) -> Option<String> {
    let Fields(what) = fields;
    Some(match kind {
        "began" => format!("version {}, accepted {}", fields.text("version")?, fields.revision("accepted")),
        "ended" => String::new(),
        "accepted" => {
            let beginning = if what.get("beginning")? == true { "; trust begins here" } else { "" };
            let signer = fields.text("signer")?;
            format!("{} signed by {signer}{beginning}", fields.revision("revision"))
        }
        "refused" => format!("{}: {}", fields.text("reason")?, fields.text("message")?),
        "intend" => {
            let (objects, revision) = (fields.count("objects", "object"), fields.revision("revision"));
            format!("{} {revision}: {}, {objects}", fields.text("what")?, fields.list("applications"))
        }
        "done" | "pruned" => changes(fields),
        "drifted" => {
            let times = what.get("times").and_then(Value::as_u64).filter(|times| *times > 1);
            let times = times.map(|times| format!(", {times} times")).unwrap_or_default();
            let (object, change, answer) =
                (fields.text("object")?, fields.text("change")?, fields.text("answer")?);
            let by = Some(fields.list("by")).filter(|by| !by.is_empty()).map(|by| format!(" by {by}"));
            let list =
                Some(fields.list("fields")).filter(|list| !list.is_empty()).map(|list| format!(" ({list})"));
            format!(
                "{object} {change}{}{}, {answer}{times}",
                by.unwrap_or_default(),
                list.unwrap_or_default()
            )
        }
        "last-good" | "steady" => fields.revision("revision"),
        "unsteady" => {
            let why = fields.text("reason").map(|reason| format!(", {reason}")).unwrap_or_default();
            let message = fields.text("message").map(|message| format!(": {message}")).unwrap_or_default();
            let list = Some(fields.list("applications")).filter(|list| !list.is_empty());
            let list = list.map(|list| format!(" ({list})")).unwrap_or_default();
            format!("{}{why}{message}{list}", fields.text("phase")?)
        }
        "still" => {
            let how = if what.get("steady")? == true { "steady" } else { "not steady" };
            format!("{how} at {}", fields.revision("revision"))
        }
        "back" => {
            let (application, to) = (fields.text("application")?, fields.revision("to"));
            let why = fields.text("reason").map(|reason| format!(", {reason}")).unwrap_or_default();
            let message = fields.text("message").map(|message| format!(": {message}")).unwrap_or_default();
            format!("{application} from {} to {to}{why}{message}", fields.revision("from"))
        }
        "ordered" => format!("by user {}: {}", what.get("uid")?, fields.text("what")?),
        "gap" => {
            let (lost, since) = (fields.count("lost", "record"), fields.text("since")?);
            format!("{lost} since {since} could not be written: {}", fields.text("why")?)
        }
        "torn" => format!("{} of a write that was cut off were dropped", fields.count("bytes", "byte")),
        "broken" => fields.text("why")?.to_owned(),
        "dropped" => format!("the log begins at record {}", what.get("until")?),
        _ => return None,
    })
}

fn changes(fields: &Fields<'_>) -> String {
    let of = |name: &str, keys: [&str; 3]| {
        let items = fields.0.get(name).and_then(Value::as_array).into_iter().flatten();
        let text = move |item: &Value| {
            let texts = keys.iter().filter_map(|key| item.get(key)?.as_str().map(str::to_owned));
            texts.collect::<Vec<_>>().join(" ")
        };
        items.map(text).collect::<Vec<_>>()
    };
    let more = fields.0.get("more").and_then(Value::as_u64).filter(|more| *more > 0);
    let done = of("objects", ["outcome", "object", ""]).into_iter();
    let more = more.map(|more| format!("and {more} more"));
    let refused =
        of("refused", ["reason", "object", "message"]).into_iter().map(|one| format!("refused {one}"));
    done.chain(more).chain(refused).collect::<Vec<_>>().join(", ")
}

/// The fields of a record.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A revision by the first digits of its commit.
    fn revision(&self, name: &str) -> String {
        self.text(name).map_or_else(|| "nothing".to_owned(), output::short)
    }

    fn count(&self, name: &str, word: &str) -> String {
        let number = self.0.get(name).and_then(Value::as_u64).unwrap_or_default();
        output::count(usize::try_from(number).unwrap_or(usize::MAX), word)
    }

    fn list(&self, name: &str) -> String {
        let items = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn failed<T>(result: Result<T, Trouble>) -> Result<T, Failure> {
    result.map_err(|trouble| Failure::from_troubles(&[trouble]))
}
