//! One file: which keys it names, and whether they look as they should.
//!
//! Read into a tree and walked along the table of [`keys`], for a person wants to see all that is wrong with a file, and decoders
//! stop at the first thing.

use super::keys::{self, Form, Found};
use super::problem::{Place, Problem};
use crate::model::nearest;
use serde_json::{Map, Value};
use standfast_yaml::{Limits, Node, parse_documents};
use std::path::Path;

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    /// In the order of the file; a list before its items.
    pub(super) entries: Vec<(Place, Held)>,
    /// What is wrong with its form.
    pub(super) problems: Vec<Problem>,
}

/// What stands at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Count(u64),
    /// A list of so many items, each with keys of its own.
    List(usize),
    /// One item of it.
    Item,
    /// Something that was found to be wrong already; at the empty key, a whole file.
    Refused,
}

/// A configuration has some forty values; sites with hundreds of variables fit as well.
const LIMITS: Limits = Limits { bytes: super::files::MAX_FILE, nodes: 20_000, depth: 16, aliases: 100 };
/// Longest text, in bytes.
const MAX_TEXT: usize = 4096;
/// Most items of a list: more mirrors than this are a slip.
const MAX_ITEMS: usize = 32;
/// Most labels, and most variables: they are for people to read.
const MAX_TEXTS: usize = 500;

/// A value with the way to it, on the walk down.
#[derive(Clone, Copy)]
struct At<'a> {
    value: &'a Value,
    /// The same in the text, unless it came by a merge key.
    node: Option<&'a Node>,
    place: &'a Place,
}

/// Reads one file. A file that holds nothing names no key.
pub(super) fn read(file: &Path, bytes: &[u8]) -> Fragment {
    let mut fragment = Fragment::default();
    let place = Place::file(file);
    let refused = |message: String| {
        let mut fragment = Fragment::default();
        fragment.refuse(&place, message);
        fragment
    };
    let (node, value) = match parse_documents(bytes, &LIMITS) {
        Err(error) => return refused(error.to_string()),
        Ok(nodes) => match nodes.as_slice() {
            [] => return fragment,
            [node] => match node.to_json() {
                Err(error) => return refused(error.to_string()),
                Ok(value) => (node.clone(), value),
            },
            more => return refused(format!("it holds {} YAML documents: keep one", more.len())),
        },
    };
    match &value {
        Value::Object(map) => fragment.section(map, Some(&node), &place, ""),
        _ => return refused("it must hold a mapping, such as `site: {name: store-042}`".to_owned()),
    }
    fragment
}

impl Fragment {
    /// Walks a mapping. `section` is its name in the table, the place holds the one that people see.
    fn section(&mut self, map: &Map<String, Value>, node: Option<&Node>, place: &Place, section: &str) {
        for (name, value) in map {
            let (line, node) = locate(node, name);
            let below =
                Place { file: place.file.clone(), key: join(&place.key, name), line: line.or(place.line) };
            let known = join(section, name);
            let found = if name.contains(['.', '[']) { Found::Nothing } else { keys::find(&known) };
            match (found, value) {
                (Found::Nothing, _) => self.unknown(name, section, &below),
                (Found::Section, Value::Object(map)) => self.section(map, node, &below, &known),
                (Found::Section, _) => self.refuse(&below, wrong_form(value, "a mapping")),
                (Found::Key(key), _) => self.value(key.form, At { value, node, place: &below }, &known),
            }
        }
    }

    fn value(&mut self, form: Form, at: At<'_>, known: &str) {
        match (form, at.value) {
            (Form::NotYet, _) => {
                let problem = at.place.not_yet(known.rsplit(['.', ']']).next().unwrap_or(known));
                self.problems.push(problem);
                self.hold(at.place, Held::Refused);
            }
            (Form::Text, _) => self.text(at),
            (Form::Bool, Value::Bool(value)) => self.hold(at.place, Held::Bool(*value)),
            (Form::Bool, value) => self.refuse(at.place, wrong_form(value, "true or false")),
            (Form::Count, value) => match value.as_u64() {
                Some(count) => self.hold(at.place, Held::Count(count)),
                None => self.refuse(at.place, wrong_form(value, "a whole number")),
            },
            (Form::Texts, Value::Object(map)) => self.texts(map, at),
            (Form::Texts, value) => self.refuse(at.place, wrong_form(value, "a mapping of texts")),
            (Form::List, Value::Array(items)) => self.list(items, at, known),
            (Form::List, value) => self.refuse(at.place, wrong_form(value, "a list, each item with a `-`")),
        }
    }

