//! One file → its objects.

use super::clean::clean;
use super::error::Error;
use super::limit::Limit;
use super::origin::Origin;
use super::substitute::{Unfilled, Values};
use crate::model::{NotYet, Object, RepoPath};
use serde_json::Value;
use standfast_yaml::{Limits, Node, parse_documents};

/// Deepest nesting: programs that read the objects back as JSON, ours too, stop at 128 levels.
const MAX_DEPTH: usize = 100;
/// Most aliases in a file.
const MAX_ALIASES: usize = 10_000;

/// How much an application may still ask for.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes of manifests, or of their texts where aliases repeat them to more.
    pub(super) bytes: usize,
    /// Values in all manifests, those that aliases repeat included.
    pub(super) nodes: usize,
}

/// Why a file has no objects to give.
pub(super) enum Failure {
    /// It is too much of this.
    TooMuch(Limit),
    /// It is wrong.
    Wrong(Error),
}

/// Reads a file and hands on each object with the place where it stands.
pub(super) fn read(
    file: &RepoPath,
    bytes: &[u8],
    values: Option<&mut Values<'_>>,
    budget: &mut Budget,
    each: &mut dyn FnMut(Object, Origin) -> Result<(), Error>,
) -> Result<(), Failure> {
    let limits = Limits { bytes: budget.bytes, nodes: budget.nodes, depth: MAX_DEPTH, aliases: MAX_ALIASES };
    let is_filled = values.is_some();
    let failure = |source| match source {
        standfast_yaml::Error::TooLarge { .. } | standfast_yaml::Error::AliasesTooLarge { .. } => {
            Failure::TooMuch(Limit::Bytes)
        }
        standfast_yaml::Error::TooManyNodes { .. } => Failure::TooMuch(Limit::Values),
        source => Failure::Wrong(unreadable(file, bytes, is_filled, source)),
    };
    let mut documents = parse_documents(bytes, &limits).map_err(failure)?;
    let (text, nodes) = documents.iter().map(size).fold((0, 0), add);
    budget.bytes = budget.bytes.checked_sub(text.max(bytes.len())).ok_or(Failure::TooMuch(Limit::Bytes))?;
    budget.nodes = budget.nodes.saturating_sub(nodes);
    if let Some(values) = values {
        documents
            .iter_mut()
            .try_for_each(|document| values.fill(document))
            .map_err(|(mark, unfilled)| explain(unfilled, Origin { file: file.clone(), line: mark.line }))?;
    }
    for document in documents {
        let value = document.to_json().map_err(failure)?;
        expand(value, &document, file, each).map_err(Failure::Wrong)?;
    }
    Ok(())
}

/// Hands on an object, or all items of a list, of lists inside lists too. kubectl takes whatever has `items` for a list, and nothing
/// but its items; so what has `items` and is not named a list is refused.
fn expand(
    mut value: Value,
    node: &Node,
    file: &RepoPath,
    each: &mut dyn FnMut(Object, Origin) -> Result<(), Error>,
) -> Result<(), Error> {
    let at = Origin { file: file.clone(), line: node.mark.line };
    let items = match value.get_mut("items").map(Value::take) {
        None => return object(value, at, each),
        Some(Value::Array(items)) => items,
        Some(Value::Null) => Vec::new(),
        Some(_) => return Err(Error::Refused { at, what: "its items must be a list".to_owned() }),
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = text("kind").strip_suffix("List") else {
        let what = "it has items, which only a List can have: kubectl would drop the rest of it".to_owned();
        return Err(Error::Refused { at, what });
    };
    let version = text("apiVersion");
    let nodes = node.get("items").map(Node::items).unwrap_or_default();
    for (index, mut item) in items.into_iter().enumerate() {
        name_kind(&mut item, version, kind);
        expand(item, nodes.get(index).unwrap_or(node), file, each)?;
    }
    Ok(())
}

/// Items of a list of one kind (`ConfigMapList`) may leave out what the list says.
fn name_kind(item: &mut Value, version: &str, kind: &str) {
    let Some(fields) = item.as_object_mut() else { return };
    if !kind.is_empty() && !fields.contains_key("kind") && !fields.contains_key("apiVersion") {
        fields.insert("kind".to_owned(), kind.into());
        fields.insert("apiVersion".to_owned(), version.into());
    }
}

fn object(
    mut value: Value,
    at: Origin,
    each: &mut dyn FnMut(Object, Origin) -> Result<(), Error>,
) -> Result<(), Error> {
    let version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let not_yet = |what: &str| Err(Error::NotYet(NotYet { path: at.to_string(), what: what.to_owned() }));
    if group == "kustomize.config.k8s.io" {
        return not_yet("a kustomization");
    }
    if value.get("sops").is_some_and(Value::is_object) {
        return not_yet("a file that sops encrypted");
    }
    if group == "standfast.dev" {
        let what =
            "it is a document of the fleet, not a manifest: move it out of the application's path".to_owned();
        return Err(Error::Refused { at, what });
    }
    clean(&mut value).map_err(|what| Error::Refused { at: at.clone(), what })?;
    let object = Object::new(value).map_err(|source| Error::NotAnObject { at: at.clone(), source })?;
    each(object, at)
}

fn unreadable(file: &RepoPath, bytes: &[u8], is_filled: bool, source: standfast_yaml::Error) -> Error {
    if is_filled && let standfast_yaml::Error::Syntax { mark, .. } = &source {
        let number = usize::try_from(mark.line).unwrap_or(usize::MAX);
        let line = bytes.split(|byte| *byte == b'\n').nth(number.saturating_sub(1)).unwrap_or_default();
        let mut pairs = line.windows(2);
        let has_reference = pairs.clone().any(|pair| pair == b"${");
        if has_reference && pairs.any(|pair| pair[0] != b'$' && b"{[".contains(&pair[1])) {
            return Error::Braces { at: Origin { file: file.clone(), line: mark.line }, source };
        }
    }
    Error::Unreadable { file: file.clone(), source }
}

fn explain(unfilled: Unfilled, at: Origin) -> Failure {
    Failure::Wrong(match unfilled {
        Unfilled::TooMuch => return Failure::TooMuch(Limit::Filled),
        Unfilled::Template(source) => Error::Template { at, source },
        Unfilled::UnknownName { name, nearest } => Error::UnknownName { at, name, nearest },
    })
}

/// Bytes of text and number of values in a tree, what aliases repeat included.
fn size(node: &Node) -> (usize, usize) {
    let own = (node.text().map_or(0, str::len), 1);
    let items = node.items().iter().map(size).fold(own, add);
    node.entries().iter().flat_map(|(key, value)| [size(key), size(value)]).fold(items, add)
}

fn add(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    (a.0 + b.0, a.1 + b.1)
}
