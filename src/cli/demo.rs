//! `standfast demo`

use super::error::Failure;
use super::output::{self, Format, Paint};
use super::setup;
use crate::model::explain;
use crate::oneshot::demo;
use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Show what it does, in one process, with nothing to install
///
/// Makes a fleet repository with signed commits in a temporary folder, runs a site against it on a cluster in memory, and tells what
/// happens. Whatever it tells it has checked; if something goes otherwise, it ends with 1.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Use the cluster of this kubeconfig (of $KUBECONFIG if none is named) instead of one in memory
    ///
    /// All happens in one namespace with a name of its own, which is removed again at the end, also if the demo fails or is interrupted.
    #[arg(long, value_name = "KUBECONFIG", num_args = 0..=1, default_missing_value = "")]
    cluster: Option<String>,
}

#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn run(arguments: &Arguments, format: Format) -> Result<ExitCode, Failure> {
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
    let failed = |error: demo::Error| Failure::new(explain(&error));
    let place = kubeconfig.map_or(Ok(demo::Place::Memory), demo::Place::on_cluster).map_err(failed)?;
    let runtime = setup::runtime()?;
    let temporary = std::env::temp_dir();
    if format == Format::Human {
        let tell = |line| print(line, Paint::stdout());
        runtime.block_on(demo::run(place, &temporary, tell, stop())).map_err(failed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let told = RefCell::new(Vec::new());
    let tell = |line| told.borrow_mut().push(line);
    let ended = runtime.block_on(demo::run(place, &temporary, tell, stop()));
    output::json(&told.into_inner())?;
    ended.map(|()| ExitCode::SUCCESS).map_err(failed)
}

/// Answers when somebody stops the demo. Where there are no signals to wait for, the story is told to its end.
async fn stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return interrupted.await };
    tokio::select! {
        () = interrupted => {}
        _ = terminated.recv() => {}
    }
}

fn print(line: demo::Line, paint: Paint) {
    let wrapped = |text: &str| output::wrapped(text, 4);
    let (sign, text) = match line {
        demo::Line::Chapter(title) => return output::out(&format!("\n{}", paint.bold(&title))),
        demo::Line::Good(text) => (paint.green("✓"), wrapped(&text)),
        demo::Line::Refused(text) => (paint.red("✗"), wrapped(&text)),
        demo::Line::Plain(text) => (" ".to_owned(), paint.dim(&wrapped(&text))),
    };
    output::out(&format!("  {sign} {text}"));
}
