//! Puts the site's status together.

use super::build::Agent;
use crate::model::status::{ApplicationStatus, LinkStatus, Reason, Revisions, TrustStatus};
use crate::model::{ErrorClass, Revision, SitePhase, SiteStatus};
use crate::reconcile::Trouble;
use crate::reconcile::application::{Application, State};
use jiff::Timestamp;

/// What is known of the link, and since when the site is in its phase.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The mirror that answered last.
    pub(super) mirror: Option<String>,
    /// When it did.
    pub(super) last_contact: Option<Timestamp>,
    /// Bytes since midnight UTC of that day.
    pub(super) today: (jiff::civil::Date, u64),
    /// The phase, and when it began.
    pub(super) since: Option<(SitePhase, Timestamp)>,
}

impl Link {
    /// Counts what one contact cost.
    pub(super) fn count(&mut self, bytes: u64, now: Timestamp) {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        if self.today.0 != today {
            self.today = (today, 0);
        }
        self.today.1 = self.today.1.saturating_add(bytes);
    }
}

impl Agent {
    /// Tells the sinks where the site stands now.
    pub(super) fn publish_status(&mut self) {
        let status = self.status();
        self.sink.status(&status);
    }

    /// Where the site stands now.
    pub fn status(&mut self) -> SiteStatus {
        let now = self.clock.now();
        let phase = self.site.phase();
        let since = match self.link.since {
            Some((known, since)) if known == phase => since,
            _ => now,
        };
        self.link.since = Some((phase, since));
        let trouble = self.site.trouble.as_ref().or(self.site.offer.as_ref());
        SiteStatus {
            site: self.settings.local.name.to_string(),
            phase,
            since: since.to_string(),
            updated: now.to_string(),
            suspended: None,
            reason: trouble.or_else(|| self.unreached()).map(reason),
            revision: Revisions {
                accepted: text(self.site.accepted.as_ref()),
                applied: text(self.site.applied.as_ref()),
                last_good: text(self.site.last_good.as_ref()),
            },
            trust: self.facts.floor.as_ref().map(|floor| TrustStatus {
                begins: floor.began.to_string(),
                signer: floor.signer.clone(),
                accepted: floor.accepted.to_string(),
            }),
            applications: self
                .site
                .applications
                .iter()
                .map(|(name, known)| application(name, known))
                .collect(),
            link: LinkStatus {
                mirror: self.link.mirror.clone(),
                last_contact: self.link.last_contact.map(|at| at.to_string()),
                bytes_today: self.link.today.1,
                reason: self.site.link.as_ref().map(reason),
            },
        }
    }

    /// A link that is down is the site's own trouble only while it never got anything, or where waiting will not help.
    fn unreached(&self) -> Option<&Trouble> {
        let matters =
            |trouble: &&Trouble| self.site.accepted.is_none() || trouble.class != ErrorClass::Transient;
        self.site.link.as_ref().filter(matters)
    }
}

fn application(name: &str, known: &Application) -> ApplicationStatus {
    let revision =
        |at: &Option<(Revision, crate::model::Digest)>| at.as_ref().map(|(revision, _)| revision.to_string());
    let held = match &known.state {
        State::Held(trouble) => Some(reason(trouble)),
        State::Settling { .. } if !known.message.is_empty() => {
            Some(Reason { code: "NotCurrent".to_owned(), message: known.message.clone() })
        }
        State::Settling { .. } | State::Pending | State::Applying | State::Steady => None,
    };
    ApplicationStatus {
        name: name.to_owned(),
        phase: known.phase(),
        revision: revision(&known.target),
        last_good: revision(&known.last_good),
        quarantined: None,
        objects: known.objects,
        health: known.health,
        reason: held,
    }
}

fn reason(trouble: &Trouble) -> Reason {
    Reason { code: trouble.reason.to_owned(), message: trouble.message.clone() }
}

fn text(revision: Option<&Revision>) -> Option<String> {
    revision.map(ToString::to_string)
}
