//! The server's words, made fit to be shown: short, and without what must stay secret.

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::de::IoRead;

/// The longest message that is kept, bytes.
pub(super) const MAX: usize = 1024;

/// What stands in place of a secret value.
const MASK: &str = "***";

/// At most [`MAX`] bytes on one line.
pub(super) fn bounded(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let mut line = line.join(" ");
    if line.len() > MAX {
        let end = (0..=MAX).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
        line.truncate(end);
        line.push('…');
    }
    line
}

/// A validation's complaint without the objects that it quotes: a changed Job's holds the whole template, a changed claim's a diff.
pub(super) fn without_values(message: &str) -> String {
    let message = message.split("\n@@").next().unwrap_or_default();
    let Some(value) = message.strip_prefix("Invalid value: ") else { return message.to_owned() };
    if !value.starts_with(['{', '[']) {
        return message.to_owned();
    }
    let mut values = serde_json::Deserializer::new(IoRead::new(value.as_bytes())).into_iter::<IgnoredAny>();
    let rest = match values.next() {
        Some(Ok(_)) => value.get(values.byte_offset()..).unwrap_or_default(),
        _ => value.rsplit_once("}: ").map_or("", |(_, rest)| rest),
    };
    rest.trim_start_matches(": ").to_owned()
}

/// Takes the values of a Secret out of a message. The server masks them in its validation, but neither in its schema check nor in what
/// a webhook or policy says. The quoted parts go, and every value of the manifest wherever it stands.
pub(super) fn masked(message: &str, secret: &Value) -> String {
    let mut text: String = message.lines().map(without_quotes).collect::<Vec<_>>().join(" ");
    let mut values = Vec::new();
    for map in ["data", "stringData"] {
        secret.get(map).into_iter().for_each(|map| collect(map, &mut values));
    }
    // Longer ones first, so that no piece of one is left when a shorter one is masked.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in values {
        text = text.replace(&value, MASK);
    }
    bounded(&text)
}

/// A line without the values that the server quotes in it.
fn without_quotes(line: &str) -> String {
    let typed = line.split(", got ").next().unwrap_or_default();
    match typed.split_once("Invalid value: ") {
        Some((before, value)) => {
            let after = value.rsplit_once(": ").map_or("", |(_, after)| after);
            format!("{before}Invalid value: {after}")
        }
        None => typed.to_owned(),
    }
}

/// All texts and numbers below a value, as written, as JSON writes them, and decoded.
fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|value| collect(value, into)),
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        Value::Null => (),
        Value::Bool(_) | Value::Number(_) => into.push(value.to_string()),
        Value::String(text) => {
            into.extend(spellings(text));
            into.extend(decoded(text).iter().flat_map(|text| spellings(text)));
        }
    }
}

fn spellings(text: &str) -> Vec<String> {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut all = vec![text.to_owned(), inner.unwrap_or_default().to_owned()];
    all.extend(text.lines().map(|line| line.trim().to_owned()));
    // What is shorter would be masked in every other word, and tells nothing.
    all.retain(|text| text.len() > 2);
    all
}

fn decoded(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}
