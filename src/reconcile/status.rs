//! Where the site stands, as it is told.

use super::application::{Application, State};
use super::site::{Site, Turn};
use crate::model::status::{
    ApplicationStatus, BytesStatus, LinkStatus, MirrorStatus, Reason, Revisions, TrustStatus,
};
use crate::model::{
    Digest, ErrorClass, Facts, MirrorReport, Purpose, Revision, SiteName, SiteStatus, Suspension, Traffic,
    Trouble,
};
use jiff::Timestamp;
use std::time::Duration;

/// The reason of an application whose pods wait for longer than `pullDeadline`. It goes on waiting.
const PULL_DEADLINE: &str = "PullDeadlineExceeded";

impl Site {
    /// The status of this machine. The link is what the driver saw of it; its trouble is added here.
    pub fn status(
        &self,
        name: &SiteName,
        facts: &Facts,
        link: LinkStatus,
        since: Timestamp,
        now: Timestamp,
    ) -> SiteStatus {
        let trouble = [&self.trouble, &self.offer, &self.setback].into_iter().flatten().next();
        let unknown = match &self.turn {
            Turn::Unknown(why) => why.as_ref(),
            Turn::Ours | Turn::Theirs(_) => None,
        };
        let trouble = trouble.or(unknown).or_else(|| self.cut_off());
        SiteStatus {
            site: name.to_string(),
            phase: self.phase(),
            since: moment(since),
            updated: moment(now),
            suspended: self.suspended.as_ref().filter(|_| self.is_suspended(now)).map(suspension),
            standby: match &self.turn {
                Turn::Theirs(holder) => Some(holder.clone()),
                Turn::Ours | Turn::Unknown(_) => None,
            },
            reason: trouble.map(reason),
            revision: Revisions {
                accepted: text(self.accepted.as_ref()),
                applied: text(self.applied.as_ref()),
                last_good: text(self.last_good.as_ref()),
            },
            trust: facts.floor.as_ref().map(|floor| TrustStatus {
                begins: floor.began.to_string(),
                signer: floor.signer.clone(),
                accepted: moment(floor.accepted),
            }),
            applications: self.applications.iter().map(|(name, known)| known.status(name, now)).collect(),
            link: LinkStatus { reason: self.link.as_ref().map(reason), ..link },
        }
    }

    /// A link that is down is the site's own trouble only while it never got anything, or where waiting will not help.
    fn cut_off(&self) -> Option<&Trouble> {
        let matters = |trouble: &&Trouble| self.accepted.is_none() || trouble.class != ErrorClass::Transient;
        self.link.as_ref().filter(matters)
    }
}

impl Application {
    fn status(&self, name: &str, now: Timestamp) -> ApplicationStatus {
        let revision =
            |at: &Option<(Revision, Digest)>| at.as_ref().map(|(revision, _)| revision.to_string());
        ApplicationStatus {
            name: name.to_owned(),
            phase: self.phase(),
            revision: revision(&self.running.clone().or(self.target.clone())),
            last_good: revision(&self.last_good),
            quarantined: self.quarantined().map(|trouble| trouble.message),
            objects: self.terms.objects,
            health: self.health,
            reason: self.reason(now),
        }
    }
}

impl Application {
    /// Since when its pods wait, if that is longer than is allowed without a word.
    fn waits_too_long(&self, now: Timestamp) -> Option<(Timestamp, Duration)> {
        let (since, limit) = (self.waits_since?, self.terms.pull_deadline?);
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        (waited >= limit).then_some((since, limit))
    }

    /// Why it is not simply steady, if it is not.
    fn reason(&self, now: Timestamp) -> Option<Reason> {
        let said = |code: &str, message: String| Some(Reason { code: code.to_owned(), message });
        match &self.state {
            State::Held(hold) => Some(reason(&hold.trouble)),
            State::Settling(settle) if settle.waits().is_some() => {
                let waits = settle.waits().unwrap_or_default();
                if let Some((since, limit)) = self.waits_too_long(now) {
                    let (since, seconds) = (moment(since), limit.as_secs());
                    let message = format!(
                        "it has been waiting since {since}, longer than the {seconds} s that pullDeadline allows: {waits}"
                    );
                    return said(PULL_DEADLINE, message);
                }
                said("Waiting", format!("its deadline stands still, for {waits}: {}", self.message))
            }
            State::Settling(_) if !self.message.is_empty() => said("NotCurrent", self.message.clone()),
            State::Settling(_) | State::Pending | State::Applying | State::Steady
                if self.is_quarantined() =>
            {
                self.quarantined().as_ref().map(reason)
            }
            State::Settling(_) | State::Pending | State::Applying | State::Steady if self.is_back() => said(
                "HeldBack",
                "it stays at last-good while something that it goes with is held or in quarantine".to_owned(),
            ),
            State::Settling(_) | State::Pending | State::Applying | State::Steady => None,
        }
    }
}

/// A person's reason to stop new revisions, and until when.
fn suspension(suspension: &Suspension) -> String {
    match suspension.until {
        Some(until) => format!("{} (until {})", suspension.reason, moment(until)),
        None => suspension.reason.clone(),
    }
}

/// What is known of the link: the mirror that answered last and when, what is wrong among the mirrors, and each of them.
pub fn link(
    mirror: Option<String>,
    last_contact: Option<Timestamp>,
    alarm: Option<&Trouble>,
    reports: Vec<MirrorReport>,
) -> LinkStatus {
    let today = reports.iter().flat_map(|one| &one.today).map(|(_, traffic)| traffic.total());
    LinkStatus {
        mirror,
        last_contact: last_contact.map(moment),
        bytes_today: today.sum(),
        reason: None,
        alarm: alarm.map(reason),
        mirrors: reports.into_iter().map(one_mirror).collect(),
    }
}

fn one_mirror(report: MirrorReport) -> MirrorStatus {
    let seconds = |at: u64| Timestamp::from_second(i64::try_from(at).ok()?).ok().map(moment);
    MirrorStatus {
        mirror: report.mirror,
        metered: report.is_metered,
        last_answer: report.answered.and_then(seconds),
        failures: report.failures,
        spent_until: report.spent_until.and_then(seconds),
        today: report.today.into_iter().map(bytes).collect(),
        total: report.ever.into_iter().map(bytes).collect(),
    }
}

fn bytes((purpose, Traffic { up, down }): (Purpose, Traffic)) -> BytesStatus {
    BytesStatus { purpose: purpose.to_string(), up, down }
}

fn reason(trouble: &Trouble) -> Reason {
    Reason { code: trouble.reason.to_owned(), message: trouble.message.clone() }
}

/// To the second: what people read needs no more, and files that hold it change less.
fn moment(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}

fn text(revision: Option<&Revision>) -> Option<String> {
    revision.map(ToString::to_string)
}
