//! Spellings that YAML 1.2 and kubectl's YAML 1.1 both take, but read as different things. They are refused, for
//! silently meaning something else than kubectl does would be worse.

use granit_parser::{Event, Marker, ScalarStyle, Span};

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

/// Where an event stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Context {
    Top,
    Block,
    Brackets,
}

/// What is ambiguous about an event of `source`.
pub(super) fn event(event: &Event<'_>, span: &Span, source: &str, context: Context) -> Option<&'static str> {
    match (event, context) {
        (Event::Anchor(_, name), _) => {
            let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let problem =
                "name the anchor with letters, digits, `-` and `_` only, for kubectl ends the name at others";
            (!name.bytes().all(is_known)).then_some(problem)
        }
        (Event::Scalar(text, ScalarStyle::Literal | ScalarStyle::Folded, ..), Context::Top) => {
            let is_unindented = span.start.col() == 0 && !text.is_empty();
            is_unindented.then_some("indent this text, for kubectl ends it where lines begin at the margin")
        }
        (Event::Scalar(text, ScalarStyle::Plain, ..), Context::Brackets) => in_brackets(text, span, source),
        _ => None,
    }
}

fn in_brackets(text: &str, span: &Span, source: &str) -> Option<&'static str> {
    let behind = |end: Marker| end.byte_offset().and_then(|end| source.get(end..)).unwrap_or_default();
    let mut next = behind(span.end).trim_start().chars();
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
    let tag_goes_on = span.tag_span().is_some_and(|tag| behind(tag.end).starts_with(','));
    tag_goes_on.then_some("put a space behind the tag, for kubectl takes the comma for a part of it")
}
