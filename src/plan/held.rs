//! Which applications are stopped, and why.

use crate::model::{Desired, ErrorClass, Refusal, RefusalReason, Trouble};
use std::collections::BTreeMap;

/// Applications that are not written any further, with the first reason of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held(BTreeMap<String, Trouble>);

impl Held {
    /// Whether an application is stopped.
    pub fn holds(&self, application: &str) -> bool {
        self.0.contains_key(application)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why it is, if it is.
    pub fn why(&self, application: &str) -> Option<&Trouble> {
        self.0.get(application)
    }

    /// Stops an application; the first reason stands.
    pub fn stop(&mut self, application: &str, trouble: Trouble) {
        self.0.entry(application.to_owned()).or_insert(trouble);
    }

    /// Stops the application that a refusal is about. What nobody knows yet may be known in a moment; all else holds until the
    /// content changes.
    pub fn refuse(&mut self, refusal: &Refusal) {
        let Some(application) = &refusal.application else { return };
        let class = match refusal.reason {
            RefusalReason::KindUnknown | RefusalReason::NoPlace => ErrorClass::Transient,
            _ => ErrorClass::Terminal,
        };
        self.stop(
            application,
            Trouble { class, reason: refusal.reason.as_str(), message: refusal.message.clone() },
        );
    }

    /// Stops every application that depends on a stopped one, one behind the other.
    pub fn stop_dependants(&mut self, desired: &Desired) {
        // Each application stands after those it depends on, so one look at each is enough.
        for one in &desired.applications {
            let on = one.application.depends_on.iter().find_map(|on| Some((on, self.0.get(on)?.class)));
            if let Some((on, class)) = on {
                let message = format!("it depends on {on}, which is held");
                self.stop(&one.application.name, Trouble { class, reason: "DependencyHeld", message });
            }
        }
    }
}
