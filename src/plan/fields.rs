//! Field sets as the server writes them: FieldsV1.
//!
//! A set is a JSON object whose keys are path elements: `f:name` a field, `k:{…}` an item of a list by its key fields,
//! `v:…` a member of a set, `i:…` an item by its place, and `.` the thing itself. An element with nothing below it is owned
//! as a whole. Source: structured-merge-diff, `fieldpath/serialize-pe.go` and `pathelement.go`.

use serde_json::{Map, Value};

/// A field set or a part of one, as it stands in JSON.
pub(super) type Fields = Map<String, Value>;

/// Deepest field set that is read; serde_json's parser stops at the same depth.
pub(super) const MAX_DEPTH: usize = 128;

/// The key of [`Element::Nothing`].
pub(super) const NOTHING: &str = "-";

/// One element of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element<'a> {
    /// `.`: the container or item itself, without what is in it.
    Itself,
    /// `-`: not of the server. In a baseline it stands below a container that we applied empty and that the server left out.
    Nothing,
    /// `f:name`: a field of a map or struct.
    Field(&'a str),
    /// `k:{…}`: the item of a list with these key fields.
    Key(Map<String, Value>),
    /// `v:…`: a member of a set.
    Member(Value),
    /// `i:…`: an item by its place.
    Index(usize),
}

/// A path from the object's root, as raw FieldsV1 keys.
pub(super) type Path<'a> = [&'a str];

/// The path as the server writes it in a conflict: `.spec.containers[name="web"].image`.
pub(super) fn spell(path: &Path<'_>) -> String {
    let mut text = String::new();
    for element in path.iter().filter_map(|raw| Element::parse(raw)) {
        match element {
            Element::Itself | Element::Nothing => {}
            Element::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Element::Key(key) => {
                let mut parts: Vec<_> = key.iter().map(|(name, value)| (name, go_text(value))).collect();
                parts.sort();
                let parts: Vec<_> = parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
                text.extend(["[", &parts.join(","), "]"]);
            }
            Element::Member(value) => text.extend(["[=", &go_text(&value), "]"]),
            Element::Index(index) => text.extend(["[", &index.to_string(), "]"]),
        }
    }
    text
}

/// The path as a JSON pointer into `root`. An item that is not there is shown by its key instead of its place.
pub(super) fn pointer(path: &Path<'_>, root: &Value) -> String {
    let mut text = String::new();
    let mut at = Some(root);
    for raw in path {
        let Some(element) = Element::parse(raw) else { continue };
        let part = match &element {
            Element::Itself | Element::Nothing => continue,
            Element::Field(name) => (*name).to_owned(),
            Element::Index(index) => index.to_string(),
            Element::Key(_) | Element::Member(_) => match at.and_then(|list| element.place(list)) {
                Some(place) => place.to_string(),
                None => spell(&[raw]),
            },
        };
        text.push('/');
        text.push_str(&escape(&part));
        at = at.and_then(|value| element.first(value));
    }
    text
}

/// A part of a JSON pointer, RFC 6901.
pub(super) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// All paths that a set owns, in order, each handed to `visit`. `None` if the set is too deep or malformed.
pub(super) fn leaves<'a>(
    fields: &'a Fields,
    path: &mut Vec<&'a str>,
    visit: &mut dyn FnMut(&Path<'a>),
) -> Option<()> {
    if path.len() > MAX_DEPTH {
        return None;
    }
    for (raw, below) in fields {
        let below = below.as_object()?;
        path.push(raw);
        if below.is_empty() {
            visit(path);
        } else {
            leaves(below, path, visit)?;
        }
        path.pop();
    }
    Some(())
}

/// Whether a set owns exactly this path, itself or as a whole.
pub(super) fn owns(fields: &Fields, path: &Path<'_>) -> bool {
    let path = match path.split_last() {
        Some((&("." | NOTHING), container)) => container,
        _ => path,
    };
    let mut at = fields;
    for raw in path {
        match at.get(*raw).and_then(Value::as_object) {
            Some(below) => at = below,
            None => return false,
        }
    }
    at.is_empty() || at.contains_key(".")
}

