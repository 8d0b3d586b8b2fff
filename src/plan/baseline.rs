//! What an apply left behind, and whether it still stands.
//!
//! What counts is the server's answer, never the manifest: the fields of our `Apply` entry there, and their values as the server
//! holds them. A live object that has other values in these fields has drifted; whatever else changes in it is not ours to judge.

use super::canonical::{feed, feed_length, feed_text};
use super::fields::{Element, Fields, MAX_DEPTH, NOTHING, Path, leaves, owns, pointer};
use super::managed;
use crate::model::{Baseline, Digest, Live, Object};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A field that somebody took from us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// A JSON pointer into the live object.
    pub path: String,
    /// Who owns it now; `None` if it was removed.
    pub by: Option<String>,
}

/// Takes the baseline of an apply from the server's response. `None` if the response does not show our fields, which a server
/// that knows server-side apply never does.
pub fn take(response: &Live, desired: &Object, digest: Digest) -> Option<Baseline> {
    let fields = settle(managed::ours(response)?, Some(&response.value), Some(&desired.value()), 0)?;
    let values = values(&fields, response)?;
    let fields = serde_json::to_string(&fields).ok()?;
    Some(Baseline { desired: digest, fields, values })
}

/// Whether a live object differs from what our last apply left. It must have been read in the version in which it was applied,
/// for fields have other names in others, and with its managed fields. A record that cannot be read counts as drift: writing again
/// makes a new one.
pub fn has_drifted(live: &Live, baseline: &Baseline) -> bool {
    serde_json::from_str::<Fields>(&baseline.fields).ok().and_then(|fields| values(&fields, live))
        != Some(baseline.values)
}

/// Which fields drifted, and by whom, as far as the managed fields tell: whoever changes or removes a field of ours takes it
/// out of our entry.
pub fn taken(live: &Live, baseline: &Baseline) -> Vec<Taken> {
    let mut found = Vec::new();
    each_taken(live, baseline, &mut |path| {
        let by = managed::others(live).find(|(_, fields)| owns(fields, path)).map(|(name, _)| name);
        found.push(Taken {
            path: pointer(path, &live.value),
            by: by.map(|name| name.chars().take(64).collect()),
        });
    });
    found
}

/// Hands over every path of the baseline that our entry in the live object no longer holds.
pub(super) fn each_taken(live: &Live, baseline: &Baseline, visit: &mut dyn FnMut(&Path<'_>)) {
    let Ok(before) = serde_json::from_str::<Fields>(&baseline.fields) else { return };
    let none = Fields::new();
    let now = managed::ours(live).unwrap_or(&none);
    // Below an item that is lost as a whole nothing more is told.
    let mut lost: Vec<String> = Vec::new();
    let mut each = |path: &Path<'_>| {
        if owns(now, path)
            || is_below(path, &lost)
            || (path.last() == Some(&NOTHING) && !is_filled_as_a_whole(live, path))
        {
            return;
        }
        if let [item @ .., "."] = path {
            lost = item.iter().map(ToString::to_string).collect();
        }
        visit(path);
    };
    // A malformed record was found out by `has_drifted`; here it only means fewer paths to show.
    let _ = leaves(&before, &mut Vec::new(), &mut each);
}

/// The field set as it is kept. The set alone does not tell a container that we applied empty from a list or map that is owned as
/// a whole: one that the server or others filled is ours only in that it is there, and one that the server left out may be filled
/// by others.
fn settle(
    fields: &Fields,
    response: Option<&Value>,
    desired: Option<&Value>,
    depth: usize,
) -> Option<Fields> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut kept = Fields::new();
    for (raw, below) in fields {
        let element = Element::parse(raw)?;
        let below = below.as_object()?;
        let there = response.and_then(|value| element.first(value));
        let written = desired.and_then(|value| element.first_written(value));
        let below = if below.is_empty() && element != Element::Itself {
            match there {
                _ if !written.is_some_and(is_empty) => Fields::new(),
                Some(value) if is_filled(value) => only("."),
                Some(_) => Fields::new(),
                None => only(NOTHING),
            }
        } else {
            settle(below, there, written, depth + 1)?
        };
        kept.insert(raw.clone(), Value::Object(below));
    }
    Some(kept)
}

/// The digest of the values of these fields.
fn values(fields: &Fields, live: &Live) -> Option<Digest> {
    let others: Vec<_> = managed::others(live).map(|(_, fields)| fields).collect();
    let mut hasher = Sha256::new();
    pick(&mut hasher, fields, Some(&live.value), &others, 0)?;
    Some(Digest::from_bytes(hasher.finalize().into()))
}

fn pick(
    hasher: &mut Sha256,
    fields: &Fields,
    value: Option<&Value>,
    others: &[&Fields],
    depth: usize,
) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut entries: Vec<_> = fields.iter().collect();
    entries.sort_unstable_by_key(|(raw, _)| *raw);
    for (raw, below) in entries {
        let element = Element::parse(raw)?;
        let below = below.as_object()?;
        let found = value.map(|value| element.all(value)).unwrap_or_default();
        let others: Vec<_> = others.iter().filter_map(|fields| fields.get(raw)?.as_object()).collect();
        feed_text(hasher, *b"p", raw);
        if below.contains_key(NOTHING) {
            let is_theirs = others.iter().any(|fields| has_content(fields));
            found.iter().filter(|_| !is_theirs).for_each(|value| feed(hasher, value));
            continue;
        }
        feed_length(hasher, *b"*", found.len());
        if element == Element::Itself {
            continue;
        }
        if below.is_empty() {
            for value in found {
                feed_leaf(hasher, value, &others);
            }
            continue;
        }
        if found.is_empty() {
            pick(hasher, below, None, &others, depth + 1)?;
        }
        for value in found {
            pick(hasher, below, Some(value), &others, depth + 1)?;
        }
    }
    Some(())
}

/// A field's value. A container in which others own something can only be one that we applied empty: what is in it is theirs.
fn feed_leaf(hasher: &mut Sha256, value: &Value, others: &[&Fields]) {
    let is_shared = others.iter().any(|fields| has_content(fields));
    match value {
        Value::Object(_) if is_shared => feed_length(hasher, *b"{", 0),
        Value::Array(_) if is_shared => feed_length(hasher, *b"[", 0),
        _ => feed(hasher, value),
    }
}

/// Whether somebody filled, as a whole, a container that we applied empty and the server left out.
fn is_filled_as_a_whole(live: &Live, path: &Path<'_>) -> bool {
    let container = &path[..path.len().saturating_sub(1)];
    let inside = |fields| container.iter().try_fold(fields, |at: &Fields, raw| at.get(*raw)?.as_object());
    !managed::others(live).filter_map(|(_, fields)| inside(fields)).any(has_content)
        && container.iter().try_fold(&live.value, |at, raw| Element::parse(raw)?.first(at)).is_some()
}

fn is_below(path: &Path<'_>, container: &[String]) -> bool {
    !container.is_empty() && path.len() > container.len() && container.iter().zip(path).all(|(a, b)| a == b)
}

/// Whether somebody owns something inside a container.
fn has_content(fields: &Fields) -> bool {
    fields.keys().any(|raw| raw != ".")
}

fn only(element: &str) -> Fields {
    Fields::from_iter([(element.to_owned(), Value::Object(Fields::new()))])
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null => true,
        _ => false,
    }
}
