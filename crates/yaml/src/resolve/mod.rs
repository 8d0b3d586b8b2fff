//! What type a scalar has: the rules of go-yaml v2, which sigs.k8s.io/yaml and so kubectl use.

mod base64;
mod number;
#[cfg(test)]
mod tests;

use crate::{Kind, Node, Scalar, Style};
use std::borrow::Cow;

pub(crate) use number::{json_number, key_of_float};

/// The tag of `<<`, by which a quoted one merges too.
pub(crate) const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

const CORE: &str = "tag:yaml.org,2002:";

/// A scalar with its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Only what does not fit an `i64`.
    Uint(u64),
    Float(f64),
    Text(Cow<'a, str>),
}

/// The type of a scalar.
///
/// # Errors
/// The short form of the tag that the text does not fit.
pub(crate) fn resolve(scalar: &Scalar) -> Result<Resolved<'_>, &'static str> {
    let text = scalar.text.as_str();
    let Some(tag) = scalar.tag.as_deref() else {
        return Ok(if scalar.style == Style::Plain { plain(text) } else { Resolved::Text(text.into()) });
    };
    let name = tag.strip_prefix(CORE).unwrap_or_default();
    match (name, plain(text)) {
        ("bool", value @ Resolved::Bool(_))
        | ("null", value @ Resolved::Null)
        | ("int", value @ (Resolved::Int(_) | Resolved::Uint(_)))
        | ("float", value @ Resolved::Float(_)) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "`!!float` asks for it")]
        ("float", Resolved::Int(value)) => Ok(Resolved::Float(value as f64)),
        ("bool", _) => Err("!!bool"),
        ("null", _) => Err("!!null"),
        ("int", _) => Err("!!int"),
        ("float", _) => Err("!!float"),
        ("timestamp", _) if !is_date(text) => Err("!!timestamp"),
        ("binary", _) => base64::decode(text).map(Resolved::Text).ok_or("!!binary"),
        _ => Ok(Resolved::Text(text.into())),
    }
}

/// The type of a text without quotes and tag. Dates and times of day are strings.
pub(crate) fn plain(text: &str) -> Resolved<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Resolved::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Resolved::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ => number::number(text).unwrap_or(Resolved::Text(text.into())),
    }
}

/// Whether a string in plain style would read as a string, here and with other YAML readers: YAML 1.1 also knows
/// dates, numbers to the base of 60, `=` and `<<`, and 1.2 other octals.
pub(crate) fn is_surely_text(text: &str) -> bool {
    let like_a_number = |byte: u8| byte.is_ascii_hexdigit() || b"+-_.:oOxX".contains(&byte);
    let is_like_a_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.bytes().all(like_a_number)
        && text.bytes().any(|byte| byte.is_ascii_digit());
    let has_another_type = !matches!(plain(text), Resolved::Text(_));
    let has_another_meaning = matches!(text, "=" | "<<") || is_date(text) || is_like_a_number;
    !has_another_type && !has_another_meaning
}

/// Whether `<<` means a merge here, as go-yaml decides it.
pub(crate) fn is_merge(key: &Node) -> bool {
    let Kind::Scalar(Scalar { text, style, tag }) = &key.kind else { return false };
    text == "<<"
        && match tag.as_deref() {
            None => *style == Style::Plain,
            Some(tag) => tag == MERGE_TAG || tag == "!",
        }
}

/// Whether a document holds nothing.
pub(crate) fn is_null(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| resolve(scalar) == Ok(Resolved::Null))
}

/// Whether a text begins as a date does: `2001-12-14`, alone or with a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, most: usize| {
        part.is_some_and(|part| {
            !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let year = parts.next();
    digits(year, 4)
        && year.is_some_and(|year| year.len() == 4)
        && digits(parts.next(), 2)
        && parts.next().is_some_and(|day| day.starts_with(|c: char| c.is_ascii_digit()))
}