    fn text(&mut self, at: At<'_>) {
        match at.value {
            Value::String(text) if text.len() > MAX_TEXT => {
                self.refuse(at.place, format!("it is longer than {MAX_TEXT} bytes: shorten it"));
            }
            Value::String(text) if text.chars().any(char::is_control) => {
                self.refuse(at.place, "it must be one line without control characters".to_owned());
            }
            Value::String(text) => self.hold(at.place, Held::Text(text.clone())),
            Value::Number(_) | Value::Bool(_) => {
                self.refuse(at.place, "it must be a text: put it in quotes".to_owned());
            }
            value => self.refuse(at.place, wrong_form(value, "a text")),
        }
    }

    fn texts(&mut self, map: &Map<String, Value>, at: At<'_>) {
        if map.len() > MAX_TEXTS {
            self.refuse(at.place, format!("it has {} keys: keep at most {MAX_TEXTS}", map.len()));
            return;
        }
        for (name, value) in map {
            let (line, node) = locate(at.node, name);
            let key = join(&at.place.key, name);
            let place = Place { file: at.place.file.clone(), key, line: line.or(at.place.line) };
            self.text(At { value, node, place: &place });
        }
    }

    fn list(&mut self, items: &[Value], at: At<'_>, known: &str) {
        if items.len() > MAX_ITEMS {
            self.refuse(at.place, format!("it has {} items: keep at most {MAX_ITEMS}", items.len()));
            return;
        }
        self.hold(at.place, Held::List(items.len()));
        for (index, item) in items.iter().enumerate() {
            let node = at.node.and_then(|node| node.items().get(index));
            let line = node.map(|node| node.mark.line).filter(|line| *line > 0).or(at.place.line);
            let key = format!("{}[{index}]", at.place.key);
            let place = Place { file: at.place.file.clone(), key, line };
            match item {
                Value::Object(map) => {
                    self.hold(&place, Held::Item);
                    self.section(map, node, &place, &format!("{known}[]"));
                }
                _ => self.refuse(&place, wrong_form(item, "a mapping")),
            }
        }
    }

    fn unknown(&mut self, name: &str, section: &str, place: &Place) {
        let names = keys::names_in(section);
        let meant = nearest(name, names.iter().copied());
        self.problems.push(place.problem(match meant {
            Some(meant) => format!("there is no such key: did you mean {meant}?"),
            None => format!("there is no such key: remove it, or take one of {}", names.join(", ")),
        }));
        if let Some(meant) = meant {
            let stem = place.key.strip_suffix(name).unwrap_or_default();
            self.hold(&Place { key: format!("{stem}{meant}"), ..place.clone() }, Held::Refused);
        }
    }

    fn hold(&mut self, place: &Place, held: Held) {
        self.entries.push((place.clone(), held));
    }

    fn refuse(&mut self, place: &Place, message: String) {
        self.problems.push(place.problem(message));
        self.hold(place, Held::Refused);
    }
}

/// A key without a value is an error, never the default: a line that was commented out must not change who is trusted.
fn wrong_form(value: &Value, noun: &str) -> String {
    match value {
        Value::Null => format!("it has no value: write {noun} or remove the key"),
        _ => format!("it must be {noun}"),
    }
}

/// The line of a key in a mapping, and its value as it was written.
fn locate<'a>(node: Option<&'a Node>, name: &str) -> (Option<u32>, Option<&'a Node>) {
    let entries = node.map(Node::entries).unwrap_or_default();
    match entries.iter().find(|(key, _)| key.text() == Some(name)) {
        Some((key, value)) => (Some(key.mark.line).filter(|line| *line > 0), Some(value)),
        None => (None, None),
    }
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}
