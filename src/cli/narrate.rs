//! What a person sees while they wait: one line for each thing that happened, and a bar while objects are written.

use super::output::{self, Paint};
use crate::model::{ChangeSet, Drift, Health, HealthStatus, Moment, Outcome, SiteStatus};
use crate::report::Sink;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// Tells moments to standard error.
#[derive(Debug)]
pub(super) struct Narrator {
    paint: Paint,
    has_bar: bool,
    /// What was told of health last: it is looked at every few seconds, and only news is worth a line.
    health: Mutex<Vec<HealthStatus>>,
}

/// How many objects are named one by one before they are only counted.
const NAMED: usize = 20;

impl Narrator {
    pub(super) fn new() -> Self {
        let has_bar = std::io::stderr().is_terminal();
        Self { paint: Paint::stderr(), has_bar, health: Mutex::default() }
    }

    fn bar(&self, done: usize, of: usize) {
        if !self.has_bar || of == 0 {
            return;
        }
        let filled = done * 30 / of;
        let bar: String = (0..30).map(|at| if at < filled { '█' } else { '░' }).collect();
        let end = if done == of { "\r\x1b[K" } else { "" };
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\r  {bar} {done}/{of} objects{end}");
        let _ = stderr.flush();
    }

    /// Prints a line, over the bar if there is one.
    fn say(&self, text: &str) {
        output::err(&format!("{}{text}", if self.has_bar { "\r\x1b[K" } else { "" }));
    }

    fn health(&self, worst: Health, looked: &[HealthStatus]) {
        let mut told = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if *told == looked {
            return;
        }
        for known in looked.iter().take(NAMED) {
            self.say(&format!("    {} {}: {}", known.health, known.key, known.message));
        }
        self.say(&format!("  health: {}", self.paint.yellow(&worst.to_string())));
        looked.clone_into(&mut told);
    }

    fn drift(&self, drift: &Drift) {
        let by = if drift.by.is_empty() { String::new() } else { format!(" by {}", drift.by.join(", ")) };
        let (kind, answer) = (drift.kind, self.paint.yellow(&drift.answer.to_string()));
        self.say(&format!("    {answer} {}, {kind}{by}", drift.key));
    }

    fn changes(&self, set: &ChangeSet, verb: &str) {
        for done in set.done.iter().filter(|done| done.outcome != Outcome::Failed).take(NAMED) {
            self.say(&format!("    {} {}", self.paint.green(&done.outcome.to_string()), done.key));
        }
        if set.done.len() > NAMED {
            self.say(&format!("    … and {} more", set.done.len() - NAMED));
        }
        for refused in &set.refused {
            let place = refused.application.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
            self.say(&format!("    {} {place}{}", self.paint.red(refused.reason.as_str()), refused.message));
        }
        let written = set.done.iter().filter(|done| done.outcome != Outcome::Failed).count();
        self.say(&format!("  {verb} {written}, unchanged {}, refused {}", set.unchanged, set.refused.len()));
    }
}

/// What went over the link, where anything did: a local mirror has none.
fn cost(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { format!(" ({bytes} bytes)") }
}

impl Sink for Narrator {
    fn moment(&self, moment: &Moment) {
        let paint = self.paint;
        let say = |text: String| self.say(&text);
        match moment {
            Moment::Fetching => say("  asking the mirrors …".to_owned()),
            Moment::Fetched { mirror, commits: 0, bytes } => {
                say(format!("  {mirror} has nothing new{}", cost(*bytes)))
            }
            Moment::Fetched { mirror, commits, bytes } => {
                say(format!("  {mirror} offers {}{}", output::count(*commits, "new commit"), cost(*bytes)))
            }
            Moment::Unreachable(trouble) => {
                say(format!("  {} {}", paint.yellow("no mirror answered:"), trouble.message))
            }
            Moment::Checked(commit, verification) => say(format!("    {} {verification}", commit.short())),
            Moment::Accepted { revision, is_beginning: true, .. } => {
                say(format!("  {} {revision}; nothing below it is proven", paint.bold("trust begins at")));
            }
            Moment::Accepted { revision, .. } => say(format!("  {} {revision}", paint.green("proven"))),
            Moment::Refused(trouble) => say(format!("  {} {}", paint.red("refused:"), trouble.message)),
            Moment::Rendered { revision, applications, objects, notes } => {
                let applications = output::count(*applications, "application");
                say(format!("  rendered {revision}: {applications}, {}", output::count(*objects, "object")));
                notes.iter().for_each(|note| say(format!("  {} {note}", paint.yellow("note:"))));
            }
            Moment::RenderFailed(revision, trouble) => {
                say(format!("  {} {revision}: {}", paint.red("cannot render"), trouble.message))
            }
            Moment::Progress { done, of } => self.bar(*done, *of),
            Moment::Applied(set) => self.changes(set, "applied"),
            Moment::Drifted(drift) => self.drift(drift),
            Moment::Intending(_) | Moment::Acted(_) => {}
            Moment::Judged(Health::Current, _) => say(format!("  {}", paint.green("all is Current"))),
            Moment::Judged(worst, looked) => self.health(*worst, looked),
            Moment::Pruned(set) if set.done.is_empty() && set.refused.is_empty() => {}
            Moment::Pruned(set) => self.changes(set, "pruned"),
            Moment::LastGood(revision) => say(format!("  last-good is {revision}")),
            Moment::Failed(trouble) => say(format!("  {} {}", paint.red("failed:"), trouble.message)),
            Moment::Note(note) => say(format!("  {} {note}", paint.yellow("note:"))),
        }
    }

    fn status(&self, _: &SiteStatus) {}
}
