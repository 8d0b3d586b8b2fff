//! Putting what is applied over what is there, and telling what changed.

use super::fields::Fields;
use super::schema::{Place, Shape, complete, key};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Lays an applied value over a live one. What the applied one does not say stays.
pub(super) fn overlay(place: Place<'_>, live: Option<&Value>, applied: &Value) -> Value {
    match (place.shape(applied), live, applied) {
        (Shape::Map, live, Value::Object(applied)) => {
            overlay_map(place, live.and_then(Value::as_object), applied)
        }
        (Shape::Keyed(keys), live, Value::Array(applied)) => {
            let live = live.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            Value::Array(overlay_keyed(place, keys, live, applied))
        }
        (Shape::Set, live, Value::Array(applied)) => {
            let mut list = live.and_then(Value::as_array).cloned().unwrap_or_default();
            for value in applied {
                if !list.contains(value) {
                    list.push(value.clone());
                }
            }
            Value::Array(list)
        }
        _ => applied.clone(),
    }
}

fn overlay_map(place: Place<'_>, live: Option<&Map<String, Value>>, applied: &Map<String, Value>) -> Value {
    let mut merged = live.cloned().unwrap_or_default();
    for (field, value) in applied {
        // A null says nothing: it is owned, and what is there stays.
        if !value.is_null() {
            let value = overlay(place.field(field), merged.get(field), value);
            merged.insert(field.clone(), value);
        }
    }
    Value::Object(merged)
}

/// Items come in the order of the applied list. Items that only the live list has come before the next item that both have, as far as
/// they stand before that one.
fn overlay_keyed(place: Place<'_>, keys: &[&str], live: &[Value], applied: &[Value]) -> Vec<Value> {
    let wanted: Vec<_> = applied.iter().map(|item| (key(keys, item), item)).collect();
    let is_wanted = |step: &str| wanted.iter().any(|(wanted, _)| wanted == step);
    let mut rest = live.iter().map(|item| (key(keys, item), item));
    let mut merged = Vec::new();
    let mut waiting = Vec::new();
    for (step, item) in &wanted {
        let same = live.iter().find(|live| key(keys, live) == *step);
        let mut value = overlay(place.item(), same, item);
        complete(keys, &mut value);
        waiting.push(value);
        if same.is_some() {
            let before = rest.by_ref().take_while(|(live, _)| live != step);
            merged.extend(before.filter(|(live, _)| !is_wanted(live)).map(|(_, item)| item.clone()));
            merged.append(&mut waiting);
        }
    }
    merged.extend(rest.filter(|(live, _)| !is_wanted(live)).map(|(_, item)| item.clone()));
    merged.append(&mut waiting);
    merged
}

/// Removes fields that nobody owns any more, and maps and lists that are empty for it.
pub(super) fn prune(place: Place<'_>, value: &mut Value, gone: &Fields, kept: &Fields) {
    let nothing = Fields::default();
    for (step, gone) in &gone.below {
        let kept = kept.below.get(step).unwrap_or(&nothing);
        if gone.here && kept.is_empty() {
            remove(place, value, step);
            continue;
        }
        let shape = place.shape(value);
        let Some((below, child)) = child(place, value, step) else { continue };
        prune(below, child, gone, kept);
        if let Shape::Keyed(keys) = shape {
            complete(keys, child);
        }
        if child.as_object().is_some_and(Map::is_empty) || child.as_array().is_some_and(Vec::is_empty) {
            remove(place, value, step);
        }
    }
}

/// What is at a step.
fn child<'v, 'p>(
    place: Place<'p>,
    value: &'v mut Value,
    step: &'p str,
) -> Option<(Place<'p>, &'v mut Value)> {
    if let Some(field) = step.strip_prefix("f:") {
        return Some((place.field(field), value.get_mut(field)?));
    }
    let at = position(place, value, step)?;
    Some((place.item(), value.get_mut(at)?))
}

fn remove(place: Place<'_>, value: &mut Value, step: &str) {
    if let Some(field) = step.strip_prefix("f:") {
        if let Some(map) = value.as_object_mut() {
            map.remove(field);
        }
    } else if let Some(at) = position(place, value, step)
        && let Some(list) = value.as_array_mut()
    {
        list.remove(at);
    }
}

/// Where in a list the item of a step is.
fn position(place: Place<'_>, value: &Value, step: &str) -> Option<usize> {
    let shape = place.shape(value);
    value.as_array()?.iter().position(|item| match shape {
        Shape::Keyed(keys) => key(keys, item) == step,
        _ => format!("v:{item}") == step,
    })
}

/// What differs between two states of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Difference {
    /// Fields that are new or have another value.
    pub(super) changed: Fields,
    /// Fields that are no more.
    pub(super) removed: Fields,
}

impl Difference {
    /// Between two values at a place.
    pub(super) fn between(place: Place<'_>, old: &Value, new: &Value) -> Self {
        let mut difference = Self::default();
        if old == new {
            return difference;
        }
        match (place.shape(old), place.shape(new)) {
            (Shape::Map, Shape::Map) => {
                let (old, new) = (steps_of_map(place, old), steps_of_map(place, new));
                difference.compare(&old, &new);
            }
            (Shape::Keyed(keys), Shape::Keyed(_)) => {
                let (old, new) = (steps_of_list(place, keys, old), steps_of_list(place, keys, new));
                difference.compare(&old, &new);
            }
            (Shape::Set, Shape::Set) => {
                let (old, new) = (place.fields(old), place.fields(new));
                difference.changed = new.clone().without(&old);
                difference.removed = old.without(&new);
            }
            _ => difference.changed.here = true,
        }
        difference
    }

    fn compare(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        for (step, (place, value)) in new {
            match old.get(step) {
                Some((_, old)) => {
                    let inner = Self::between(*place, old, value);
                    self.changed.add(step.clone(), &inner.changed);
                    self.removed.add(step.clone(), &inner.removed);
                }
                None => self.changed.add(step.clone(), &whole(*place, step, value)),
            }
        }
        for (step, (place, value)) in old.iter().filter(|(step, _)| !new.contains_key(*step)) {
            self.removed.add(step.clone(), &whole(*place, step, value));
        }
    }
}

/// The parts of a map or list, by step.
type Parts<'v> = BTreeMap<String, (Place<'v>, &'v Value)>;

fn steps_of_map<'v>(place: Place<'v>, value: &'v Value) -> Parts<'v> {
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(field, value)| (format!("f:{field}"), (place.field(field), value))).collect()
}

fn steps_of_list<'v>(place: Place<'v>, keys: &[&str], value: &'v Value) -> Parts<'v> {
    let items = value.as_array().into_iter().flatten();
    items.map(|item| (key(keys, item), (place.item(), item))).collect()
}

/// All of a part that came or went, an item of a list with itself.
fn whole(place: Place<'_>, step: &str, value: &Value) -> Fields {
    let mut fields = place.fields(value);
    fields.here |= step.starts_with("k:");
    fields
}
