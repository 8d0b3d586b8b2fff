//! What the API server says when it does not do what it was asked.
//!
//! Its `Status` is only half a format: field conflicts and terminating namespaces have causes that a program can read, but which field
//! cannot change is said in English alone, and a manifest that does not fit the schema is status 500 without a reason. The texts matched
//! here were seen on a real server, and the contract test asks it for each of them anew.

use super::words;
use crate::cluster::FieldConflict;
use serde::Deserialize;

/// A failure as the server tells it, or plain text where that is what came.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    /// In English.
    pub(super) message: String,
    /// One word, or nothing.
    pub(super) reason: String,
    /// What it is about.
    pub(super) details: Details,
    /// Metadata of a refused page of a list.
    pub(super) metadata: ListMetadata,
}

/// What a failure is about.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    /// The object's name.
    pub(super) name: String,
    /// The kind, or its plural, as the server feels.
    pub(super) kind: String,
    /// Each thing that is wrong.
    pub(super) causes: Vec<Cause>,
}

/// One thing that is wrong.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Cause {
    /// One word.
    pub(super) reason: String,
    /// In English.
    pub(super) message: String,
    /// Where: `spec.template`, or `.spec.replicas` in a field conflict.
    pub(super) field: String,
}

/// Where a list can go on.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct ListMetadata {
    /// The token for what follows.
    #[serde(rename = "continue")]
    pub(super) more: String,
}

/// Words by which Kubernetes' validation says that a field cannot change. There is no reason code for it.
const IMMUTABLE: [&str; 6] = [
    "immutable",
    "may not change once set",
    "may not be changed",
    "updates to statefulset spec for fields other than",
    "pod updates may not change fields other than",
    "cannot be changed",
];

impl Status {
    /// Reads an answer's body; what is no Status becomes one with that text.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| {
            let start = &body[..body.len().min(words::MAX)];
            Self { message: String::from_utf8_lossy(start).trim().to_owned(), ..Self::default() }
        })
    }

    /// Whether a server error says in truth that the object does not fit its schema: unknown field, wrong type, the same key twice.
    pub(super) fn is_about_the_object(&self) -> bool {
        let of_a_conversion = ["failed to create typed ", "failed to convert "];
        self.reason.is_empty() && of_a_conversion.iter().any(|start| self.message.starts_with(start))
    }

    /// Whether an admission webhook did not answer: the server waited for it already.
    pub(super) fn is_about_a_webhook(&self) -> bool {
        self.message.contains("failed calling webhook")
    }

    /// Fields that other managers own, if that is what this is about.
    pub(super) fn conflicts(&self) -> Vec<FieldConflict> {
        let of_fields = self.details.causes.iter().filter(|cause| cause.reason == "FieldManagerConflict");
        of_fields
            .map(|cause| FieldConflict { manager: manager(&cause.message), field: cause.field.clone() })
            .collect()
    }

    /// Whether every complaint is that a field cannot change. With another complaint among them, deleting and creating would not help.
    pub(super) fn is_immutable(&self) -> bool {
        let is_change = |text: &str| IMMUTABLE.iter().any(|words| text.contains(words));
        self.reason == "Invalid"
            && !self.details.causes.is_empty()
            && self.details.causes.iter().all(|cause| is_change(&cause.message))
    }

    /// Whether the namespace is missing, or on its way out.
    pub(super) fn is_about_namespace(&self) -> bool {
        let is_missing = self.reason == "NotFound" && self.details.kind == "namespaces";
        is_missing || self.details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// Whether the server does not know the kind (rather than the object).
    pub(super) fn is_about_kind(&self) -> bool {
        self.message == "404 page not found" || (self.reason == "NotFound" && self.details.name.is_empty())
    }

    /// Whether this is about that very object, rather than about a quota or namespace that stands in its way.
    pub(super) fn is_about(&self, name: &str, kind: &str, plural: &str) -> bool {
        self.details.name == name && (self.details.kind == plural || self.details.kind == kind)
    }

    /// The server's words, of bounded length.
    pub(super) fn words(&self) -> String {
        words::bounded(&self.text())
    }

    /// All of the server's words, but for the objects that a validation quotes.
    pub(super) fn text(&self) -> String {
        if self.details.causes.is_empty() || self.reason != "Invalid" {
            return self.message.clone();
        }
        let mut complaints: Vec<String> = Vec::new();
        for cause in &self.details.causes {
            let text = words::without_values(&cause.message);
            let complaint = if cause.field.is_empty() { text } else { format!("{}: {text}", cause.field) };
            if !complaints.contains(&complaint) {
                complaints.push(complaint);
            }
        }
        complaints.join(";\n")
    }
}

/// The name in `conflict with "kubectl" using apps/v1`, which Go wrote as a quoted string.
fn manager(message: &str) -> String {
    let Some(at) = message.find('"') else { return message.to_owned() };
    let mut texts = serde_json::Deserializer::from_str(&message[at..]).into_iter::<String>();
    texts.next().and_then(Result::ok).unwrap_or_else(|| words::bounded(message))
}
