//! Digests of JSON values.

use crate::model::{Digest, Object};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The digest of a manifest, dressed or not: equal values have equal digests, whatever order their keys were written in.
pub fn digest(object: &Object) -> Digest {
    let mut hasher = Sha256::new();
    feed(&mut hasher, &object.value());
    Digest::from_bytes(hasher.finalize().into())
}

/// Feeds a value to a hasher. Every piece carries its type and length, so that no two different values give the same bytes.
pub(super) fn feed(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hasher.update(b"n"),
        Value::Bool(true) => hasher.update(b"t"),
        Value::Bool(false) => hasher.update(b"f"),
        Value::Number(number) => feed_text(hasher, *b"#", &number.to_string()),
        Value::String(text) => feed_text(hasher, *b"s", text),
        Value::Array(items) => {
            feed_length(hasher, *b"[", items.len());
            for item in items {
                feed(hasher, item);
            }
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            feed_length(hasher, *b"{", entries.len());
            for (key, value) in entries {
                feed_text(hasher, *b"k", key);
                feed(hasher, value);
            }
        }
    }
}

/// Feeds a text with its tag and length.
pub(super) fn feed_text(hasher: &mut Sha256, tag: [u8; 1], text: &str) {
    feed_length(hasher, tag, text.len());
    hasher.update(text.as_bytes());
}

/// Feeds a tag and a length.
pub(super) fn feed_length(hasher: &mut Sha256, tag: [u8; 1], length: usize) {
    hasher.update(tag);
    hasher.update((length as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    fn of(value: &Value) -> Digest {
        let mut hasher = Sha256::new();
        feed(&mut hasher, value);
        Digest::from_bytes(hasher.finalize().into())
    }

    #[test]
    fn the_order_of_keys_does_not_count() {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(of(&parse(r#"{"a":1,"b":[2]}"#)), of(&parse(r#"{"b":[2],"a":1}"#)));
    }

    #[test]
    fn values_that_look_alike_are_told_apart() {
        let values = [
            json!(null),
            json!(false),
            json!("false"),
            json!(1),
            json!("1"),
            json!([]),
            json!({}),
            json!([[], []]),
            json!([[[]]]),
            json!(["ab", "c"]),
            json!(["a", "bc"]),
            json!({"a": {"b": 1}}),
            json!({"a": {}, "b": 1}),
        ];
        let digests: BTreeSet<_> = values.iter().map(of).collect();
        assert_eq!(digests.len(), values.len());
    }
}
