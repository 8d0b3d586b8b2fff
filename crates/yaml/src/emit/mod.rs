//! Trees to text.
//!
//! Collections are written in block style as kubectl writes them, with lists not indented below their key, and
//! empty ones as `[]` and `{}`. A scalar keeps its style where its text allows that; `>` is written as `|`.

mod scalar;
#[cfg(test)]
mod tests;

use crate::{Kind, Node};

pub(crate) use scalar::style_of_string;

/// Columns between a mapping's keys and those of a mapping in it.
const STEP: usize = 2;

/// A key longer than this is written behind `?`, for readers look at most 1024 characters ahead for its `:`.
const LONGEST_SIMPLE_KEY: usize = 1000;

/// Writes documents with `---` between them. What it writes reads back as the same documents, but for those that
/// are null, which readers leave out.
pub fn emit(documents: &[Node]) -> String {
    let mut out = String::new();
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        write(&mut out, document, 0, Place::Top);
    }
    out
}

/// What stands before a value on its line.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Nothing.
    Top,
    /// `key:`
    Key,
    /// `-`, `?` or `:`, on whose line a collection may begin.
    Indicator,
}

/// Writes a value and the end of its last line. `indent` is the column of the collection that the value is in.
fn write(out: &mut String, node: &Node, indent: usize, place: Place) {
    let inline = match &node.kind {
        Kind::Scalar(scalar) => scalar::render(scalar, (place != Place::Top).then_some(indent + STEP)),
        Kind::Sequence(items) if items.is_empty() => "[]".into(),
        Kind::Mapping(entries) if entries.is_empty() => "{}".into(),
        Kind::Sequence(items) => {
            let column = begin(out, indent, place, 0);
            return write_sequence(out, items, column);
        }
        Kind::Mapping(entries) => {
            let column = begin(out, indent, place, STEP);
            return write_mapping(out, entries, column);
        }
    };
    if place != Place::Top && !inline.is_empty() {
        out.push(' ');
    }
    out.push_str(&inline);
    // A block scalar brings its own.
    if !inline.ends_with('\n') {
        out.push('\n');
    }
}

/// Leads to the first entry of a collection and gives the column of its entries.
fn begin(out: &mut String, indent: usize, place: Place, below_key: usize) -> usize {
    match place {
        Place::Top => indent,
        Place::Key => {
            out.push('\n');
            push_spaces(out, indent + below_key);
            indent + below_key
        }
        Place::Indicator => {
            out.push(' ');
            indent + STEP
        }
    }
}

fn write_sequence(out: &mut String, items: &[Node], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            push_spaces(out, indent);
        }
        out.push('-');
        write(out, item, indent, Place::Indicator);
    }
}

fn write_mapping(out: &mut String, entries: &[(Node, Node)], indent: usize) {
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            push_spaces(out, indent);
        }
        if let Some(name) = simple_key(key) {
            out.push_str(&name);
            out.push(':');
            write(out, value, indent, Place::Key);
        } else {
            out.push('?');
            write(out, key, indent, Place::Indicator);
            push_spaces(out, indent);
            out.push(':');
            write(out, value, indent, Place::Indicator);
        }
    }
}

/// A key that stands on one line before its `:`.
fn simple_key(key: &Node) -> Option<String> {
    let scalar = key.scalar()?;
    let text = scalar::render(scalar, None);
    // A tag alone would take the colon for a part of itself.
    let is_bare_tag = scalar.tag.is_some() && !text.contains(' ');
    (!text.is_empty() && !is_bare_tag && text.len() <= LONGEST_SIMPLE_KEY).then_some(text)
}

fn push_spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}
