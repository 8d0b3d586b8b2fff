//! Text to trees.
//!
//! kubectl reads a file that begins with `{` as JSON values one after another, without anything between them, and
//! turns to YAML where JSON ends. So do we, but for the grammar we use one reader: JSON is YAML.

mod ambiguous;
mod build;
mod hint;
#[cfg(test)]
mod tests;

use crate::{Error, Limits, Mark, Node};
use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError};
use serde_json::value::RawValue;

use build::{Builder, Parts};

/// Reads all documents of a file. Documents that hold nothing, or null, are left out, as kubectl does.
///
/// # Errors
/// Text that is not UTF-8 or not YAML, an alias without its anchor, and each of `limits`. Types, duplicate keys
/// and merges are judged later, by [`Node::to_json`].
pub fn parse_documents(text: &[u8], limits: &Limits) -> Result<Vec<Node>, Error> {
    if text.len() > limits.bytes {
        return Err(Error::TooLarge { bytes: text.len(), limit: limits.bytes });
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let known = std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default();
        Error::NotUtf8 { mark: Origin::default().after(known).mark(1, 0) }
    })?;
    let mut builder = Builder::new(limits);
    let mut origin = Origin::default();
    let mut rest = text;
    for length in json_values(text) {
        let (value, after) = rest.split_at(length);
        read(value, origin, &mut builder)?;
        origin = origin.after(value);
        rest = after;
    }
    if let Some((before, problem)) = ambiguous::line_break(rest) {
        return Err(Error::Syntax { mark: origin.after(before).mark(1, 0), problem });
    }
    read(rest, origin, &mut builder)?;
    Ok(builder.into_documents())
}

/// Where a piece of the text begins.
#[derive(Clone, Copy, Default)]
struct Origin {
    lines: usize,
    columns: usize,
}

impl Origin {
    /// Where the next piece begins.
    fn after(self, piece: &str) -> Self {
        match piece.rsplit_once('\n') {
            None => Self { columns: self.columns + piece.chars().count(), ..self },
            Some((before, last)) => {
                Self { lines: self.lines + 1 + before.matches('\n').count(), columns: last.chars().count() }
            }
        }
    }

    /// The place in the file of a place in the piece, its line counted from 1 and its column from 0.
    fn mark(self, line: usize, column: usize) -> Mark {
        let column = if line == 1 { column + self.columns } else { column };
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        Mark { line: number(line + self.lines), column: number(column + 1) }
    }
}

/// The lengths of the JSON values that the text begins with, the space before each included. None where a single
/// one is the whole text, for then nothing is to be split.
fn json_values(text: &str) -> Vec<usize> {
    if !text.trim_start().starts_with('{') {
        return Vec::new();
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let mut ends = Vec::new();
    while let Some(Ok(_)) = values.next() {
        ends.push(values.byte_offset());
    }
    let mut start = 0;
    ends.iter().map(|end| end - std::mem::replace(&mut start, *end)).collect()
}

fn read(text: &str, origin: Origin, builder: &mut Builder<'_>) -> Result<(), Error> {
    for event in Parser::new_from_str_with_options(text, options(builder.limits())) {
        let (event, span) = event.map_err(|error| refusal(&error, origin, builder.limits()))?;
        let mark = origin.mark(span.start.line(), span.start.col());
        if let Some(problem) = ambiguous::event(&event, &span, text, builder.context()) {
            return Err(Error::Syntax { mark, problem: problem.into() });
        }
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                // The reader says `~` where nothing stands.
                let is_absent = style == ScalarStyle::Plain && span.is_empty();
                let value = if is_absent { "".into() } else { value };
                builder.scalar(build::scalar(value, style, tag.as_deref()), anchor, mark)?;
            }
            Event::SequenceStart(style, anchor, _) => builder.open(Parts::sequence(), style, anchor, mark)?,
            Event::MappingStart(style, anchor, _) => builder.open(Parts::mapping(), style, anchor, mark)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(mark)?,
            Event::Alias(anchor) => builder.alias(anchor, mark)?,
            Event::DocumentEnd => builder.end_document(),
            _ => {}
        }
    }
    Ok(())
}

fn options(limits: &Limits) -> Options {
    granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
    }
}

fn refusal(error: &ScanError, origin: Origin, limits: &Limits) -> Error {
    let mark = origin.mark(error.marker().line(), error.marker().col());
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => Error::TooDeep { mark, limit: limits.depth },
        kind => Error::Syntax { mark, problem: hint::explain(kind) },
    }
}
