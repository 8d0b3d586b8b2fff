//! Which fields differ between two states of an object, for people.

use super::fields::escape;
use super::refusal::clip;
use crate::model::{Change, Gvk, Live};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most differences that are shown of one object; the last one then says how many more there are.
const MAX_CHANGES: usize = 40;
/// Longest value shown, in characters.
const MAX_VALUE: usize = 120;
/// What stands for a secret value.
const MASK: &str = "***";
/// Metadata that only the server writes.
const SERVER_METADATA: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];
/// kubectl's copy of a whole manifest, a Secret's data included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields in which `after` differs from `before`, by JSON pointer, values as compact JSON; those of Secrets are masked.
/// What only the server writes is left out, and so is the status, unless our own apply wrote it.
pub fn changes(before: &Live, after: &Live) -> Vec<Change> {
    let writes_status = super::managed::ours(after).is_some_and(|fields| fields.contains_key("f:status"));
    let mut list =
        Differences { found: Vec::new(), more: 0, is_secret: is_secret(&after.gvk), writes_status };
    list.compare("", Some(&before.value), Some(&after.value));
    if list.more > 0 {
        let more = format!("{} more fields", list.more);
        list.found.push(Change { path: "…".to_owned(), from: None, to: Some(more) });
    }
    list.found
}

/// Whether values of this kind are never shown.
pub(super) fn is_secret(gvk: &Gvk) -> bool {
    gvk.is("", "Secret")
}

/// One value as it is shown: compact JSON, bounded, masked where it belongs to a Secret's data.
pub(super) fn show(path: &str, value: &Value, is_secret: bool) -> String {
    if is_secret && is_hidden(path) { MASK.to_owned() } else { clip(&value.to_string(), MAX_VALUE) }
}

struct Differences {
    found: Vec<Change>,
    more: usize,
    is_secret: bool,
    writes_status: bool,
}

impl Differences {
    fn compare(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        if before == after || self.is_ignored(path) {
            return;
        }
        match (before, after) {
            (Some(Value::Object(a)), Some(Value::Object(b))) => self.maps(path, a, b),
            (Some(Value::Object(a)), None) if !a.is_empty() => self.maps(path, a, &Map::new()),
            (None, Some(Value::Object(b))) if !b.is_empty() => self.maps(path, &Map::new(), b),
            (Some(Value::Array(a)), Some(Value::Array(b))) if is_of_maps(a) && is_of_maps(b) => {
                self.lists(path, a, b);
            }
            _ => self.push(path, before, after),
        }
    }

    fn maps(&mut self, path: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for key in keys {
            self.compare(&format!("{path}/{}", escape(key)), before.get(key), after.get(key));
        }
    }

    /// Lists of maps: items are matched by their name where they have names, else by place. Removed items are shown at the
    /// place they had.
    fn lists(&mut self, path: &str, before: &[Value], after: &[Value]) {
        let has_names = has_unique_names(before) && has_unique_names(after);
        let count = (self.found.len(), self.more);
        let twin = |list: &[Value], item: &Value, place: usize| {
            let by_name = || list.iter().position(|other| other.get("name") == item.get("name"));
            if has_names { by_name() } else { Some(place).filter(|place| *place < list.len()) }
        };
        for (place, item) in after.iter().enumerate() {
            let old = twin(before, item, place).map(|at| &before[at]);
            self.compare(&format!("{path}/{place}"), old, Some(item));
        }
        for (place, item) in before.iter().enumerate() {
            if twin(after, item, place).is_none() {
                self.push(&format!("{path}/{place}"), Some(item), None);
            }
        }
        let is_moved = has_names && (self.found.len(), self.more) == count;
        if is_moved {
            self.push(path, Some(&names(before)), Some(&names(after)));
        }
    }

    fn push(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        if self.found.len() >= MAX_CHANGES {
            self.more += 1;
            return;
        }
        let show = |value: Option<&Value>| value.map(|value| show(path, value, self.is_secret));
        let change = Change { path: path.to_owned(), from: show(before), to: show(after) };
        self.found.push(change);
    }

    fn is_ignored(&self, path: &str) -> bool {
        match path.strip_prefix("/metadata/") {
            Some(field) => SERVER_METADATA.contains(&field),
            None => path == "/status" && !self.writes_status,
        }
    }
}

fn is_hidden(path: &str) -> bool {
    let is_below =
        |field: &str| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_below("/data") || is_below("/stringData") || path.ends_with(&escape(LAST_APPLIED))
}

