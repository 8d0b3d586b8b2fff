//! Prints what the agent costs: bytes on the link, objects a second, memory, and the size of its binary.
//!
//! # What
//! `cargo bench --bench figures -- [link] [apply] [memory] [binary] [-o json]`; without a name, all of it. Beside each figure stands its
//! budget, and what Flux 1.9 needs for the same work, measured on a machine of the same kind. `-- gate` measures what CI holds against
//! budgets and ends with 1 if one is exceeded.
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
#![allow(clippy::cast_precision_loss, reason = "figures are far below 2^52")]

mod link;
mod proxy;
#[allow(dead_code, reason = "tests need more of it")]
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod table;

use std::process::ExitCode;
use table::Format;

fn main() -> ExitCode {
    // cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some((parts, format)) = parse(&arguments) else {
        eprintln!("usage: figures [link] [apply] [memory] [binary] [-o json]");
        return ExitCode::from(2);
    };
    for part in parts {
        let section = match part {
            Part::Link => link::measure(),
        };
        section.print(format);
    }
    ExitCode::SUCCESS
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Link,
}

fn parse(arguments: &[String]) -> Option<(Vec<Part>, Format)> {
    let mut parts = Vec::new();
    let mut format = Format::Human;
    let mut left = arguments.iter();
    while let Some(argument) = left.next() {
        match argument.as_str() {
            "link" => parts.push(Part::Link),
            "-o" if left.next().is_some_and(|value| value == "json") => format = Format::Json,
            _ => return None,
        }
    }
    if parts.is_empty() {
        parts = vec![Part::Link];
    }
    Some((parts, format))
}
