//! One thing to tell, and the moments that are worth it.

use crate::model::{Done, Drift, DriftAnswer, Moment, ObjectKey, Outcome, Refusal, Trouble};

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// What it is about.
    pub(super) about: About,
    /// A constant, as events have it: `Created`, `Healed`, `ConflictRefused`.
    pub(super) reason: &'static str,
    /// Whether a person should look.
    pub(super) is_warning: bool,
    /// In words.
    pub(super) message: String,
    /// Whether there may be a better one about the same thing.
    pub(super) is_plain: bool,
    /// How often it happened.
    pub(super) count: u32,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// An object.
    Object(ObjectKey),
    /// An application as a whole.
    Application(String),
    /// The site.
    Site,
}

/// Most fields and managers that are named.
const MOST_NAMES: usize = 5;

/// A notice with the application that it is of; an empty one is the site.
pub(super) type Of = (String, Notice);

/// What was done in a moment. What left everything as it was is nothing.
pub(super) fn done(moment: &Moment, revision: Option<&str>) -> Vec<Of> {
    match moment {
        Moment::Applied(set) | Moment::Pruned(set) => {
            let told = |done: &Done| Some((done.application.clone(), of_done(done, revision)?));
            set.done.iter().filter_map(told).collect()
        }
        Moment::Drifted(drift) => vec![(drift.application.clone(), drifted(drift))],
        _ => Vec::new(),
    }
}

/// What is refused since this moment, and said again with each moment of its kind, by which it is known; `None` if the moment does
/// not say.
pub(super) fn refused(moment: &Moment) -> Option<(&'static str, Vec<Of>)> {
    let of = |refused: &[Refusal]| {
        let told = |one: &Refusal| (one.application.clone().unwrap_or_default(), of_refusal(one));
        refused.iter().map(told).collect()
    };
    match moment {
        Moment::Applied(set) => Some(("apply", of(&set.refused))),
        Moment::Pruned(set) => Some(("prune", of(&set.refused))),
        Moment::Refused(trouble) => Some(("offer", vec![(String::new(), of_trouble(trouble))])),
        Moment::Accepted { .. } => Some(("offer", Vec::new())),
        _ => None,
    }
}

fn of_done(done: &Done, revision: Option<&str>) -> Option<Notice> {
    let by = revision.map(|revision| format!(", as {revision} says")).unwrap_or_default();
    let (reason, message) = match done.outcome {
        Outcome::Created => ("Created", format!("made{by}")),
        Outcome::Configured => ("Configured", format!("changed{by}")),
        Outcome::Recreated => ("Recreated", format!("deleted and made anew{by}")),
        Outcome::Healed => ("Healed", "somebody changed it; undone".to_owned()),
        Outcome::Deleted => ("Pruned", format!("deleted: it left the fleet{by}")),
        // It is told when it is gone; why something failed stands in the refusals.
        Outcome::Terminating | Outcome::Failed => return None,
    };
    Some(Notice {
        about: About::Object(done.key.clone()),
        reason,
        is_warning: done.outcome == Outcome::Healed,
        message,
        is_plain: done.outcome == Outcome::Healed,
        count: 1,
    })
}

fn of_refusal(refusal: &Refusal) -> Notice {
    let about = match (&refusal.key, &refusal.application) {
        (Some(key), _) => About::Object(key.clone()),
        (None, Some(application)) => About::Application(application.clone()),
        (None, None) => About::Site,
    };
    let (reason, message) = (refusal.reason.as_str(), refusal.message.clone());
    Notice { about, reason, is_warning: true, message, is_plain: false, count: 1 }
}

fn drifted(drift: &Drift) -> Notice {
    let (reason, answer) = match drift.answer {
        DriftAnswer::Healed => ("Healed", "undone"),
        DriftAnswer::Detected => ("Drifted", "left as it is, for the mode is detect"),
        DriftAnswer::Fought => ("Fought", "somebody does it again and again; undone less often from now on"),
    };
    let named = |names: Vec<&str>| {
        let more = names.len().saturating_sub(MOST_NAMES);
        let shown = names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{shown} and {more} more") } else { shown }
    };
    let by = named(drift.by.iter().map(String::as_str).collect());
    let who = if by.is_empty() { "somebody".to_owned() } else { by };
    let fields = named(drift.changes.iter().map(|change| change.path.as_str()).collect());
    let message = if fields.is_empty() {
        format!("{} by {who}; {answer}", drift.kind)
    } else {
        format!("{} by {who}: {fields}; {answer}", drift.kind)
    };
    Notice {
        about: About::Object(drift.key.clone()),
        reason,
        is_warning: true,
        message,
        is_plain: false,
        count: 1,
    }
}

fn of_trouble(trouble: &Trouble) -> Notice {
    let (reason, message) = (trouble.reason, trouble.message.clone());
    Notice { about: About::Site, reason, is_warning: true, message, is_plain: false, count: 1 }
}
