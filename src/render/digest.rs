//! The digest of a rendered application.

use crate::model::{Digest, Object};
use serde_json::Value;

/// SHA-256 over the default namespace and the objects, which are sorted by key: the same objects give the same digest, in
/// whatever files, order and spelling they were written. The namespace belongs to it, for it decides where objects go.
///
/// The bytes: the namespace's name (nothing where there is none), a zero byte, then for each object the 32 bytes of SHA-256 over its
/// canonical JSON (keys sorted by their bytes, no spaces).
pub fn digest(namespace: Option<&str>, objects: &[Object]) -> Digest {
    let mut bytes = namespace.unwrap_or_default().as_bytes().to_vec();
    bytes.push(0);
    let mut text = Vec::new();
    for object in objects {
        text.clear();
        canonical(object.value(), &mut text);
        bytes.extend(Digest::of(&text).as_bytes());
    }
    Digest::of(&bytes)
}

fn canonical(value: &Value, out: &mut Vec<u8>) {
    let between = |out: &mut Vec<u8>, at: usize| {
        if at > 0 {
            out.push(b',');
        }
    };
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                between(out, at);
                canonical(item, out);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (at, (key, value)) in entries.into_iter().enumerate() {
                between(out, at);
                scalar(&Value::from(key.as_str()), out);
                out.push(b':');
                canonical(value, out);
            }
            out.push(b'}');
        }
        value => scalar(value, out),
    }
}

fn scalar(value: &Value, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("because writing to memory does not fail");
}
