//! `standfast diff`

use super::error::{Failure, PENDING};
use super::narrate::Narrator;
use super::output::{self, Format, Paint};
use super::{plan, setup};
use crate::model::plan::{Action, Change, Plan, Step};
use crate::model::{ObjectKey, Revision};
use crate::oneshot::{self, look};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Show in what the cluster differs from what this site accepted
///
/// Needs no network but the cluster's, and changes nothing. Lines with - are what the cluster holds, lines with + what the revision says;
/// Secrets are masked. Exits with 3 when something differs.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Compare with this revision, one of those that `history` says one can go back to: its commit id, or the beginning of it
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
}

pub(super) fn run(arguments: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let runtime = setup::runtime()?;
    let failed = |trouble| Failure::from_troubles(&[trouble]);
    let mut looking = look::open(&settings, true, Box::new(Narrator::new())).map_err(failed)?;
    let wanted = arguments.revision.as_deref();
    let (revision, plan) =
        runtime.block_on(oneshot::plan::diff(&mut looking.agent, wanted)).map_err(failed)?;
    match format {
        Format::Json => {
            let mut differences = plan::to_json(&plan);
            differences["revision"] = revision.to_string().into();
            output::json(&differences)?;
        }
        Format::Human => lines(&revision, &plan, Paint::stdout()).iter().for_each(|line| output::out(line)),
    }
    Ok(ExitCode::from(if plan.is_empty() && plan.refused.is_empty() { 0 } else { PENDING }))
}

fn lines(revision: &Revision, plan: &Plan, paint: Paint) -> Vec<String> {
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps).chain(&plan.prune);
    let mut lines: Vec<String> = steps.flat_map(|step| object(step, revision, paint)).collect();
    for refused in &plan.refused {
        let place = refused.application.as_deref().map(|name| format!("[{name}] ")).unwrap_or_default();
        lines.push(format!("{place}{} {}", paint.red(refused.reason.as_str()), refused.message));
    }
    if lines.is_empty() {
        lines.push(format!("nothing differs from {revision}"));
    }
    lines
}

/// One object, as `diff -u` has a file: what stands in the cluster, what the revision says, and what differs, field by field.
fn object(step: &Step, revision: &Revision, paint: Paint) -> Vec<String> {
    let ObjectKey { namespace, name, .. } = &step.key;
    let place = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let here = format!("{} {} {place}{name}", step.gvk.api_version(), step.key.kind);
    let nothing = "nothing".to_owned();
    let (before, after) = match &step.action {
        Action::Create => (nothing, here),
        Action::Delete { .. } => (here, nothing),
        _ => (here.clone(), here),
    };
    let mut lines = vec![
        paint.bold(&format!("--- {before}  in the cluster")),
        paint.bold(&format!(
            "+++ {after}  [{}] in {}",
            step.application,
            output::short(&revision.to_string())
        )),
    ];
    let note = |text: String| paint.cyan(&format!("@@ {text} @@"));
    match &step.action {
        Action::Configure { changes } => changes.iter().for_each(|change| field(change, paint, &mut lines)),
        Action::Heal { changes } => {
            lines.push(note("changed by others".to_owned()));
            changes.iter().for_each(|change| field(change, paint, &mut lines));
        }
        Action::Create => lines.push(note("it is not there".to_owned())),
        Action::Delete { .. } => lines.push(note("it is in no application any more".to_owned())),
        Action::Recreate { why } => lines.push(note(format!("it would have to be made anew: {why}"))),
        Action::After { what } => lines.push(note(format!("it can be told only after {what}"))),
    }
    lines
}

fn field(change: &Change, paint: Paint, lines: &mut Vec<String>) {
    lines.push(paint.cyan(&format!("@@ {} @@", written(&change.path))));
    let side = |sign: char, value: &Option<String>| value.as_ref().map(|value| format!("{sign}{value}"));
    lines.extend(side('-', &change.from).map(|line| paint.red(&line)));
    lines.extend(side('+', &change.to).map(|line| paint.green(&line)));
}

/// A JSON pointer as people write a path in YAML: `spec.containers[0].image`, `metadata.annotations["example.com/a"]`.
fn written(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.trim_start_matches('/').split('/') {
        let part = part.replace("~1", "/").replace("~0", "~");
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = part.chars().all(|one| one.is_alphanumeric() || "-_…".contains(one));
        let _ = match (is_number, is_plain) {
            (true, _) => write!(path, "[{part}]"),
            (_, true) if path.is_empty() => write!(path, "{part}"),
            (_, true) => write!(path, ".{part}"),
            _ => write!(path, "[{part:?}]"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_easy_to_read() {
        let check = |pointer, expect| assert_eq!(written(pointer), expect);
        check("/spec/replicas", "spec.replicas");
        check("/spec/containers/0/image", "spec.containers[0].image");
        check("/metadata/annotations/example.com~1a", "metadata.annotations[\"example.com/a\"]");
        check("/data/a~0b", "data[\"a~b\"]");
        check("…", "…");
    }
}
