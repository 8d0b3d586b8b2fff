//! What a document may hold, as a table: one and the same is checked against documents and printed as a JSON schema.

use super::place::Inside;
use crate::model::nearest;
use serde_json::Value;

/// The form of a value.
#[derive(Debug)]
pub(super) enum Shape {
    /// Whatever it is, it is ignored.
    Reserved,
    /// A boolean.
    Bool,
    /// A whole number from 0.
    Count,
    /// A text of some form.
    Text(&'static Form),
    /// One of these words; the second ones are known and not built yet.
    Choice(&'static [&'static str], &'static [&'static str]),
    /// A list, of so many items at most.
    List(&'static Shape, usize),
    /// A mapping of free keys.
    Map(&'static Form, &'static Shape),
    /// A mapping of known fields.
    Record(&'static [Field]),
}

/// A form that texts may have.
#[derive(Debug)]
pub(super) struct Form {
    /// What it is, with an example: "a duration such as 5m or 1h30m".
    pub(super) what: &'static str,
    /// The same as a regular expression, for the schema, where one says exactly what `fits` does.
    pub(super) pattern: Option<&'static str>,
    /// Whether a text has it.
    pub(super) fits: fn(&str) -> bool,
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) need: Need,
    pub(super) shape: Shape,
    pub(super) about: &'static str,
}

/// Whether a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    /// It is known and not built yet: it must not be there.
    NotYet,
}

/// Where a document differs from its shape. Values are not shown: a variable may be a secret that somebody put there by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) inside: Inside,
    pub(super) what: FaultKind,
}

/// How it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// A field that nobody knows, and the nearest one that is known.
    Unknown { name: String, nearest: Option<&'static str> },
    /// A field that has to be there.
    Missing(&'static str),
    /// A value of another form than this.
    Wrong(String),
    /// Something that is not built yet.
    NotYet(String),
}

/// Most keys of a mapping with free keys: labels and variables are for people to read.
const MAX_KEYS: usize = 500;
/// Longest text, in bytes.
const MAX_TEXT: usize = 4096;

/// Whether the value has the shape; else the first place where it does not.
pub(super) fn check(value: &Value, shape: &Shape, inside: &Inside) -> Result<(), Fault> {
    let wrong = |what: String| Err(Fault { inside: inside.clone(), what: FaultKind::Wrong(what) });
    if value.is_null() && !matches!(shape, Shape::Reserved) {
        return wrong(format!("it has no value: write {} or remove the key", shape.noun()));
    }
    match (shape, value) {
        (Shape::Reserved, _) | (Shape::Bool, Value::Bool(_)) => Ok(()),
        (Shape::Count, Value::Number(number)) if number.as_u64().is_some() => Ok(()),
        (Shape::Text(form), Value::String(text)) if text.len() <= MAX_TEXT && (form.fits)(text) => Ok(()),
        (Shape::Text(form), Value::String(_)) => wrong(format!("it must be {}", form.what)),
        (Shape::Text(_), Value::Number(_) | Value::Bool(_)) => {
            wrong("it must be a text: put it in quotes".to_owned())
        }
        (Shape::Choice(now, later), Value::String(word)) => choice(word, now, later, inside),
        (Shape::List(item, most), Value::Array(items)) => {
            if items.len() > *most {
                return wrong(format!("it has {} items, more than {most}", items.len()));
            }
            let mut each = items.iter().enumerate();
            each.try_for_each(|(index, value)| check(value, item, &inside.index(index)))
        }
        (Shape::Map(key, item), Value::Object(map)) => {
            if map.len() > MAX_KEYS {
                return wrong(format!("it has {} keys, more than {MAX_KEYS}", map.len()));
            }
            if let Some(bad) = map.keys().find(|name| !(key.fits)(name)) {
                let what = FaultKind::Wrong(format!("a key here must be {}", key.what));
                return Err(Fault { inside: inside.key(bad), what });
            }
            map.iter().try_for_each(|(name, value)| check(value, item, &inside.key(name)))
        }
        (Shape::Record(fields), Value::Object(map)) => record(map, fields, inside),
        _ => wrong(format!("it must be {}", shape.noun())),
    }
}

fn record(
    map: &serde_json::Map<String, Value>,
    fields: &'static [Field],
    inside: &Inside,
) -> Result<(), Fault> {
    for (name, value) in map {
        let at = inside.key(name);
        match fields.iter().find(|field| field.name == name) {
            Some(field) if field.need == Need::NotYet => {
                return Err(Fault { inside: at, what: FaultKind::NotYet(name.clone()) });
            }
            Some(field) => check(value, &field.shape, &at)?,
            None => {
                let nearest = nearest(name, fields.iter().map(|field| field.name));
                return Err(Fault { inside: at, what: FaultKind::Unknown { name: name.clone(), nearest } });
            }
        }
    }
    let missing = fields.iter().find(|field| field.need == Need::Required && !map.contains_key(field.name));
    match missing {
        Some(field) => Err(Fault { inside: inside.clone(), what: FaultKind::Missing(field.name) }),
        None => Ok(()),
    }
}

fn choice(word: &str, now: &[&str], later: &[&str], inside: &Inside) -> Result<(), Fault> {
    let fault = |what| Err(Fault { inside: inside.clone(), what });
    match word {
        _ if now.contains(&word) => Ok(()),
        _ if later.contains(&word) => fault(FaultKind::NotYet(format!("the value {word}"))),
        _ => fault(FaultKind::Wrong(format!("it must be {}", one_of(now)))),
    }
}

/// `a`, `a or b`, `one of a, b, c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [word] => (*word).to_owned(),
        [a, b] => format!("{a} or {b}"),
        _ => format!("one of {}", words.join(", ")),
    }
}

impl Shape {
    /// What a value of this shape is called.
    fn noun(&self) -> String {
        match self {
            Self::Reserved => "anything".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Count => "a whole number".to_owned(),
            Self::Text(form) => form.what.to_owned(),
            Self::Choice(now, _) => one_of(now),
            Self::List(..) => "a list".to_owned(),
            Self::Map(..) | Self::Record(_) => "a mapping".to_owned(),
        }
    }
}
