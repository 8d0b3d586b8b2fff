//! Where log lines go, and how they look there.

use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, filter::Targets, fmt, prelude::*};

/// What is logged: levels by module, such as `info` or `standfast=debug`.
const FILTER: &str = "STANDFAST_LOG";
/// How a line looks: `text` or `json`.
const FORMAT: &str = "STANDFAST_LOG_FORMAT";
/// What systemd says of the journal, if standard error goes there: its device and inode.
const JOURNAL: &str = "JOURNAL_STREAM";

/// Logs go to standard error. A command for a person logs errors only, for it says itself what it does.
pub(super) fn start(is_daemon: bool) {
    let default = if is_daemon { LevelFilter::INFO } else { LevelFilter::ERROR };
    // Each request that fails is an error to the client's library. What matters of that, this program says itself.
    let usual = Targets::new().with_default(default).with_target("kube_client", LevelFilter::OFF);
    let (filter, format) = (variable(FILTER), variable(FORMAT));
    let parsed = filter.as_deref().map_or(Ok(usual.clone()), str::parse);
    let is_json = format.as_deref() == Some("json");
    let layer = if is_journal() { layer(is_json, true, Journal) } else { layer(is_json, false, io::stderr) };
    let (chosen, wrong) = match parsed {
        Ok(chosen) => (chosen, None),
        Err(error) => (usual, Some(error)),
    };
    let _ = tracing_subscriber::registry().with(layer.with_filter(chosen)).try_init();
    if let Some(error) = wrong {
        tracing::error!(%error, "{FILTER} is not a filter; going on with {default}");
    }
    if let Some(format) = format.filter(|format| !["json", "text"].contains(&format.as_str())) {
        tracing::error!(?format, "{FORMAT} is neither json nor text; going on with text");
    }
}

/// The journal has a time of its own, and no colours.
fn layer<S, W>(is_json: bool, is_journal: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let has_colours = !is_journal && !is_json && io::stderr().is_terminal();
    let layer = fmt::layer().with_writer(writer).with_target(false).with_ansi(has_colours);
    match (is_json, is_journal) {
        (true, false) => layer.json().flatten_event(true).boxed(),
        (true, true) => layer.json().flatten_event(true).without_time().boxed(),
        (false, false) => layer.boxed(),
        (false, true) => layer.without_time().with_level(false).boxed(),
    }
}

#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether standard error is the journal: a program that is started by one which has the variable may write elsewhere.
fn is_journal() -> bool {
    let own = std::fs::metadata("/proc/self/fd/2").ok();
    own.zip(variable(JOURNAL)).is_some_and(|(own, told)| told == format!("{}:{}", own.dev(), own.ino()))
}

/// Lines as the journal takes them: `<4>` in front says how bad it is.
#[derive(Debug, Clone, Copy)]
struct Journal;

#[derive(Debug)]
struct Line {
    level: Level,
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { level: Level::INFO }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        Line { level: *metadata.level() }
    }
}

impl Line {
    /// A line with its priority, as syslog numbers it. It stays one line, for the journal would make an entry of each.
    fn with_priority(&self, bytes: &[u8]) -> Vec<u8> {
        let priority = match self.level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let mut line = format!("<{priority}>").into_bytes();
        line.extend(text.trim_ascii_start().iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        line.push(b'\n');
        line
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(&self.with_priority(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_the_journal_has_its_priority_and_stays_one() {
        let line =
            |level, text: &str| String::from_utf8(Line { level }.with_priority(text.as_bytes())).unwrap();
        assert_eq!(line(Level::INFO, " phase phase=Steady\n"), "<6>phase phase=Steady\n");
        assert_eq!(line(Level::ERROR, "a\nb\n"), "<3>a b\n");
        assert_eq!(line(Level::WARN, "a"), "<4>a\n");
        assert_eq!(line(Level::DEBUG, "a\n"), "<7>a\n");
    }
}
