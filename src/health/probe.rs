//! Reading a live object's fields, which are foreign: whatever is missing or of another type reads as not there.

use crate::model::Health;
use serde_json::Value;

/// Longest message, in characters.
const MAX_MESSAGE: usize = 300;

/// A verdict and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) health: Health,
    pub(super) message: String,
}

/// A live object to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe<'a>(&'a Value);

/// One entry of `status.conditions`, and the generation of its object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    value: &'a Value,
    generation: Option<i64>,
}

pub(super) fn current(message: impl Into<String>) -> Finding {
    Finding { health: Health::Current, message: message.into() }
}

pub(super) fn in_progress(message: impl Into<String>) -> Finding {
    Finding { health: Health::InProgress, message: message.into() }
}

pub(super) fn failed(message: impl Into<String>) -> Finding {
    Finding { health: Health::Failed, message: message.into() }
}

pub(super) fn terminating(message: impl Into<String>) -> Finding {
    Finding { health: Health::Terminating, message: message.into() }
}

/// One line of bounded length.
pub(super) fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_MESSAGE {
        return line;
    }
    let kept: String = line.chars().take(MAX_MESSAGE).collect();
    format!("{kept}…")
}

impl<'a> Probe<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// A whole number by JSON pointer.
    pub(super) fn number(self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer)?.as_i64()
    }

    /// A number that reads as zero where it is missing, as counts in a status do.
    pub(super) fn count(self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or_default()
    }

    /// A text that is not empty.
    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn flag(self, pointer: &str) -> bool {
        self.0.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The items of a list.
    pub(super) fn items(self, pointer: &str) -> impl Iterator<Item = Probe<'a>> + use<'a> {
        self.0.pointer(pointer).and_then(Value::as_array).into_iter().flatten().map(Probe)
    }

    /// The texts of a list.
    pub(super) fn texts(self, pointer: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.items(pointer).filter_map(|item| item.0.as_str())
    }

    pub(super) fn condition(self, kind: &str) -> Option<Condition<'a>> {
        self.find_condition(self.items("/status/conditions"), kind)
    }

    /// The same of a part of this object that has conditions of its own.
    pub(super) fn condition_of(self, part: Self, kind: &str) -> Option<Condition<'a>> {
        self.find_condition(part.items("/conditions"), kind)
    }

    pub(super) fn annotation(self, name: &str) -> Option<&'a str> {
        self.0.pointer("/metadata/annotations")?.get(name)?.as_str()
    }

    pub(super) fn label(self, name: &str) -> Option<&'a str> {
        self.0.pointer("/metadata/labels")?.get(name)?.as_str()
    }

    fn find_condition(self, items: impl Iterator<Item = Probe<'a>>, kind: &str) -> Option<Condition<'a>> {
        let generation = self.number("/metadata/generation");
        items.map(|item| Condition { value: item.0, generation }).find(|one| one.text("type") == kind)
    }
}

impl<'a> Condition<'a> {
    fn text(self, field: &str) -> &'a str {
        self.value.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_true(self) -> bool {
        self.text("status") == "True"
    }

    pub(super) fn is_false(self) -> bool {
        self.text("status") == "False"
    }

    /// Whether it is about an older generation of its object.
    pub(super) fn is_stale(self) -> bool {
        let observed = self.value.get("observedGeneration").and_then(Value::as_i64);
        observed.zip(self.generation).is_some_and(|(observed, generation)| observed < generation)
    }

    /// What is waited for if it should be true of the latest generation.
    pub(super) fn unmet(self) -> Option<Finding> {
        if self.is_stale() {
            return Some(in_progress(format!(
                "its condition {} is about an older generation",
                self.text("type")
            )));
        }
        (!self.is_true()).then(|| in_progress(self.words()))
    }

    pub(super) fn reason(self) -> &'a str {
        self.text("reason")
    }

    /// Reason and message, as far as there are any; else the condition itself.
    pub(super) fn words(self) -> String {
        match (self.reason(), self.text("message")) {
            ("", "") => format!("{} is {}", self.text("type"), self.text("status")),
            (reason, "") => format!("{} is {}: {reason}", self.text("type"), self.text("status")),
            ("", message) => message.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }
}
