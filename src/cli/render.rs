//! `standfast render`

use super::error::Failure;
use super::narrate::Narrator;
use super::output::{self, Format};
use super::setup;
use crate::model::{Desired, Object};
use crate::oneshot::{self, look};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

/// Print the objects that the newest proven revision comes to on this site
///
/// Without a network it is the newest that was accepted before. Values of Secrets are masked unless --show-secrets says otherwise.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this application (can be repeated)
    #[arg(long, value_name = "NAME")]
    application: Vec<String>,

    /// Print the values of Secrets too
    #[arg(long)]
    show_secrets: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Path, format: Format) -> Result<ExitCode, Failure> {
    let settings = setup::settings(config)?;
    let runtime = setup::runtime()?;
    let mut looking = look::open(&settings, false, Box::new(Narrator::new()))
        .map_err(|trouble| Failure::from_troubles(&[trouble]))?;
    let agent = &mut looking.agent;
    let desired =
        runtime.block_on(oneshot::plan::look(agent)).map_err(|troubles| Failure::from_troubles(&troubles))?;
    let known: Vec<_> = desired.applications.iter().map(|known| known.application.name.as_str()).collect();
    if let Some(name) = arguments.application.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::new(format!("no application {name} targets this site"))
            .hint(format!("there are: {}", known.join(", "))));
    }
    let objects = objects(&desired, arguments);
    match format {
        Format::Json => {
            output::json(&serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}))?
        }
        Format::Human => {
            let nodes: Vec<_> = objects.iter().map(standfast_yaml::Node::from_json).collect();
            output::out(standfast_yaml::emit(&nodes).trim_end());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn objects(desired: &Desired, arguments: &Arguments) -> Vec<Value> {
    let is_chosen = |name: &String| arguments.application.is_empty() || arguments.application.contains(name);
    let chosen = desired.applications.iter().filter(|known| is_chosen(&known.application.name));
    chosen.flat_map(|known| &known.objects).map(|object| shown(object, arguments.show_secrets)).collect()
}

fn shown(object: &Object, with_secrets: bool) -> Value {
    let mut value = object.value();
    if object.gvk().is("", "Secret") && !with_secrets {
        for map in ["data", "stringData"] {
            let entries = value.get_mut(map).and_then(Value::as_object_mut);
            entries
                .into_iter()
                .flat_map(|entries| entries.values_mut())
                .for_each(|value| *value = Value::from("***"));
        }
    }
    value
}
