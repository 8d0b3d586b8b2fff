//! One document of the fleet repository, checked.

use super::error::Error;
use super::kinds::{API_VERSION, Kind};
use super::place::{Inside, Place};
use super::shape::{self, Fault, FaultKind};
use super::version::{Requirement, Version};
use crate::model::{NotYet, RepoPath};
use serde::de::DeserializeOwned;
use serde_json::Value;
use standfast_yaml::{Limits, Node, parse_documents};

/// A document that holds nothing but what its kind may hold.
#[derive(Debug)]
pub(super) struct Document {
    file: RepoPath,
    node: Node,
    value: Value,
}

/// A fleet of 1,000 applications takes about 200 kB; what is larger than this is no document of ours.
const LIMITS: Limits = Limits { bytes: 2 << 20, nodes: 100_000, depth: 32, aliases: 1000 };

impl Document {
    /// Reads the one document of a file: the envelope first, and only if this agent will do, all the rest.
    pub(super) fn read(file: &RepoPath, bytes: &[u8], kind: &Kind, agent: &Version) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { file: file.clone(), source };
        let mut nodes = parse_documents(bytes, &LIMITS).map_err(unreadable)?;
        nodes.iter().try_for_each(|node| envelope(file, node, agent))?;
        let (count, second) = (nodes.len(), nodes.get(1).map(|node| node.mark.line));
        let (Some(node), true) = (nodes.pop(), count == 1) else {
            let what = format!("it must hold one document of kind {}, and holds {count}", kind.name);
            return Err(Error::Wrong { place: Place::new(file, &Inside::default(), second), what });
        };
        let value = node.to_json().map_err(unreadable)?;
        let document = Self { file: file.clone(), node, value };
        document.is_of(kind)?;
        shape::check(&document.value, &kind.shape, &Inside::default())
            .map_err(|fault| document.explain(fault))?;
        Ok(document)
    }

    /// The same as a value of a type that fits its kind.
    pub(super) fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(self.value.clone())
            .map_err(|error| self.wrong(&Inside::default(), error.to_string()))
    }

    /// A place in it.
    pub(super) fn place(&self, inside: &Inside) -> Place {
        Place::new(&self.file, inside, inside.line(&self.node))
    }

    /// An error at a place in it.
    pub(super) fn wrong(&self, inside: &Inside, what: impl Into<String>) -> Error {
        Error::Wrong { place: self.place(inside), what: what.into() }
    }

    /// Whether its version and kind are the ones that are wanted here.
    fn is_of(&self, kind: &Kind) -> Result<(), Error> {
        let text = |key: &str| self.value.get(key).and_then(Value::as_str).unwrap_or_default();
        let (version, found) = (text("apiVersion"), text("kind"));
        if version.starts_with("standfast.dev/") && version != API_VERSION {
            let what = format!(
                "this agent knows {API_VERSION} only: write that, or update the agent if it is too old"
            );
            return Err(self.wrong(&Inside::default().key("apiVersion"), what));
        }
        if !found.is_empty() && found != kind.name {
            let what = format!("this file must hold a document of kind {}", kind.name);
            return Err(self.wrong(&Inside::default().key("kind"), what));
        }
        Ok(())
    }

    fn explain(&self, Fault { inside, what }: Fault) -> Error {
        let place = self.place(&inside);
        match what {
            FaultKind::NotYet(what) => Error::NotYet(NotYet { path: place.to_string(), what }),
            FaultKind::Wrong(what) => Error::Wrong { place, what },
            FaultKind::Missing(field) => {
                Error::Wrong { place, what: format!("the field {field} is missing: add it") }
            }
            FaultKind::Unknown { name, nearest } => {
                let name = name.chars().take(60).collect();
                Error::UnknownField { place, name, nearest: nearest.map(str::to_owned) }
            }
        }
    }
}

/// Reads what every agent ever made reads first. Nothing else of the document needs to be understood for it.
fn envelope(file: &RepoPath, node: &Node, agent: &Version) -> Result<(), Error> {
    let Some(needs) = node.get("requires").and_then(|requires| requires.get("agent")).and_then(Node::text)
    else {
        return Ok(());
    };
    let inside = Inside::default().key("requires").key("agent");
    let place = Place::new(file, &inside, inside.line(node));
    match needs.parse::<Requirement>() {
        Ok(requirement) if requirement.is_met_by(agent) => Ok(()),
        Ok(_) => Err(Error::AgentTooOld { place, needs: needs.to_owned(), agent: agent.clone() }),
        Err(error) => Err(Error::Wrong { place, what: error.to_string() }),
    }
}
