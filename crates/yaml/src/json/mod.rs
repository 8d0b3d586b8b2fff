//! Trees to JSON values and back.

#[cfg(test)]
mod tests;

use crate::resolve::{Resolved, is_merge, json_number, key_of_float, resolve};
use crate::{Error, Kind, Mark, Node, Scalar, Style};
use serde_json::{Map, Value};
use std::collections::HashMap;

impl Node {
    /// The value with the types that sigs.k8s.io/yaml, and so `kubectl apply`, gives it.
    ///
    /// Keys that are numbers or booleans become strings (`on: x` is `{"true": "x"}`). A whole number is an integer,
    /// however it is written. Merges go in file order, as in go-yaml v2: `<<` at the top of a mapping gives
    /// defaults, while below other keys it replaces them; in a list of mappings the first has the last word.
    ///
    /// Recursion goes as deep as the tree: keep trees that [`parse_documents`](crate::parse_documents) did not make
    /// within its default depth.
    ///
    /// # Errors
    /// Keys that read the same, keys that are null or collections, `<<` with something else than mappings, a
    /// text that its tag does not fit, and numbers that JSON does not have.
    pub fn to_json(&self) -> Result<Value, Error> {
        match &self.kind {
            Kind::Scalar(scalar) => scalar_json(scalar, self.mark),
            Kind::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Kind::Mapping(entries) => {
                let mut map = Map::new();
                fill(&mut map, entries)?;
                Ok(Value::Object(map))
            }
        }
    }

    /// A tree for a JSON value, its strings in a style that keeps them strings. It has no places.
    pub fn from_json(value: &Value) -> Self {
        let plain = |text: String| Kind::Scalar(Scalar { text, style: Style::Plain, tag: None }).into();
        match value {
            Value::Null => plain("null".into()),
            Value::Bool(value) => plain(value.to_string()),
            Value::Number(value) => plain(value.to_string()),
            Value::String(text) => Self::string(text.as_str()),
            Value::Array(items) => Kind::Sequence(items.iter().map(Self::from_json).collect()).into(),
            Value::Object(map) => {
                let entry =
                    |(key, value): (&String, &Value)| (Self::string(key.as_str()), Self::from_json(value));
                Kind::Mapping(map.iter().map(entry).collect()).into()
            }
        }
    }
}

/// Puts the entries of a mapping into `map`, later ones over earlier ones. A merge fills the same map, so that a
/// chain of merges costs no more than its length.
fn fill(map: &mut Map<String, Value>, entries: &[(Node, Node)]) -> Result<(), Error> {
    let mut seen = HashMap::with_capacity(entries.len());
    for (key, value) in entries {
        if is_merge(key) {
            merge(map, value)?;
            continue;
        }
        let name = key_name(key)?;
        if let Some(first) = seen.insert(name.clone(), key.mark) {
            let key_shown = name.chars().take(64).collect();
            return Err(Error::DuplicateKey { key: key_shown, first, second: key.mark });
        }
        map.insert(name, value.to_json()?);
    }
    Ok(())
}

fn merge(map: &mut Map<String, Value>, source: &Node) -> Result<(), Error> {
    match &source.kind {
        Kind::Mapping(entries) => fill(map, entries),
        Kind::Sequence(items) => items.iter().rev().try_for_each(|item| match &item.kind {
            Kind::Mapping(entries) => fill(map, entries),
            _ => Err(Error::Merge { mark: item.mark }),
        }),
        Kind::Scalar(_) => Err(Error::Merge { mark: source.mark }),
    }
}

fn key_name(key: &Node) -> Result<String, Error> {
    let unfit = |what| Error::Key { mark: key.mark, what };
    let scalar = match &key.kind {
        Kind::Scalar(scalar) => scalar,
        Kind::Sequence(_) => return Err(unfit("a list")),
        Kind::Mapping(_) => return Err(unfit("a mapping")),
    };
    match resolve(scalar).map_err(|tag| Error::Tag { mark: key.mark, tag })? {
        Resolved::Null => Err(unfit("null")),
        Resolved::Uint(_) => Err(unfit("a number of 2^63 or more")),
        Resolved::Bool(value) => Ok(value.to_string()),
        Resolved::Int(value) => Ok(value.to_string()),
        Resolved::Float(value) => Ok(key_of_float(value)),
        Resolved::Text(text) => Ok(text.into_owned()),
    }
}

fn scalar_json(scalar: &Scalar, mark: Mark) -> Result<Value, Error> {
    Ok(match resolve(scalar).map_err(|tag| Error::Tag { mark, tag })? {
        Resolved::Null => Value::Null,
        Resolved::Bool(value) => value.into(),
        Resolved::Int(value) => value.into(),
        Resolved::Uint(value) => value.into(),
        Resolved::Float(value) => json_number(value).ok_or(Error::NotFinite { mark })?.into(),
        Resolved::Text(text) => text.into_owned().into(),
    })
}