fn is_of_maps(list: &[Value]) -> bool {
    list.iter().all(Value::is_object)
}

fn has_unique_names(list: &[Value]) -> bool {
    let names: BTreeSet<_> = list.iter().filter_map(|item| item.get("name")?.as_str()).collect();
    names.len() == list.len()
}

fn names(list: &[Value]) -> Value {
    list.iter().filter_map(|item| item.get("name").cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(kind: &str, value: Value) -> Live {
        Live { gvk: Gvk::new("v1", kind), value }
    }

    fn shown(kind: &str, before: Value, after: Value) -> Vec<String> {
        let found = changes(&live(kind, before), &live(kind, after));
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        found.into_iter().map(|c| format!("{} {} {}", c.path, text(c.from), text(c.to))).collect()
    }

    #[test]
    fn differences_are_shown_by_leaf() {
        let check = |before: Value, after: Value, expect: &[&str]| {
            assert_eq!(shown("ConfigMap", before, after), expect);
        };
        check(json!({"a": 1}), json!({"a": 1}), &[]);
        check(
            json!({"spec": {"a": 1, "b": 2}}),
            json!({"spec": {"a": 2, "c": 3}}),
            &["/spec/a 1 2", "/spec/b 2 -", "/spec/c - 3"],
        );
        check(json!({}), json!({"spec": {"a": {"b": "x"}}}), &[r#"/spec/a/b - "x""#]);
        check(json!({"a": ["x"]}), json!({"a": ["x", "y"]}), &[r#"/a ["x"] ["x","y"]"#]);
        check(json!({"a": {}}), json!({}), &["/a {} -"]);
        check(
            json!({"data": {"a/b~c": "1"}}),
            json!({"data": {"a/b~c": "2"}}),
            &[r#"/data/a~1b~0c "1" "2""#],
        );
    }

    #[test]
    fn items_are_matched_by_name() {
        let before = json!({"c": [{"name": "a", "i": 1}, {"name": "b", "i": 2}]});
        let after = json!({"c": [{"name": "new", "i": 0}, {"name": "a", "i": 1}, {"name": "b", "i": 3}]});
        assert_eq!(shown("Pod", before.clone(), after), ["/c/0/i - 0", r#"/c/0/name - "new""#, "/c/2/i 2 3"]);
        let swapped = json!({"c": [{"name": "b", "i": 2}, {"name": "a", "i": 1}]});
        assert_eq!(shown("Pod", before.clone(), swapped), [r#"/c ["a","b"] ["b","a"]"#]);
        let fewer = json!({"c": [{"name": "b", "i": 2}]});
        assert_eq!(shown("Pod", before, fewer), [r#"/c/0 {"i":1,"name":"a"} -"#]);
    }

    #[test]
    fn what_the_server_writes_is_left_out() {
        let before = json!({"metadata": {"resourceVersion": "1", "generation": 1}, "status": {"ready": 1}});
        let after = json!({"metadata": {"resourceVersion": "2", "generation": 2, "managedFields": []}, "status": {"ready": 2}});
        assert_eq!(shown("Pod", before, after), [""; 0]);
    }

    #[test]
    fn secrets_are_masked_and_long_values_cut() {
        let before = json!({"data": {"password": "b2xk"}, "metadata": {"annotations": {LAST_APPLIED: "{\"password\":\"old\"}"}}, "type": "Opaque"});
        let after = json!({"data": {"password": "bmV3"}, "metadata": {"annotations": {LAST_APPLIED: "{\"password\":\"new\"}"}}, "type": "x"});
        assert_eq!(
            shown("Secret", before, after),
            [
                "/data/password *** ***",
                "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration *** ***",
                r#"/type "Opaque" "x""#,
            ]
        );
        assert_eq!(shown("Secret", json!({"data": {"a": "eA=="}}), json!({})), ["/data/a *** -"]);
        let long = shown("ConfigMap", json!({"a": ""}), json!({"a": "x".repeat(1000)}));
        assert!(long[0].chars().count() < 150, "{}", long[0]);
    }

    #[test]
    fn a_flood_of_differences_is_cut() {
        let flood: Map<String, Value> = (0..1000).map(|at| (format!("k{at}"), json!(at))).collect();
        let found = shown("ConfigMap", json!({"data": {}}), json!({"data": flood}));
        assert_eq!(found.len(), MAX_CHANGES + 1);
        assert_eq!(found.last().map(String::as_str), Some("… - 960 more fields"));
    }
}
