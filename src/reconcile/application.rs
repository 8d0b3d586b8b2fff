//! One application's machine.

use super::clock::Settle;
use crate::model::{ApplicationPhase, Digest, ErrorClass, Health, Quarantine, Revision, Rollback, Trouble};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// The reason of an application that was healthy at nothing it could go back to within its deadline.
pub const ROLLBACK_FAILED: &str = "RollbackFailed";
/// The reason of an application that was not healthy before, and is not with what its revision changed.
pub const STILL_UNHEALTHY: &str = "StillUnhealthy";
/// Reasons for which content ends in quarantine, as they are told again after a boot.
const REASONS: [&str; 8] = [
    "ConflictRefused",
    "CrashLoop",
    "DeadlineExceeded",
    "ImmutableField",
    "JobFailed",
    "NoPlace",
    "ObjectRefused",
    "PodFailed",
];

/// An application as the machine knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Where it is.
    pub state: State,
    /// What the newest rendered revision says must run.
    pub target: Option<Content>,
    /// What it was last steady at.
    pub last_good: Option<Content>,
    /// What it runs, or is on its way to: its target, or last-good.
    pub running: Option<Content>,
    /// What failed here and is not tried again.
    pub quarantine: Option<Quarantine>,
    /// What its target goes by.
    pub terms: Terms,
    /// How much of its deadline is used up, by a clock that stands still while waiting is nobody's fault.
    pub spent: Duration,
    /// The worst health among its objects, when last judged.
    pub health: Health,
    /// What keeps it from being Current, in words.
    pub message: String,
    /// Since when its pods wait for something that may come by itself, such as an image, if they do.
    pub waits_since: Option<Timestamp>,
    /// What it depends on and that is not steady, while that alone keeps it from being so.
    pub waits_for: Option<String>,
}

/// A revision and what it rendered to.
pub type Content = (Revision, Digest);

/// What an application's rendered revision says about its treatment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// How long it may take to get healthy.
    pub deadline: Duration,
    /// How long it must then stay healthy.
    pub quiet: Duration,
    /// How long to wait for an image before that is reported.
    pub pull_deadline: Option<Duration>,
    /// What goes back when it fails.
    pub rollback: Rollback,
    /// The applications that it depends on.
    pub depends_on: BTreeSet<String>,
    /// How many objects it has.
    pub objects: usize,
}

/// Where an application is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Known, nothing done yet.
    Pending,
    /// Its objects are being written.
    Applying,
    /// Its objects are written; their health is waited for.
    Settling(Settle),
    /// Healthy at what it runs.
    Steady,
    /// Stopped, until its content changes, a person acts, or it is tried again.
    Held(Hold),
}

/// Why an application is stopped, and what that means for what it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// Why.
    pub trouble: Trouble,
    /// What becomes of it.
    pub kind: HoldKind,
}

/// What becomes of an application that is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldKind {
    /// It could not be written now; it is tried again in a moment.
    Passing,
    /// Its target must not be written as things are: what was last-good goes on, and it is tried again from time to time.
    Refused,
    /// It stays as it is until its content changes or a person acts.
    Lasting,
}

/// How one application's objects are, as they were just judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// The worst health among its objects.
    pub health: Health,
    /// What keeps it from being Current.
    pub message: String,
    /// Why its deadline's clock stands still, if it does.
    pub patience: Option<String>,
    /// What its revision did that no waiting mends.
    pub failed: Option<Trouble>,
    /// What to say where its deadline is over, if there is something better to say than that.
    pub late: Option<Trouble>,
    /// Whether all that is not Current was so before the revision, which changed it.
    pub is_old: bool,
}

impl Application {
    /// An application nothing is known of but its name.
    pub fn new() -> Self {
        Self {
            state: State::Pending,
            target: None,
            last_good: None,
            running: None,
            quarantine: None,
            terms: Terms::default(),
            spent: Duration::ZERO,
            health: Health::Unknown,
            message: String::new(),
            waits_since: None,
            waits_for: None,
        }
    }

    /// What the status calls it.
    pub fn phase(&self) -> ApplicationPhase {
        match self.state {
            State::Pending => ApplicationPhase::Pending,
            State::Applying | State::Settling(_) if self.is_back() => ApplicationPhase::RollingBack,
            State::Applying => ApplicationPhase::Applying,
            State::Settling(_) => ApplicationPhase::Settling,
            State::Steady => ApplicationPhase::Steady,
            State::Held(_) => ApplicationPhase::Held,
        }
    }

