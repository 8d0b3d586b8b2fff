//! Values of single keys, and their bounds.

use super::settings::Fault;
use crate::cluster::Turns;
use crate::model::{nearest, parse_duration};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Revisions to keep: without one there would be nothing to go back to, and each one pins its objects on a small disk.
pub(super) const KEEP: RangeInclusive<usize> = 1..=20;
/// Shortest poll: a shorter one loads the mirrors and brings nobody anything.
const SHORTEST_POLL: Duration = Duration::from_secs(1);
/// Longest poll: a longer one is a slip, for a revoked key or an urgent fix would wait as long.
const LONGEST_POLL: Duration = Duration::from_hours(7 * 24);

/// `source.poll`.
pub(super) fn poll(text: &str) -> Result<Duration, Fault> {
    let poll =
        parse_duration(text).ok_or_else(|| Fault::wrong("it must be a duration such as 90s, 5m or 1h30m"))?;
    if (SHORTEST_POLL..=LONGEST_POLL).contains(&poll) {
        return Ok(poll);
    }
    Err(Fault::wrong("it must be 1s to 7d"))
}

/// `mode`.
pub(super) fn mode(text: &str) -> Result<bool, Fault> {
    match text {
        "correct" => Ok(true),
        "detect" => Ok(false),
        _ => {
            Err(Fault::Wrong(meant(text, &["correct", "detect"]).unwrap_or("it must be correct".to_owned())))
        }
    }
}

/// `trust.history`.
pub(super) fn history(text: &str) -> Result<(), Fault> {
    only(text, "first-parent", "a history other than first-parent")
}

/// `cluster.lease`.
pub(super) fn lease(text: &str) -> Result<Turns, Fault> {
    match text {
        "auto" => Ok(Turns::Auto),
        "always" => Ok(Turns::Always),
        "never" => Ok(Turns::Never),
        _ => {
            let known = ["auto", "always", "never"];
            Err(Fault::Wrong(meant(text, &known).unwrap_or("it must be auto, always or never".to_owned())))
        }
    }
}

/// `cluster.namespace`, a DNS label by RFC 1123.
pub(super) fn namespace(text: &str) -> Result<String, Fault> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let what = "it must be the name of a namespace: a-z, 0-9 and `-`, at most 63, with a letter or digit at both ends";
    words(text, 63, fits).then(|| text.to_owned()).ok_or_else(|| Fault::wrong(what))
}

/// The key of a label or a variable: the characters that the fleet's documents take too.
pub(super) fn key(text: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    let what = "a key here must be letters, digits, `-`, `_`, `.` and `/`, at most 253, with a letter or digit at both ends";
    words(text, 253, fits).then_some(()).ok_or_else(|| Fault::wrong(what))
}

/// The value of a label, as Kubernetes takes it.
pub(super) fn label(text: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let what = "a label's value must be letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends";
    (text.is_empty() || words(text, 63, fits)).then_some(()).ok_or_else(|| Fault::wrong(what))
}

/// One word that is taken; others may come.
fn only(text: &str, word: &str, others: &str) -> Result<(), Fault> {
    if text == word {
        return Ok(());
    }
    Err(meant(text, &[word]).map_or_else(|| Fault::NotYet(others.to_owned()), Fault::Wrong))
}

fn meant(text: &str, words: &[&str]) -> Option<String> {
    nearest(text, words.iter().copied()).map(|word| format!("there is no such value: did you mean {word}?"))
}

fn words(text: &str, most: usize, fits: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    text.len() <= most
        && ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && bytes.iter().all(|b| fits(*b))
}
