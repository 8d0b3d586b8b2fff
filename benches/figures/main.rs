//! Prints what the agent costs: bytes on the link, objects a second, memory, and the size of its binary.
//!
//! # What
//! `cargo bench --features testing --bench figures -- [link] [rough] [apply] [memory] [standing] [idle] [back] [binary]
//! [-o json]`; without a name, all of it. Beside each
//! figure stands its budget, and what Flux 1.9 needs for the same work, measured on a machine of the same kind. `-- gate` measures what CI
//! holds against budgets and ends with 1 if one is exceeded; `-- day` only runs sites, for `packaging/profile`.
//!
//! # Not here
//! Assertions: a figure that is off its budget is marked with `!` and no test fails for it. What the figures mean: `benches/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that goes wrong ends"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is for people at a terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures time, starts programs and writes files")]
#![allow(
    clippy::default_trait_access,
    clippy::format_push_string,
    clippy::excessive_nesting,
    reason = "clarity over speed"
)]
#![allow(clippy::cast_precision_loss, reason = "figures are far below 2^52")]

mod agent;
mod apply;
mod back;
mod fleet;
mod link;
mod memory;
mod proxy;
mod rough;
mod server;
mod standing;
#[allow(dead_code, reason = "tests need more of it")]
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use support::cluster::TestCluster;
use table::{Figure, Format, Section, Unit};

fn main() -> ExitCode {
    // cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some((rough::CHILD, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        rough::child(rest);
        return ExitCode::SUCCESS;
    }
    let Some(Asked { parts, format, binary }) = parse(&arguments) else {
        eprintln!(
            "usage: figures [link] [rough] [apply] [memory] [standing] [idle] [back] [day] [binary] [gate] [-o json] [--binary FILE]"
        );
        return ExitCode::from(2);
    };
    let needs_cluster = parts.iter().any(|part| ![Part::Link, Part::Rough, Part::Binary].contains(part));
    let cluster = needs_cluster.then(|| TestCluster::own(support::cluster::Options::default()));
    let Some(cluster) = cluster.map_or(Some(None), |cluster| cluster.map(Some)) else {
        eprintln!("without Go there is no API server to measure against");
        return ExitCode::FAILURE;
    };
    let is_link_alone = parts.iter().all(|part| [Part::Link, Part::Rough].contains(part));
    let binary = if is_link_alone { None } else { Some(binary.unwrap_or_else(agent::build)) };
    let mut is_kept = true;
    for part in parts {
        let section = part.measure(binary.as_deref(), cluster.as_ref());
        section.print(format);
        if part == Part::Gate {
            is_kept = section.exceeded().is_empty();
        }
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Link,
    Rough,
    Apply,
    Memory,
    Standing,
    Idle,
    Back,
    Day,
    Binary,
    Gate,
}

impl Part {
    fn measure(self, binary: Option<&Path>, cluster: Option<&TestCluster>) -> Section {
        let parts = || (binary.expect("it was built"), cluster.expect("it was started"));
        match self {
            Self::Link => link::measure(),
            Self::Rough => rough::measure(),
            Self::Apply => apply::measure(parts().0, parts().1),
            Self::Memory => memory::measure(parts().0, parts().1),
            Self::Standing => standing::measure(parts().0, parts().1, false),
            Self::Idle => standing::measure(parts().0, parts().1, true),
            Self::Back => back::measure(parts().1),
            Self::Day => {
                standing::days(parts().0, parts().1);
                Section::new("day")
            }
            Self::Binary => {
                let mut section = Section::new("binary");
                section.add(size(binary.expect("it was built")));
                section
            }
            Self::Gate => {
                let mut section = Section::new("gate");
                let (binary, cluster) = parts();
                section.add(size(binary).budget(BINARY));
                memory::gate(binary, cluster, IDLE, PEAK, &mut section);
                section
            }
        }
    }
}

/// Bounds of the gate, which are the budgets: bytes of the binary, and MiB of memory with 100 objects. At rest 10 are reached, and rounds
/// differ by less than half of one.
const BINARY: f64 = 12e6;
const IDLE: f64 = 12.0;
const PEAK: f64 = 24.0;

fn size(binary: &Path) -> Figure {
    let length = std::fs::metadata(binary).unwrap().len();
    Figure::new("the program as it is shipped: one static file, x86-64", length as f64, Unit::Bytes)
}

/// What is to be done.
struct Asked {
    parts: Vec<Part>,
    format: Format,
    /// Another binary than the one of the release profile, as a package has it.
    binary: Option<PathBuf>,
}

fn parse(arguments: &[String]) -> Option<Asked> {
    let mut parts = Vec::new();
    let mut format = Format::Human;
    let mut binary = None;
    let mut left = arguments.iter();
    while let Some(argument) = left.next() {
        match argument.as_str() {
            "link" => parts.push(Part::Link),
            "rough" => parts.push(Part::Rough),
            "apply" => parts.push(Part::Apply),
            "memory" => parts.push(Part::Memory),
            "standing" => parts.push(Part::Standing),
            "idle" => parts.push(Part::Idle),
            "back" => parts.push(Part::Back),
            "day" => parts.push(Part::Day),
            "binary" => parts.push(Part::Binary),
            "gate" => parts.push(Part::Gate),
            "-o" if left.next().is_some_and(|value| value == "json") => format = Format::Json,
            "--binary" => binary = Some(PathBuf::from(left.next()?)),
            _ => return None,
        }
    }
    if parts.is_empty() {
        parts = vec![
            Part::Binary,
            Part::Link,
            Part::Rough,
            Part::Apply,
            Part::Memory,
            Part::Standing,
            Part::Idle,
            Part::Back,
        ];
    }
    Some(Asked { parts, format, binary })
}
