//! The loop: one effect after the other, each answered by an event.

use super::build::{Agent, Work};
use super::clock;
use crate::model::{Moment, Trouble};
use crate::reconcile::{Effect, Event, State, step};
use jiff::Timestamp;
use std::time::Duration;

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// What the mirrors offer is proven and applied.
    Done,
    /// Something kept it from that; last-good goes on being healed.
    Failed(Vec<Trouble>),
}

impl Agent {
    /// One pass through the whole way. Returns when the machine rests.
    pub async fn once(&mut self) -> Ending {
        let mut due = Some(Event::Tick);
        while let Some(event) = due {
            due = match self.advance(event).await {
                Some(until) if !matches!(self.site.state, State::Idle { .. }) => {
                    self.wait_until(until).await;
                    Some(Event::Tick)
                }
                _ => None,
            };
        }
        self.rest();
        let troubles = self.site.troubles();
        if troubles.is_empty() { Ending::Done } else { Ending::Failed(troubles) }
    }

    /// Passes, one after the other, until `stop` answers. The pass under way is ended at its next effect.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let until = tokio::select! {
                () = &mut stop => return,
                until = self.advance(Event::Tick) => until,
            };
            let Some(until) = until else { return };
            if matches!(self.site.state, State::Idle { .. }) {
                self.rest();
            }
            tokio::select! {
                () = &mut stop => return,
                () = self.wait_until(until) => {}
            }
        }
    }

    /// Feeds an event and carries out what follows from it, until the machine waits for a time.
    async fn advance(&mut self, event: Event) -> Option<Timestamp> {
        let mut event = event;
        loop {
            let site = self.site.clone();
            let (site, effect) = step(site, event, self.clock.now(), clock::random(), &self.settings.rules);
            self.site = site;
            self.publish_status();
            tracing::debug!(?effect, "effect");
            event = match effect {
                Effect::WakeAt(until) => return Some(until),
                Effect::Unexpected(event) => {
                    tracing::error!(event, state = ?self.site.state, "an event does not fit the state; please report this");
                    return None;
                }
                effect => self.carry_out(effect).await,
            };
        }
    }

    async fn carry_out(&mut self, effect: Effect) -> Event {
        let event = match effect {
            Effect::Fetch => self.fetch().await,
            Effect::Verify => self.verify().await,
            Effect::Accept => self.accept().await,
            Effect::Render(revision) => self.render(&revision).await,
            Effect::Apply => self.apply().await,
            Effect::Judge => self.judge().await,
            Effect::Prune => self.prune().await,
            Effect::Keep => self.keep().await,
            Effect::WakeAt(_) | Effect::Unexpected(_) => Event::Tick,
        };
        match &event {
            Event::Failed(trouble) => self.sink.moment(&Moment::Failed(trouble.clone())),
            Event::Refused(trouble) => self.sink.moment(&Moment::Refused(trouble.clone())),
            Event::FetchFailed(trouble) => self.sink.moment(&Moment::Unreachable(trouble.clone())),
            _ => {}
        }
        event
    }

    /// Tells the sinks what happened.
    pub(crate) fn tell(&self, moment: &Moment) {
        self.sink.moment(moment);
    }

    /// Between passes nothing heavy is held.
    fn rest(&mut self) {
        let owner = self.work.owner.take();
        self.work = Work { owner, is_rebuilt: self.work.is_rebuilt, ..Work::default() };
    }

    async fn wait_until(&self, until: Timestamp) {
        let wait = self.clock.now().duration_until(until);
        let wait = Duration::try_from(wait).unwrap_or(Duration::ZERO);
        tokio::time::sleep(wait).await;
    }
}
