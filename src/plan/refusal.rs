//! What is told to people about something that will not be done.

use super::judge::Answer;
use super::ownership::Whose;
use crate::model::{Object, ObjectKey, Refusal, RefusalReason};

/// Longest part of a message that comes from the server.
const MAX_FOREIGN: usize = 500;
/// Most conflicts that one message names.
const MAX_NAMED: usize = 5;

/// A refusal about one object of an application.
pub(super) fn refusal(application: &str, key: &ObjectKey, reason: RefusalReason, message: String) -> Refusal {
    Refusal { application: Some(application.to_owned()), key: Some(key.clone()), reason, message }
}

/// A refusal about the site as a whole.
pub(super) fn site_refusal(reason: RefusalReason, message: String) -> Refusal {
    Refusal { application: None, key: None, reason, message }
}

/// Why an object that is there is not written. `None` if it is ours.
pub(super) fn not_ours(application: &str, key: &ObjectKey, whose: &Whose) -> Option<Refusal> {
    let message = match whose {
        Whose::Ours => return None,
        Whose::OtherSite(label) => format!(
            "{key} is kept by another site or fleet (owner label {label}); take it out of one of the two, or delete it there first"
        ),
        Whose::Foreign(managers) => {
            let by = if managers.is_empty() { String::new() } else { format!(" by {}", managers.join(", ")) };
            format!(
                "{key} is there already and was not made by this agent, but{by}: it is left as it is. \
                 Delete it so that it is made anew, or take it out of application {application}"
            )
        }
    };
    let message = message.replace("agent, but:", "agent:");
    Some(refusal(application, key, RefusalReason::AdoptionRefused, message))
}

/// What to say when the server's answer to an apply means that the object will not be written. `None` where it was written, or
/// where there is another way on.
pub fn refused(application: &str, object: &Object, answer: &Answer<'_>) -> Option<Refusal> {
    let key = object.key();
    match answer {
        Answer::Live(_) => None,
        Answer::Conflict(conflicts) => Some(conflict(application, &key, conflicts)),
        Answer::Immutable(why) => Some(immutable(application, &key, why)),
        Answer::NoPlace(why) => {
            let message = format!(
                "{key} has no place to go: {}. Add its namespace or CustomResourceDefinition to the fleet, or install it first",
                shorten(why)
            );
            Some(refusal(application, &key, RefusalReason::NoPlace, message))
        }
        Answer::Refused(why) => {
            let message = format!("the API server refused {key}: {}", shorten(why));
            Some(refusal(application, &key, RefusalReason::Invalid, message))
        }
    }
}

/// Fields that others own and we never applied.
pub(super) fn conflict(application: &str, key: &ObjectKey, conflicts: &[(&str, &str)]) -> Refusal {
    let mut named: Vec<_> = conflicts
        .iter()
        .take(MAX_NAMED)
        .map(|(manager, field)| format!("{} (owned by {})", clip(field, 120), clip(manager, 64)))
        .collect();
    if conflicts.len() > MAX_NAMED {
        named.push(format!("{} more", conflicts.len() - MAX_NAMED));
    }
    let message = format!(
        "{key} has fields that another manager owns and that were never applied from here: {}. \
         Take them out of the manifest, or make that manager give them up",
        named.join(", ")
    );
    refusal(application, key, RefusalReason::Conflict, message)
}

/// A field that cannot be changed.
pub(super) fn immutable(application: &str, key: &ObjectKey, why: &str) -> Refusal {
    let message = format!(
        "{key} cannot be changed in place: {}. Take the change back, or list {} under `recreate` of application {application} \
         to have it deleted and made anew",
        shorten(why),
        key.kind
    );
    refusal(application, key, RefusalReason::Immutable, message)
}

/// The server's own words, on one line, bounded, and with nothing in them that a terminal would obey.
fn shorten(text: &str) -> String {
    let plain = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    let text = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    clip(text.trim_end_matches('.'), MAX_FOREIGN)
}

/// The object among `made` whose name the server misses, going by its words: a Pod's ServiceAccount or PriorityClass that the same
/// revision makes. Such a refusal is none.
pub fn missing_name<'a>(
    made: impl Iterator<Item = &'a ObjectKey>,
    refusal: &Refusal,
) -> Option<&'a ObjectKey> {
    let is_named = |name: &str| {
        let mut words = refusal.message.split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
        words.any(|word| word.trim_end_matches('.') == name)
    };
    let mut others = made.filter(|key| Some(*key) != refusal.key.as_ref());
    others.find(|key| is_named(&key.name))
}

/// At most so many characters.
pub(super) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most).collect();
    format!("{kept}…")
}
