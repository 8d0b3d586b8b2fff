//! One application's machine.

use crate::model::{ApplicationPhase, Digest, Health, Revision, Trouble};
use jiff::Timestamp;
use std::time::Duration;

/// An application as the machine knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Where it is.
    pub state: State,
    /// The revision and rendered digest it is at or on its way to.
    pub target: Option<(Revision, Digest)>,
    /// What it was last steady at.
    pub last_good: Option<(Revision, Digest)>,
    /// How long it may take to get healthy.
    pub deadline: Duration,
    /// How many objects it has.
    pub objects: usize,
    /// The worst health among them, when last judged.
    pub health: Health,
    /// What keeps it from being Current, in words.
    pub message: String,
}

/// Where an application is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Known, nothing done yet.
    Pending,
    /// Its objects are being written.
    Applying,
    /// Its objects are written; their health is waited for until the deadline, from then on it is only late.
    Settling {
        /// When its time is over.
        deadline: Timestamp,
    },
    /// Healthy at its target.
    Steady,
    /// Stopped, until its content changes or a person acts.
    Held(Trouble),
}

impl Application {
    /// An application nothing is known of but its name.
    pub fn new() -> Self {
        Self {
            state: State::Pending,
            target: None,
            last_good: None,
            deadline: Duration::ZERO,
            objects: 0,
            health: Health::Unknown,
            message: String::new(),
        }
    }

    /// What the status calls it.
    pub fn phase(&self) -> ApplicationPhase {
        match self.state {
            State::Pending => ApplicationPhase::Pending,
            State::Applying => ApplicationPhase::Applying,
            State::Settling { .. } => ApplicationPhase::Settling,
            State::Steady => ApplicationPhase::Steady,
            State::Held(_) => ApplicationPhase::Held,
        }
    }

    /// Why it is held, if it is.
    pub fn held(&self) -> Option<&Trouble> {
        match &self.state {
            State::Held(trouble) => Some(trouble),
            State::Pending | State::Applying | State::Settling { .. } | State::Steady => None,
        }
    }

    /// Whether it is at its target, healthy.
    pub fn is_steady(&self) -> bool {
        self.state == State::Steady
    }

    /// Whether more waiting may still bring it to rest.
    pub fn is_settling(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Settling { deadline } if now < deadline)
    }

    /// Its content was rendered; it is about to be compared and written. The same content leaves a steady application steady.
    pub fn aim(&mut self, revision: &Revision, digest: Digest, objects: usize, deadline: Duration) {
        let is_same = self.target.as_ref().is_some_and(|(_, at)| *at == digest);
        self.target = Some((revision.clone(), digest));
        self.objects = objects;
        self.deadline = deadline;
        if !(is_same && self.is_steady()) {
            self.state = State::Applying;
        }
    }

    /// Its objects were written, or it was held.
    pub fn applied(&mut self, held: Option<Trouble>, now: Timestamp) {
        match held {
            Some(trouble) => self.state = State::Held(trouble),
            None if self.is_steady() => {}
            None => self.settle(now),
        }
    }

    /// Its health was judged. An application that is held stays so: health does not undo a refusal.
    pub fn judged(&mut self, health: Health, message: String, now: Timestamp) {
        self.health = health;
        self.message = message;
        match self.state {
            State::Settling { .. } | State::Steady if health == Health::Current => {
                self.state = State::Steady;
                self.last_good.clone_from(&self.target);
            }
            State::Steady => self.settle(now),
            State::Settling { .. } | State::Pending | State::Applying | State::Held(_) => {}
        }
    }

    fn settle(&mut self, now: Timestamp) {
        let wait = jiff::SignedDuration::try_from(self.deadline).unwrap_or(jiff::SignedDuration::MAX);
        self.state = State::Settling { deadline: now.saturating_add(wait).unwrap_or(now) };
    }
}

impl Default for Application {
    fn default() -> Self {
        Self::new()
    }
}
