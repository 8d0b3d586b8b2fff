//! Values, most of them views into the object.

use crate::Fault;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'a, str>),
    List(List<'a>),
    Map(&'a Map<String, Json>),
    /// What `.?` gives.
    Optional(Option<Rc<Value<'a>>>),
}

/// A list of the object's, or one that was made.
#[derive(Debug, Clone)]
pub(crate) enum List<'a> {
    Json(&'a [Json]),
    Made(Rc<Vec<Value<'a>>>),
}

/// The least and the most that numbers of a type reach, as doubles.
const INTS: (f64, f64) = (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0);
const UINTS: (f64, f64) = (0.0, 18_446_744_073_709_551_616.0);

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                (None, Some(double)) => Self::Double(double),
                (None, None) => Self::Null,
            },
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(items) => Self::List(List::Json(items)),
            Json::Object(map) => Self::Map(map),
        }
    }
}

impl<'a> List<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = Value<'a>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    pub(crate) fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Self::Json(items) => items.get(index).map(Value::from),
            Self::Made(items) => items.get(index).cloned(),
        }
    }
}

impl<'a> Value<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Its type, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Uint(_) => "a uint",
            Self::Double(_) => "a double",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Optional(_) => "an optional",
        }
    }

    /// How much work it is to look at all of it.
    pub(crate) fn weight(&self) -> u32 {
        let bytes = match self {
            Self::Text(text) => text.len() / 32,
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            _ => 0,
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// Whether two values are the same. Numbers of different types may be; other values of different types are not. `step` is
    /// called for each part that is looked at, with its weight.
    pub(crate) fn equals(
        &self,
        other: &Self,
        step: &mut dyn FnMut(u32) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        step(self.weight())?;
        Ok(match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) if a.len() == b.len() => {
                all_equal(a.items().zip(b.items().map(Some)), step)?
            }
            (Self::Map(a), Self::Map(b)) if a.len() == b.len() => {
                all_equal(a.iter().map(|(key, value)| (value.into(), b.get(key).map(Value::from))), step)?
            }
            (Self::Optional(a), Self::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(b, step)?,
                (a, b) => a.is_none() && b.is_none(),
            },
            _ => self.number_order(other) == Some(Ordering::Equal),
        })
    }

    /// Which comes first; `None` for values that have no order, not a number among them.
    pub(crate) fn order(&self, other: &Self) -> Result<Option<Ordering>, Fault> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Ok(Some(a.cmp(b))),
            (Self::Text(a), Self::Text(b)) => Ok(Some(a.cmp(b))),
            _ if self.is_number() && other.is_number() => Ok(self.number_order(other)),
            _ => Err(Fault::Type(format!("{} cannot be compared with {}", self.kind(), other.kind()))),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_) | Self::Double(_))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of different types are compared as doubles")]
    fn number_order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Uint(a), Self::Uint(b)) => Some(a.cmp(b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Self::Uint(a), Self::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Self::Int(a), Self::Double(b)) => whole_and_double(*a as f64, INTS, *b),
            (Self::Uint(a), Self::Double(b)) => whole_and_double(*a as f64, UINTS, *b),
            (Self::Double(_), Self::Int(_) | Self::Uint(_)) => {
                other.number_order(self).map(Ordering::reverse)
            }
            _ => None,
        }
    }
}

/// Whether each value is the same as the one at its side, which may be missing.
fn all_equal<'a>(
    mut pairs: impl Iterator<Item = (Value<'a>, Option<Value<'a>>)>,
    step: &mut dyn FnMut(u32) -> Result<(), Fault>,
) -> Result<bool, Fault> {
    loop {
        let Some((a, b)) = pairs.next() else { return Ok(true) };
        let is_same = b.map(|b| a.equals(&b, step)).transpose()?;
        if is_same != Some(true) {
            return Ok(false);
        }
    }
}

/// As `cel-go` compares them: as doubles, but for doubles that no whole number of the type reaches.
fn whole_and_double(whole: f64, (least, most): (f64, f64), double: f64) -> Option<Ordering> {
    if double < least {
        return Some(Ordering::Greater);
    }
    if double > most {
        return Some(Ordering::Less);
    }
    whole.partial_cmp(&double)
}
