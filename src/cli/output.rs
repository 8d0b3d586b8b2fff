//! Printing: formats, colours, tables.

use super::error::Failure;
use jiff::Timestamp;
use std::io::{IsTerminal, Write};

/// The longest line of text that people read, in characters, as the help has it.
const WIDTH: usize = 100;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// Colours, where there is a terminal to show them and `NO_COLOR` is not set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// For standard output.
    pub(super) fn stdout() -> Self {
        Self(std::io::stdout().is_terminal() && are_wanted())
    }

    /// For standard error.
    pub(super) fn stderr() -> Self {
        Self(std::io::stderr().is_terminal() && are_wanted())
    }

    fn dye(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn red(self, text: &str) -> String {
        self.dye("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.dye("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.dye("33", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.dye("36", text)
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.dye("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.dye("2", text)
    }
}

#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn are_wanted() -> bool {
    std::env::var("NO_COLOR").map_or(true, |value| value.is_empty())
}

/// Writes a line to standard output. A reader that went away (`| head`) is no fault of ours.
pub(super) fn out(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a line to standard error.
pub(super) fn err(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Breaks a long text between words; every line but the first is indented. For text that people read, not for tables.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let (mut lines, mut width) = (String::new(), indent);
    let next = format!("\n{:indent$}", "");
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > indent && width + 1 + length > WIDTH {
            lines.push_str(&next);
            width = indent;
        } else if width > indent {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += length;
    }
    lines
}

/// So many of something: `1 commit`, `3 commits`.
pub(super) fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// Bytes in thousands, as links and their bills count them: `340 B`, `12.5 kB`.
pub(super) fn bytes(count: u64) -> String {
    let tenths = |unit: u64, name: &str| format!("{}.{} {name}", count / unit, count % unit * 10 / unit);
    match count {
        ..1_000 => format!("{count} B"),
        1_000..1_000_000 => tenths(1_000, "kB"),
        1_000_000..1_000_000_000 => tenths(1_000_000, "MB"),
        _ => tenths(1_000_000_000, "GB"),
    }
}

/// A revision by the first digits of its commit.
pub(super) fn short(revision: &str) -> String {
    revision.rsplit(':').next().unwrap_or(revision).chars().take(12).collect()
}

/// How long ago a moment is, roughly, as a person says it: `3 min ago`. Nothing for what is no moment, or lies ahead.
pub(super) fn ago(now: Timestamp, at: &str) -> Option<String> {
    let seconds = now.duration_since(at.parse().ok()?).as_secs();
    Some(match seconds {
        ..0 => return None,
        0..60 => format!("{seconds} s ago"),
        60..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    })
}

/// Prints a value as JSON, indented.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("printing JSON: {error}")))?;
    out(&text);
    Ok(())
}

/// Lines up columns two spaces apart; the last column is left as it is. Widths count characters, not bytes.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_between_words() {
        let words = "word ".repeat(25);
        let lines = wrapped(words.trim_end(), 4);
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines.len(), 2);
        // The first line is printed behind an indent of as many characters.
        assert!(lines[0].chars().count() + 4 <= WIDTH && lines[1].starts_with("    word"), "{lines:#?}");
        assert_eq!(wrapped("short", 4), "short");
        assert_eq!(wrapped(&"x".repeat(200), 4), "x".repeat(200));
    }

    #[test]
    fn times_are_told_roughly() {
        let now = "2026-03-03T12:00:00Z".parse().unwrap();
        let check = |at, expect: Option<&str>| assert_eq!(ago(now, at).as_deref(), expect, "{at}");
        check("2026-03-03T12:00:00Z", Some("0 s ago"));
        check("2026-03-03T11:59:01Z", Some("59 s ago"));
        check("2026-03-03T11:59:00Z", Some("1 min ago"));
        check("2026-03-03T10:00:01Z", Some("119 min ago"));
        check("2026-03-03T10:00:00Z", Some("2 h ago"));
        check("2026-03-01T12:00:00Z", Some("2 days ago"));
        check("2026-03-03T12:00:01Z", None);
        check("soon", None);
    }

    #[test]
    fn columns_line_up() {
        let rows =
            vec![vec!["a".to_owned(), "Größe".to_owned()], vec!["long name".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["NAME", "B"], &rows), ["NAME       B", "a          Größe", "long name  x"]);
    }
}
