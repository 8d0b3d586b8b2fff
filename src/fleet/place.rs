//! A place in a document, for people.

use crate::model::RepoPath;
use standfast_yaml::{Mark, Node};
use std::fmt;

/// A file of the fleet repository with the place inside it: `fleet.yaml: applications[2].path (line 14)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Box<Parts>);

/// The way from a document's root down to a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Inside(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    file: RepoPath,
    inside: Inside,
    line: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(usize),
}

/// Longest key that a message shows, in characters.
const SHOWN: usize = 60;

impl Place {
    pub(super) fn new(file: &RepoPath, inside: &Inside, line: Option<u32>) -> Self {
        Self(Box::new(Parts { file: file.clone(), inside: inside.clone(), line }))
    }

    /// A file as a whole.
    pub(super) fn of(file: &RepoPath) -> Self {
        Self::new(file, &Inside::default(), None)
    }

    /// The file.
    pub fn file(&self) -> &RepoPath {
        &self.0.file
    }

    /// The line, from 1, where it is known.
    pub fn line(&self) -> Option<u32> {
        self.0.line
    }
}

impl Inside {
    /// The value of a key in the mapping here.
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Part::Key(key.to_owned()))
    }

    /// An item of the list here.
    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Part::Index(index))
    }

    /// The line of this place: of its key, where it has one. What came by a merge is sought as far down as it goes.
    pub(super) fn line(&self, document: &Node) -> Option<u32> {
        let mut at = document;
        let mut mark = document.mark;
        for part in &self.0 {
            let next = match part {
                Part::Key(key) => at
                    .entries()
                    .iter()
                    .find(|(name, _)| name.text() == Some(key))
                    .map(|(name, value)| (name.mark, value)),
                Part::Index(index) => at.items().get(*index).map(|item| (item.mark, item)),
            };
            let Some((found, value)) = next else { break };
            (mark, at) = (found, value);
        }
        (mark != Mark::default()).then_some(mark.line)
    }

    fn with(&self, part: Part) -> Self {
        Self(self.0.iter().cloned().chain([part]).collect())
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, part)| match part {
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Key(key) => {
                let dot = if at == 0 { "" } else { "." };
                write!(f, "{dot}{}", key.chars().take(SHOWN).collect::<String>().escape_debug())
            }
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { file, inside, line } = &*self.0;
        write!(f, "{file}")?;
        if !inside.0.is_empty() {
            write!(f, ": {inside}")?;
        }
        line.iter().try_for_each(|line| write!(f, " (line {line})"))
    }
}
