//! One scalar in the style that it asks for, or the nearest one that can hold its text.

use crate::resolve::is_surely_text;
use crate::{Scalar, Style};
use std::fmt::Write as _;

const CORE: &str = "tag:yaml.org,2002:";

/// The scalar with its tag. `block` is the column for the lines of a block scalar, where one may stand; then the
/// result ends with a line feed.
pub(super) fn render(scalar: &Scalar, block: Option<usize>) -> String {
    let mut out = scalar.tag.as_deref().map(tag).unwrap_or_default();
    let text = scalar.text.as_str();
    let is_bare = text.is_empty() && scalar.style == Style::Plain;
    if scalar.tag.is_some() && !is_bare {
        out.push(' ');
    }
    match (scalar.style, block) {
        (Style::Plain, _) if text.is_empty() || is_plain(text) => out.push_str(text),
        (Style::SingleQuoted, _) if is_one_line(text) => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
        (Style::Literal | Style::Folded, Some(column)) if is_literal(text) => literal(&mut out, text, column),
        _ => double_quoted(&mut out, text),
    }
    out
}

/// The style in which a text reads as a string and that is nice to read.
pub(crate) fn style_of_string(text: &str) -> Style {
    if is_plain(text) && is_surely_text(text) {
        Style::Plain
    } else if text.contains('\n') && is_literal(text) {
        Style::Literal
    } else {
        Style::DoubleQuoted
    }
}

fn tag(tag: &str) -> String {
    match (tag.strip_prefix(CORE), tag.strip_prefix('!')) {
        (Some(name), _) if !name.is_empty() => format!("!!{}", escape_uri(name, "")),
        (_, Some(name)) => format!("!{}", escape_uri(name, "")),
        _ => format!("!<{}>", escape_uri(tag, ",")),
    }
}

/// Leaves what may stand in any kind of tag, and `others`.
fn escape_uri(text: &str, others: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || b"-_.:/;?@&=+$~*'()#".contains(&byte)
            || others.as_bytes().contains(&byte)
        {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Whether a text can stand without quotes in a block collection or at the top, on one line. It is stricter than
/// the grammar, so that other readers agree.
fn is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let begins_well = match chars.next() {
        None => false,
        Some('-') => chars.next().is_some_and(|second| second != ' ') && !text.starts_with("---"),
        Some('.') => !text.starts_with("..."),
        Some(first) => !"?:,[]{}#&*!|>'\"%@`".contains(first),
    };
    begins_well
        && is_one_line(text)
        && !text.contains('\t')
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
}

/// Whether all characters can stand as they are, without a line break.
fn is_one_line(text: &str) -> bool {
    text.chars().all(|c| c != '\n' && is_printable(c))
}

/// Whether a text can be a literal block. Lines of blanks alone are left to quotes, where they can be seen.
fn is_literal(text: &str) -> bool {
    text.chars().all(is_printable)
        && text.chars().any(|c| c != '\n')
        && text.split('\n').all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
}

/// What every reader takes as an ordinary character, the line feed included. YAML 1.1 takes U+0085, U+2028 and
/// U+2029 for line breaks.
fn is_printable(c: char) -> bool {
    match c {
        '\t' | '\n' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => !c.is_control(),
    }
}

fn literal(out: &mut String, text: &str, column: usize) {
    out.push('|');
    if text.starts_with([' ', '\t', '\n']) {
        let _ = write!(out, "{}", super::STEP);
    }
    let body = text.trim_end_matches('\n');
    match text.len() - body.len() {
        0 => out.push('-'),
        1 => {}
        _ => out.push('+'),
    }
    out.push('\n');
    for line in body.split('\n') {
        if !line.is_empty() {
            super::push_spaces(out, column);
            out.push_str(line);
        }
        out.push('\n');
    }
    out.push_str(text[body.len()..].get(1..).unwrap_or_default());
}

fn double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
        }
    }
    out.push('"');
}
