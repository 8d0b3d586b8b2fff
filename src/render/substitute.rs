//! Values into a manifest's tree, before its plain scalars get their types.
//!
//! A value is text inside of one scalar: whatever it holds, it adds no key, no item and no document. `replicas: ${N}` becomes a
//! number, for the scalar is plain; `"${N}"` stays a text. What is put in is not looked at again.

use crate::model::{Piece, Template, TemplateError, nearest};
use standfast_yaml::{Mark, Node, Scalar, Style};
use std::collections::BTreeMap;

/// What manifests may refer to, and how much may still be put in.
#[derive(Debug)]
pub(super) struct Values<'a> {
    pub(super) known: &'a BTreeMap<String, String>,
    /// Bytes left. Small references can ask for large values, many times over.
    pub(super) budget: usize,
}

/// Why a text cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfilled {
    Template(TemplateError),
    UnknownName { name: String, nearest: Option<String> },
    TooMuch,
}

impl Values<'_> {
    /// Fills every key and value of a document; the mark says in which scalar it failed.
    pub(super) fn fill(&mut self, document: &mut Node) -> Result<(), (Mark, Unfilled)> {
        document.scalars_mut(&mut |scalar, mark| self.scalar(scalar).map_err(|unfilled| (mark, unfilled)))
    }

    fn scalar(&mut self, scalar: &mut Scalar) -> Result<(), Unfilled> {
        if !scalar.text.contains("${") {
            return Ok(());
        }
        scalar.text = self.text(&scalar.text)?;
        if scalar.text == "<<" {
            // As a plain key it would merge: structure, made of a value.
            scalar.style = Style::DoubleQuoted;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<String, Unfilled> {
        let template = Template::parse(text, is_name).map_err(Unfilled::Template)?;
        let mut filled = String::new();
        for piece in template.pieces {
            let text = piece_of(piece, self.known)?;
            self.budget = self.budget.checked_sub(text.len()).ok_or(Unfilled::TooMuch)?;
            filled.push_str(text);
        }
        Ok(filled)
    }
}

/// A default stands in where there is no value or an empty one, as in a shell.
fn piece_of<'a>(piece: Piece<'a>, known: &'a BTreeMap<String, String>) -> Result<&'a str, Unfilled> {
    let (name, default) = match piece {
        Piece::Text(text) => return Ok(text),
        Piece::Reference { name, default } => (name, default),
    };
    match (known.get(name).map(String::as_str), default) {
        (None | Some(""), Some(default)) => Ok(default),
        (Some(value), _) => Ok(value),
        (None, None) => {
            let nearest = nearest(name, known.keys().map(String::as_str)).map(str::to_owned);
            Err(Unfilled::UnknownName { name: name.chars().take(80).collect(), nearest })
        }
    }
}

/// `[A-Za-z_][A-Za-z0-9_]*`, as in a shell.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
