//! The kinds as JSON schemas, for editors.

use super::kinds::{FLEET, Kind, SITE, SITE_DEFAULTS};
use super::shape::{Field, Need, Shape};
use serde_json::{Map, Value, json};

/// The kinds of document in a fleet repository.
pub const KINDS: [&str; 3] = ["Fleet", "Site", "SiteDefaults"];

/// The JSON schema (draft 2020-12) of a kind of document; `None` for what is not in [`KINDS`]. It knows what this version does,
/// and neither what is not built yet nor bounds that go over several fields.
pub fn schema(kind: &str) -> Option<Value> {
    let kind: &Kind = [&FLEET, &SITE, &SITE_DEFAULTS].into_iter().find(|known| known.name == kind)?;
    let mut schema = of(&kind.shape);
    let head = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.name, "description": kind.about});
    if let (Some(into), Value::Object(head)) = (schema.as_object_mut(), head) {
        into.extend(head);
    }
    Some(schema)
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Reserved => json!({}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Count => json!({"type": "integer", "minimum": 0}),
        Shape::Text(form) => {
            let mut schema = json!({"type": "string", "title": form.what});
            if let Some(pattern) = form.pattern {
                schema["pattern"] = pattern.into();
            }
            schema
        }
        Shape::Choice(now, _) => json!({"enum": now}),
        Shape::List(item, most) => json!({"type": "array", "items": of(item), "maxItems": most}),
        Shape::Map(key, item) => {
            let mut schema = json!({"type": "object", "additionalProperties": of(item)});
            if let Some(pattern) = key.pattern {
                schema["propertyNames"] = json!({"pattern": pattern});
            }
            schema
        }
        Shape::Record(fields) => record(fields),
    }
}

fn record(fields: &[Field]) -> Value {
    let known = fields.iter().filter(|field| field.need != Need::NotYet);
    let properties: Map<String, Value> = known
        .map(|field| {
            let mut schema = of(&field.shape);
            schema["description"] = field.about.into();
            (field.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.need == Need::Required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
