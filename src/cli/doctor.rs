//! `standfast doctor`

use super::error::{FAILED, Failure};
use super::output::{self, Format, Paint};
use super::setup;
use crate::oneshot::doctor::{Finding, Grade, examine};
use std::path::Path;
use std::process::ExitCode;

/// Look for what keeps this site from working, and say what to do
///
/// Looks at clock, disk, agent, store, audit log, keys, each mirror, and the API server, beside a running agent or without one, and
/// changes nothing. Exits with 1 if something does not work.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let findings = setup::runtime()?.block_on(examine(&settings));
    match format {
        Format::Json => output::json(&findings)?,
        Format::Human => lines(&findings, Paint::stdout()).iter().for_each(|line| output::out(line)),
    }
    let is_bad = findings.iter().any(|finding| finding.grade == Grade::Bad);
    Ok(ExitCode::from(if is_bad { FAILED } else { 0 }))
}

fn lines(findings: &[Finding], paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for Finding { part, what, grade, seen, to_do } in findings {
        let grade = match grade {
            Grade::Ok => paint.green("ok  "),
            Grade::Warn => paint.yellow("warn"),
            Grade::Bad => paint.red("BAD "),
        };
        let seen = format!("{what}: {seen}").replace(char::is_control, " ");
        lines.push(format!("{grade}  {part:<8}  {}", output::wrapped(&seen, 16)));
        lines.extend(to_do.iter().map(|to_do| format!("{:16}→ {}", "", output::wrapped(to_do, 18))));
    }
    lines.push(String::new());
    let count = |grade| findings.iter().filter(|finding| finding.grade == grade).count();
    lines.push(match (count(Grade::Bad), count(Grade::Warn)) {
        (0, 0) => "all is well".to_owned(),
        (0, warned) => format!("it works; {} to know of", output::count(warned, "thing")),
        (bad, warned) => {
            format!("{} not work; {} to know of", does(bad), output::count(warned, "thing"))
        }
    });
    lines
}

fn does(number: usize) -> String {
    if number == 1 { "1 thing does".to_owned() } else { format!("{number} things do") }
}
