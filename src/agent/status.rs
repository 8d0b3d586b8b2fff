//! What is known of the link, and telling where the site stands.

use super::build::Agent;
use crate::model::status::{BytesStatus, LinkStatus, MirrorStatus, Reason};
use crate::model::{MirrorReport, Purpose, SitePhase, SiteStatus, Traffic, Trouble};
use jiff::Timestamp;

/// What is known of the link, and since when the site is in its phase.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The mirror that answered last.
    pub(super) mirror: Option<String>,
    /// When it did.
    pub(super) last_contact: Option<Timestamp>,
    /// What is wrong among the mirrors, if something is.
    pub(super) alarm: Option<Trouble>,
    /// The phase, and when it began.
    since: Option<(SitePhase, Timestamp)>,
}

impl Agent {
    /// Tells the sinks where the site stands now.
    pub(super) fn publish_status(&mut self) {
        let status = self.status();
        self.sink.status(&status);
        self.board.send_if_modified(|hung| {
            let is_news = hung.as_ref().is_none_or(|hung| hung.is_other(&status));
            if is_news {
                *hung = Some(status);
            }
            is_news
        });
    }

    /// The end: lets the sinks tell what is still to be told, for some seconds at most.
    pub async fn part(&self) {
        self.sink.finish().await;
    }

    /// Where the site stands now.
    pub fn status(&mut self) -> SiteStatus {
        let now = self.clock.now();
        let phase = self.site.phase();
        let since = self.link.since.filter(|(known, _)| *known == phase).map_or(now, |(_, since)| since);
        self.link.since = Some((phase, since));
        let mirrors = self.source.link();
        let today = mirrors.iter().flat_map(|one| &one.today).map(|(_, traffic)| traffic.total());
        let link = LinkStatus {
            mirror: self.link.mirror.clone(),
            last_contact: self.link.last_contact.map(time),
            bytes_today: today.sum(),
            reason: None,
            alarm: self
                .link
                .alarm
                .as_ref()
                .map(|trouble| Reason { code: trouble.reason.to_owned(), message: trouble.message.clone() }),
            mirrors: mirrors.into_iter().map(mirror).collect(),
        };
        self.site.status(&self.settings.local.name, &self.facts, link, since, now)
    }
}

fn mirror(report: MirrorReport) -> MirrorStatus {
    let seconds = |at: u64| Timestamp::from_second(i64::try_from(at).ok()?).ok().map(time);
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

/// To the second.
fn time(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}