    /// Why it is held, if it is.
    pub fn held(&self) -> Option<&Trouble> {
        match &self.state {
            State::Held(hold) => Some(&hold.trouble),
            State::Pending | State::Applying | State::Settling(_) | State::Steady => None,
        }
    }

    /// Whether it is healthy at what it runs.
    pub fn is_steady(&self) -> bool {
        self.state == State::Steady
    }

    /// Whether its health is waited for, and more waiting may bring it to rest.
    pub fn is_settling(&self) -> bool {
        self.waits_for.is_none()
            && matches!(&self.state, State::Settling(settle) if settle.is_healthy() || !self.is_late())
    }

    /// Whether it matters what its pods wait for and why they crash: it runs what was never steady here, or goes back.
    pub fn is_on_trial(&self) -> bool {
        let is_new = digest(self.running.as_ref()) != digest(self.last_good.as_ref());
        let is_back_in_vain = self.held().is_some_and(|trouble| trouble.reason == ROLLBACK_FAILED);
        matches!(self.state, State::Settling(_)) && (is_new || self.is_back()) || is_back_in_vain
    }

    /// Whether its deadline is over.
    pub fn is_late(&self) -> bool {
        self.spent >= self.terms.deadline
    }

    /// Whether it runs, or is on its way to, last-good instead of its target.
    pub fn is_back(&self) -> bool {
        digest(self.running.as_ref()) != digest(self.target.as_ref())
    }

    /// Whether its target failed here.
    pub fn is_quarantined(&self) -> bool {
        let failed = self.quarantine.as_ref().map(|quarantine| quarantine.digest);
        failed.is_some() && failed == digest(self.target.as_ref())
    }

    /// Why its target is not tried again, as trouble.
    pub fn quarantined(&self) -> Option<Trouble> {
        let Quarantine { revision, reason, .. } =
            self.quarantine.as_ref().filter(|_| self.is_quarantined())?;
        let (code, message) = reason.split_once(": ").unwrap_or(("", reason));
        let code = REASONS.into_iter().find(|known| *known == code);
        let why = if code.is_some() { message } else { reason };
        let message = format!("{revision} failed here and is not tried again: {why}");
        Some(Trouble::terminal(code.unwrap_or("Quarantined"), message))
    }

    /// Whether it is to run last-good for a reason of its own.
    pub fn wants_back(&self) -> bool {
        let is_refused = matches!(&self.state, State::Held(hold) if hold.kind == HoldKind::Refused);
        is_refused || self.is_quarantined()
    }

    /// What it can go back to: something that is not its target.
    pub fn way_back(&self) -> Option<&Content> {
        self.last_good.as_ref().filter(|content| Some(content.1) != digest(self.target.as_ref()))
    }

    /// Its content was rendered. Another content is tried at once, whatever became of the one before.
    pub fn aim(&mut self, content: Content, terms: Terms) {
        let is_same = digest(self.target.as_ref()) == Some(content.1);
        self.target = Some(content.clone());
        self.terms = terms;
        // A revert renders what last-good is.
        if digest(self.last_good.as_ref()) == Some(content.1) {
            self.last_good = Some(content.clone());
        }
        if digest(self.running.as_ref()) == Some(content.1) {
            self.running = Some(content);
        }
        if !is_same {
            self.release();
        }
    }

    /// Forgets why it was stopped: it is tried anew.
    pub fn release(&mut self) {
        if self.held().is_some() {
            self.state = State::Pending;
        }
    }

    /// Whether it was to be written and was not.
    pub fn is_unwritten(&self) -> bool {
        matches!(self.state, State::Pending | State::Applying)
    }

    /// Whether it is stopped in a way that is to be tried again by itself.
    pub fn is_to_be_retried(&self) -> bool {
        matches!(&self.state, State::Held(hold) if hold.kind != HoldKind::Lasting)
    }

    /// Points it at what it is to run. Answers whether that is something else than before.
    pub fn point(&mut self, back: bool) -> bool {
        let next = if back { self.last_good.clone().or(self.target.clone()) } else { self.target.clone() };
        let is_other = digest(next.as_ref()) != digest(self.running.as_ref());
        self.running = next;
        if is_other {
            self.spent = Duration::ZERO;
            self.message.clear();
            self.waits_for = None;
        }
        if self.held().is_none() && (is_other || self.state == State::Pending) {
            self.state = State::Applying;
        }
        is_other
    }