impl<'a> Element<'a> {
    /// Reads one key of a field set.
    pub(super) fn parse(raw: &'a str) -> Option<Self> {
        match raw {
            "." => return Some(Self::Itself),
            NOTHING => return Some(Self::Nothing),
            _ => {}
        }
        let (kind, rest) = raw.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest)),
            "k" => serde_json::from_str(rest).ok().map(Self::Key),
            "v" => serde_json::from_str(rest).ok().map(Self::Member),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// What this element names inside `value`: one thing or none, but for a list that holds a key twice.
    pub(super) fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match self {
            Self::Itself => vec![value],
            Self::Nothing => Vec::new(),
            Self::Field(name) => value.get(*name).into_iter().collect(),
            Self::Index(index) => value.get(*index).into_iter().collect(),
            Self::Key(_) | Self::Member(_) => {
                value.as_array().into_iter().flatten().filter(|item| self.is_item(item)).collect()
            }
        }
    }

    /// The first of what it names inside `value`.
    pub(super) fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.all(value).first().copied()
    }

    /// What it names inside a manifest, where key fields that the server fills in may be missing.
    pub(super) fn first_written<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let Self::Key(key) = self else { return self.first(value) };
        let fits = |item: &&Value| {
            key.iter().all(|(name, wanted)| item.get(name).is_none_or(|there| there == wanted))
                && key.keys().any(|name| item.get(name).is_some())
        };
        value.as_array()?.iter().find(fits)
    }

    /// The place of the first item it names.
    fn place(&self, list: &Value) -> Option<usize> {
        list.as_array()?.iter().position(|item| self.is_item(item))
    }

    fn is_item(&self, item: &Value) -> bool {
        match self {
            Self::Key(key) => key.iter().all(|(name, wanted)| item.get(name) == Some(wanted)),
            Self::Member(member) => item == member,
            Self::Itself | Self::Nothing | Self::Field(_) | Self::Index(_) => false,
        }
    }
}

/// A scalar as Go's `%v` and `%q` write it.
fn go_text(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => quoted.extend(["\\x", &format!("{:02x}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all_leaves(set: &Value) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        leaves(set.as_object().unwrap(), &mut Vec::new(), &mut |path| {
            found.push(path.iter().map(ToString::to_string).collect());
        })
        .unwrap();
        found
    }

    #[test]
    fn paths_are_spelled_as_the_server_does() {
        let check = |path: &[&str], expect: &str| assert_eq!(spell(path), expect);
        check(&["f:spec", "f:replicas"], ".spec.replicas");
        check(&["f:metadata", "f:labels", "f:standfast.dev/owner"], ".metadata.labels.standfast.dev/owner");
        check(
            &["f:spec", "f:containers", r#"k:{"name":"web"}"#, "f:image"],
            r#".spec.containers[name="web"].image"#,
        );
        check(
            &["f:ports", r#"k:{"protocol":"TCP","containerPort":80}"#, "."],
            r#".ports[containerPort=80,protocol="TCP"]"#,
        );
        check(
            &["f:metadata", "f:finalizers", r#"v:"example.com/f""#],
            r#".metadata.finalizers[="example.com/f"]"#,
        );
        check(&["f:list", "i:3"], ".list[3]");
        check(&["f:m", "v:\"a\\n\\\"b\\\"\""], r#".m[="a\n\"b\""]"#);
    }

    #[test]
    fn pointers_lead_into_the_object() {
        let object = json!({"spec": {"containers": [{"name": "db"}, {"name": "web", "image": "i"}], "set": ["x", "y"]}});
        let check = |path: &[&str], expect: &str| assert_eq!(pointer(path, &object), expect);
        check(&["f:spec", "f:containers", r#"k:{"name":"web"}"#, "f:image"], "/spec/containers/1/image");
        check(
            &["f:spec", "f:containers", r#"k:{"name":"gone"}"#, "f:image"],
            r#"/spec/containers/[name="gone"]/image"#,
        );
        check(&["f:spec", "f:set", r#"v:"y""#], "/spec/set/1");
        check(&["f:metadata", "f:annotations", "f:a.b/c~d"], "/metadata/annotations/a.b~1c~0d");
    }

    #[test]
    fn a_set_knows_what_it_owns() {
        let set = json!({"f:spec": {"f:replicas": {}, "f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}}}}});
        let fields = set.as_object().unwrap();
        assert!(owns(fields, &["f:spec", "f:replicas"]));
        assert!(owns(fields, &["f:spec", "f:containers", "k:{\"name\":\"web\"}", "."]));
        assert!(owns(fields, &["f:spec", "f:containers", "k:{\"name\":\"web\"}"]));
        assert!(!owns(fields, &["f:spec"]), "what is inside is owned, the container is not");
        assert!(!owns(fields, &["f:spec", "f:paused"]));
        assert_eq!(all_leaves(&set).len(), 3);
    }

    #[test]
    fn malformed_sets_are_not_read() {
        for bad in [json!({"f:a": 1}), json!({"f:a": {"f:b": []}})] {
            assert!(leaves(bad.as_object().unwrap(), &mut Vec::new(), &mut |_| {}).is_none(), "{bad}");
        }
        for bad in ["", "f", "x:a", "k:[1]", "k:{", "i:-1", "v:"] {
            assert!(Element::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_item_of_a_manifest_is_found_without_its_defaulted_keys() {
        let ports = json!([{"containerPort": 81}, {"containerPort": 80}]);
        let key = Element::parse(r#"k:{"containerPort":80,"protocol":"TCP"}"#).unwrap();
        assert_eq!(key.first_written(&ports), Some(&json!({"containerPort": 80})));
        assert_eq!(key.first(&ports), None);
    }
}
