//! What is known of the link, and telling where the site stands.

use super::build::Agent;
use crate::model::status::LinkStatus;
use crate::model::{SitePhase, SiteStatus};
use jiff::Timestamp;

/// What is known of the link, and since when the site is in its phase.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The mirror that answered last.
    pub(super) mirror: Option<String>,
    /// When it did.
    pub(super) last_contact: Option<Timestamp>,
    /// Bytes since midnight UTC of that day.
    today: (jiff::civil::Date, u64),
    /// The phase, and when it began.
    since: Option<(SitePhase, Timestamp)>,
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
        let link = LinkStatus {
            mirror: self.link.mirror.clone(),
            last_contact: self
                .link
                .last_contact
                .map(|at| at.round(jiff::Unit::Second).unwrap_or(at).to_string()),
            bytes_today: self.link.today.1,
            reason: None,
        };
        self.site.status(&self.settings.local.name, &self.facts, link, since, now)
    }
}