    /// Its objects were written, or it was stopped, before anything of it was written or in the middle.
    pub fn applied(&mut self, stopped: Option<Trouble>, is_partial: bool, now: Timestamp) {
        match stopped {
            // The first reason stands: it is what a person must mend.
            Some(_) if self.held().is_some() && self.is_back() => {}
            Some(trouble) if trouble.class == ErrorClass::Transient => self.hold(trouble, HoldKind::Passing),
            Some(trouble) if self.is_back() => self.fail_back(&trouble.message),
            Some(trouble) if is_partial && self.way_back().is_some() => self.fail(trouble),
            Some(trouble) => self.hold(trouble, HoldKind::Refused),
            None if matches!(self.state, State::Applying | State::Pending) => {
                self.state = State::Settling(Settle::begin(now));
            }
            None => {}
        }
    }

    /// Its health was judged. `is_quiet` says whether it must stay healthy for a while before it counts; `needs` is something that it
    /// depends on and that is not steady at what the release says: till then nothing of its own release is good either.
    pub fn judged(
        &mut self,
        judged: &Judged,
        paused: Option<&str>,
        now: Timestamp,
        is_quiet: bool,
        needs: Option<String>,
    ) {
        self.health = judged.health;
        self.message.clone_from(&judged.message);
        self.waits_for = None;
        self.waits_since = judged.patience.as_ref().map(|_| self.waits_since.unwrap_or(now));
        // What was steady before proves nothing new by being quiet.
        let is_new = digest(self.running.as_ref()) != digest(self.last_good.as_ref());
        let quiet = if is_quiet && is_new { self.terms.quiet } else { Duration::ZERO };
        let is_current = judged.health == Health::Current;
        match &mut self.state {
            State::Settling(settle) => {
                let waits = judged.patience.as_deref().or(paused);
                self.spent += settle.look(now, is_current, waits);
                match (settle.is_over(now, quiet), needs.filter(|_| is_new)) {
                    (true, Some(needs)) => {
                        self.message = format!("it waits for {needs}, which it depends on");
                        self.waits_for = Some(needs);
                    }
                    (true, None) => self.rest(),
                    (false, _) if !is_current => self.late(judged),
                    (false, _) => {}
                }
            }
            State::Steady if !is_current => self.state = State::Settling(Settle::begin(now)),
            State::Held(hold) if hold.trouble.reason == ROLLBACK_FAILED && is_current => self.rest(),
            State::Steady | State::Held(_) | State::Pending | State::Applying => {}
        }
    }

    /// It failed: its target is not tried again, and it goes back, where there is something to go back to.
    pub fn fail(&mut self, trouble: Trouble) {
        let Some((revision, digest)) = self.target.clone().filter(|_| !self.is_back()) else { return };
        self.message.clone_from(&trouble.message);
        // A first sync is never held by time or a crash alone: it goes on, and says what is missing.
        if self.way_back().is_none() {
            return;
        }
        if self.terms.rollback == Rollback::Hold {
            self.hold(trouble, HoldKind::Lasting);
            return;
        }
        let reason = format!("{}: {}", trouble.reason, trouble.message);
        self.quarantine = Some(Quarantine { digest, revision, reason });
        self.state = State::Pending;
    }

    fn late(&mut self, judged: &Judged) {
        let is_late = self.is_late();
        if self.is_back() {
            if is_late {
                self.fail_back(&judged.message);
            }
        } else if let Some(trouble) = &judged.failed {
            self.fail(trouble.clone());
        } else if is_late && judged.is_old && self.way_back().is_some() {
            let message = format!("it was not healthy before, and still is not: {}", judged.message);
            self.hold(Trouble::terminal(STILL_UNHEALTHY, message), HoldKind::Lasting);
        } else if is_late {
            let seconds = self.terms.deadline.as_secs();
            let message = format!("it did not get healthy within {seconds} s: {}", judged.message);
            self.fail(judged.late.clone().unwrap_or_else(|| Trouble::terminal("DeadlineExceeded", message)));
        }
    }

    fn fail_back(&mut self, why: &str) {
        let message = format!("what was last-good does not get healthy again: {why}");
        self.hold(Trouble::terminal(ROLLBACK_FAILED, message), HoldKind::Lasting);
    }

    fn hold(&mut self, trouble: Trouble, kind: HoldKind) {
        self.state = State::Held(Hold { trouble, kind });
    }

    fn rest(&mut self) {
        self.state = State::Steady;
        self.spent = Duration::ZERO;
        if !self.is_back() {
            self.last_good.clone_from(&self.target);
            self.quarantine = None;
        }
    }
}

/// The digest of a content.
pub(super) fn digest(content: Option<&Content>) -> Option<Digest> {
    content.map(|(_, digest)| *digest)
}

impl Default for Application {
    fn default() -> Self {
        Self::new()
    }
}
