//! Sets of fields, as `managedFields` writes them (FieldsV1).
//!
//! A path is a list of steps, each as the format spells it: `f:spec` for a field, `k:{"name":"web"}` for an item of a list that is keyed,
//! `v:"a/b"` for an item of a set.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One step of a path.
pub(super) type Step = String;

/// A set of paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields {
    /// Whether the path that leads here is in the set.
    pub(super) here: bool,
    /// What is in the set below, by step.
    pub(super) below: BTreeMap<Step, Fields>,
}

impl Fields {
    /// The set of the one path that leads here.
    pub(super) fn leaf() -> Self {
        Self { here: true, below: BTreeMap::new() }
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        !self.here && self.below.values().all(Self::is_empty)
    }

    /// Adds what is below a step, unless that is nothing.
    pub(super) fn add(&mut self, step: Step, fields: &Self) {
        if !fields.is_empty() {
            self.below.entry(step).or_default().join(fields);
        }
    }

    /// Adds all of another set.
    pub(super) fn join(&mut self, other: &Self) {
        self.here |= other.here;
        for (step, fields) in &other.below {
            self.below.entry(step.clone()).or_default().join(fields);
        }
    }

    /// Takes all of another set away.
    pub(super) fn without(mut self, other: &Self) -> Self {
        self.here &= !other.here;
        for (step, fields) in &other.below {
            if let Some(mine) = self.below.remove(step) {
                self.add(step.clone(), &mine.without(fields));
            }
        }
        self
    }

    /// What is in both.
    pub(super) fn both(&self, other: &Self) -> Self {
        let mut both = Self { here: self.here && other.here, below: BTreeMap::new() };
        for (step, fields) in &self.below {
            if let Some(theirs) = other.below.get(step) {
                both.add(step.clone(), &fields.both(theirs));
            }
        }
        both
    }

    /// All paths, as field conflicts name them: `.spec.containers[name="web"].image`.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.collect("", &mut names);
        names
    }

    /// As `fieldsV1` holds it.
    pub(super) fn to_json(&self) -> Value {
        let mut map = Map::new();
        if self.here && !self.below.is_empty() {
            map.insert(".".to_owned(), Value::Object(Map::new()));
        }
        map.extend(self.below.iter().map(|(step, fields)| (step.clone(), fields.to_json())));
        Value::Object(map)
    }

    fn collect(&self, name: &str, into: &mut Vec<String>) {
        if self.here {
            into.push(name.to_owned());
        }
        for (step, fields) in &self.below {
            fields.collect(&format!("{name}{}", spoken(step)), into);
        }
    }
}

/// A step as field conflicts write it.
fn spoken(step: &str) -> String {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    match step.split_at_checked(2) {
        Some(("f:", field)) => format!(".{field}"),
        Some(("v:", value)) => format!("[={}]", parsed(value)),
        Some(("k:", keys)) => {
            let keys = parsed(keys);
            let pairs = keys.as_object().into_iter().flatten();
            let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
            format!("[{}]", pairs.join(","))
        }
        _ => step.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields() -> impl Strategy<Value = Fields> {
        let leaf = any::<bool>().prop_map(|here| Fields { here, below: BTreeMap::new() });
        leaf.prop_recursive(3, 24, 3, |inner| {
            let below = proptest::collection::btree_map("f:[abc]", inner, 0..3);
            (any::<bool>(), below).prop_map(|(here, below)| Fields {
                here,
                below: below.into_iter().filter(|(_, inner)| !inner.is_empty()).collect(),
            })
        })
    }

    fn joined(a: &Fields, b: &Fields) -> Fields {
        let mut joined = a.clone();
        joined.join(b);
        joined
    }

    proptest! {
        #[test]
        fn they_are_sets(a in fields(), b in fields()) {
            let common = a.both(&b);
            prop_assert_eq!(&common, &b.both(&a));
            prop_assert!(a.clone().without(&b).both(&b).is_empty());
            prop_assert_eq!(joined(&a.clone().without(&b), &common), a.clone());
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&a, &a), a);
        }
    }

    #[test]
    fn paths_read_as_the_server_writes_them() {
        let mut item = Fields::leaf();
        item.add("f:image".to_owned(), &Fields::leaf());
        let mut list = Fields::default();
        list.add("k:{\"name\":\"web\",\"port\":80}".to_owned(), &item);
        list.add("v:\"a/b\"".to_owned(), &Fields::leaf());
        let mut all = Fields::default();
        all.add("f:spec".to_owned(), &list);
        let names = [".spec[name=\"web\",port=80]", ".spec[name=\"web\",port=80].image", ".spec[=\"a/b\"]"];
        assert_eq!(all.names(), names);
        let json = r#"{"f:spec":{"k:{\"name\":\"web\",\"port\":80}":{".":{},"f:image":{}},"v:\"a/b\"":{}}}"#;
        assert_eq!(all.to_json().to_string(), json);
    }
}
