//! `standfast plan`

use super::error::{Failure, PENDING};
use super::narrate::Narrator;
use super::output::{self, Format, Paint};
use super::setup;
use crate::model::plan::{Action, Change, Plan, Step};
use crate::oneshot::{self, look};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Show what the next pass would change, and change nothing
///
/// Exits with 3 when changes are pending, 0 when there are none. What it prints is what `run` does: both come from one function.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let runtime = setup::runtime()?;
    let mut looking = look::open(&settings, true, Box::new(Narrator::new()))
        .map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    let agent = &mut looking.agent;
    let plan =
        runtime.block_on(oneshot::plan::plan(agent)).map_err(|troubles| Failure::from_troubles(&troubles))?;
    match format {
        Format::Json => output::json(&to_json(&plan))?,
        Format::Human => print(&plan),
    }
    Ok(ExitCode::from(if plan.is_empty() && plan.refused.is_empty() { 0 } else { PENDING }))
}

fn print(plan: &Plan) {
    let paint = Paint::stdout();
    for stage in plan.stages.iter().filter(|stage| !stage.steps.is_empty()) {
        output::out(&paint.bold(stage.name));
        stage.steps.iter().for_each(|step| print_step(step, paint));
    }
    if !plan.prune.is_empty() {
        output::out(&paint.bold("prune, once all is healthy"));
        plan.prune.iter().for_each(|step| print_step(step, paint));
    }
    if !plan.refused.is_empty() {
        output::out(&paint.bold("refused"));
    }
    for refused in &plan.refused {
        let place = refused.application.as_deref().map(|name| format!(" [{name}]")).unwrap_or_default();
        output::out(&format!("  {} {}{place}", paint.red(refused.reason.as_str()), refused.message));
    }
    let steps = plan.stages.iter().map(|stage| stage.steps.len()).sum::<usize>();
    output::out(&format!(
        "{steps} to write, {} to prune, {} unchanged, {} refused",
        plan.prune.len(),
        plan.unchanged,
        plan.refused.len()
    ));
}

fn print_step(step: &Step, paint: Paint) {
    let (sign, changes): (String, &[Change]) = match &step.action {
        Action::Create => (paint.green("+"), &[]),
        Action::Configure { changes } => (paint.yellow("~"), changes),
        Action::Heal { changes } => (paint.yellow("≈"), changes),
        Action::Recreate { .. } => (paint.red("±"), &[]),
        Action::After { .. } => (paint.dim("?"), &[]),
        Action::Delete { .. } => (paint.red("-"), &[]),
    };
    let word = match &step.action {
        Action::Recreate { why } => format!(" delete and create: {why}"),
        Action::After { what } => format!(" judged after {what}"),
        Action::Heal { .. } => " drifted".to_owned(),
        _ => String::new(),
    };
    output::out(&format!("  {sign} {} [{}]{word}", step.key, step.application));
    for change in changes {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        output::out(&format!(
            "      {} {} → {}",
            change.path,
            paint.red(&side(&change.from)),
            paint.green(&side(&change.to))
        ));
    }
}

pub(super) fn to_json(plan: &Plan) -> Value {
    let stages: Vec<_> =
        plan.stages.iter().map(|stage| json!({"name": stage.name, "steps": steps(&stage.steps)})).collect();
    let refused: Vec<_> = plan
        .refused
        .iter()
        .map(|refused| {
            json!({
                "application": refused.application,
                "object": refused.key.as_ref().map(ToString::to_string),
                "reason": refused.reason.as_str(),
                "message": refused.message,
            })
        })
        .collect();
    json!({"stages": stages, "prune": steps(&plan.prune), "refused": refused, "unchanged": plan.unchanged})
}

fn steps(steps: &[Step]) -> Vec<Value> {
    let change = |change: &Change| json!({"path": change.path, "from": change.from, "to": change.to});
    steps
        .iter()
        .map(|step| {
            let (action, detail) = match &step.action {
                Action::Create => ("create", Value::Null),
                Action::Configure { changes } => ("configure", changes.iter().map(change).collect()),
                Action::Heal { changes } => ("heal", changes.iter().map(change).collect()),
                Action::Recreate { why } => ("recreate", json!(why)),
                Action::After { what } => ("after", json!(what)),
                Action::Delete { .. } => ("delete", Value::Null),
            };
            let key = &step.key;
            json!({
                "action": action,
                "detail": detail,
                "application": step.application,
                "group": key.group,
                "version": step.gvk.version,
                "kind": key.kind,
                "namespace": key.namespace,
                "name": key.name,
            })
        })
        .collect()
}
