//! Spellings that YAML 1.2 and kubectl's YAML 1.1 both take, but read as different things. They are refused, for
//! silently meaning something else than kubectl does would be worse.

use granit_parser::{Event, ScalarStyle};

/// U+0085, U+2028 and U+2029 end a line for kubectl, even in a comment, and are ordinary characters in YAML 1.2.
/// Gives the text before the first one and what is wrong with it.
pub(super) fn line_break(text: &str) -> Option<(&str, String)> {
    let (at, found) = text.char_indices().find(|(_, c)| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'))?;
    let code = u32::from(found);
    let problem = format!(
        "the character U+{code:04X} stands here, a line break to kubectl; remove it, or write \"\\u{code:04x}\" in \
         double quotes"
    );
    Some((&text[..at], problem))
}

/// What is ambiguous about a plain scalar between brackets. `after` is the text behind it.
pub(super) fn in_brackets(event: &Event<'_>, after: &str) -> Option<&'static str> {
    let Event::Scalar(text, ScalarStyle::Plain, _, tag) = event else { return None };
    let mut next = after.trim_start().chars();
    if next.next() == Some(':') && next.next().is_none_or(|c| ",[]{}".contains(c)) {
        return Some(
            "put a space behind the colon if this is a key, or quotes around the text if it is none",
        );
    }
    if text.starts_with(['?', ':']) {
        return Some(
            "put the text in quotes, for between brackets kubectl reads its first character by itself",
        );
    }
    (tag.is_some() && text.is_empty()).then_some("a tag needs a value, and a space before it")
}
