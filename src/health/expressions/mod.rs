//! Checks of custom kinds, as the fleet words them.

#[cfg(test)]
mod tests;

use super::probe::{Condition, Finding, Probe, current, failed, in_progress};
use crate::model::{Check, Health};
use serde_json::Value;
use standfast_cel::{Expression, Fault};

/// A check whose expressions were read.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    in_progress: Option<Expression>,
    failed: Option<Expression>,
    current: Expression,
}

impl Compiled {
    /// Reads the expressions; `Err` with what is wrong. Those of a fleet have been read before.
    pub(super) fn of(check: &Check) -> Result<Self, String> {
        let read = |text: &String| Expression::parse(text).map_err(|error| error.to_string());
        Ok(Self {
            in_progress: check.in_progress.as_ref().map(read).transpose()?,
            failed: check.failed.as_ref().map(read).transpose()?,
            current: read(&check.current)?,
        })
    }

    /// The first that holds of `inProgress`, `failed` and `current`; InProgress if none does. One without an answer ends it.
    pub(super) fn judge(&self, object: &Value, probe: Probe<'_>) -> Finding {
        let all = [
            ("inProgress", self.in_progress.as_ref(), Health::InProgress),
            ("failed", self.failed.as_ref(), Health::Failed),
            ("current", Some(&self.current), Health::Current),
        ];
        for (name, expression, health) in all {
            match expression.map(|expression| expression.holds(object)) {
                None | Some(Ok(false)) => {}
                Some(Ok(true)) => return holds(name, health, probe),
                Some(Err(fault)) => return no_answer(name, &fault),
            }
        }
        in_progress(with_words("none of its checks holds", probe))
    }
}

fn holds(name: &str, health: Health, probe: Probe<'_>) -> Finding {
    let words = format!("its check `{name}` holds");
    match health {
        Health::Current => current(words),
        Health::Failed => failed(with_words(&words, probe)),
        _ => in_progress(with_words(&words, probe)),
    }
}

/// A field that is not there may come; anything else is wrong with the check, or with the object.
fn no_answer(name: &str, fault: &Fault) -> Finding {
    let health = if fault.is_missing() { Health::InProgress } else { Health::Unknown };
    Finding { health, message: format!("its check `{name}` has no answer: {fault}") }
}

/// With what the object itself says, if it has the usual condition.
fn with_words(words: &str, probe: Probe<'_>) -> String {
    let own = probe.condition("Ready").filter(|condition| !condition.is_true()).map(Condition::words);
    own.map_or_else(|| words.to_owned(), |own| format!("{words}: {own}"))
}
