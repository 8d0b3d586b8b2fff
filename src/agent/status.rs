//! What is known of the link, and telling where the site stands.

use super::build::Agent;
use crate::model::{SitePhase, SiteStatus, Trouble};
use crate::reconcile;
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
        let Link { mirror, last_contact, alarm, .. } = &self.link;
        let link = reconcile::link(mirror.clone(), *last_contact, alarm.as_ref(), self.source.link());
        self.site.status(&self.settings.local.name, &self.facts, link, since, now)
    }
}
