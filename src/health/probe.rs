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

/// One entry of `status.conditions`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a>(&'a Value);

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

    pub(super) fn condition(self, kind: &str) -> Option<Condition<'a>> {
        self.items("/status/conditions").map(|item| Condition(item.0)).find(|one| one.text("type") == kind)
    }
}

impl<'a> Condition<'a> {
    fn text(self, field: &str) -> &'a str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_true(self) -> bool {
        self.text("status") == "True"
    }

    pub(super) fn is_false(self) -> bool {
        self.text("status") == "False"
    }

    pub(super) fn is_unknown(self) -> bool {
        self.text("status") == "Unknown"
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
