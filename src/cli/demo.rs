//! `standfast demo`

use super::error::Failure;
use super::output::{self, Paint};
use super::setup;
use crate::model::explain;
use crate::oneshot::demo;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what it does, in one process, with nothing to install
///
/// Makes a fleet repository with signed commits in a temporary folder and runs a site against it, on a cluster in memory.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Use the cluster of this kubeconfig instead of one in memory; the demo works in namespaces of its own and removes them again
    #[arg(long, value_name = "KUBECONFIG", num_args = 0..=1, default_missing_value = "")]
    cluster: Option<String>,
}

#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let kubeconfig = match arguments.cluster.as_deref() {
        None => None,
        Some("") => {
            let named = std::env::var("KUBECONFIG").map_err(|_| {
                Failure::new("--cluster names no kubeconfig and KUBECONFIG is not set")
                    .hint("name one: standfast demo --cluster /etc/rancher/k3s/k3s.yaml")
            })?;
            Some(PathBuf::from(named))
        }
        Some(path) => Some(PathBuf::from(path)),
    };
    let paint = Paint::stdout();
    let tell = move |line: demo::Line| match line {
        demo::Line::Chapter(text) => output::out(&format!("\n{}", paint.bold(&text))),
        demo::Line::Good(text) => output::out(&format!("  {} {text}", paint.green("✓"))),
        demo::Line::Refused(text) => output::out(&format!("  {} {text}", paint.red("✗"))),
        demo::Line::Plain(text) => output::out(&format!("    {}", paint.dim(&text))),
    };
    let failed = |error: demo::Error| Failure::new(explain(&error));
    let place = kubeconfig.map_or(Ok(demo::Place::Memory), demo::Place::on_cluster).map_err(failed)?;
    // Where there is no signal to wait for, the story is told to its end.
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    setup::runtime()?.block_on(demo::run(place, &std::env::temp_dir(), tell, stop)).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
