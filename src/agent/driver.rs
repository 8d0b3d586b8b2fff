//! The loop: what happens goes to the machine, and what the machine asks for is carried out.

use super::build::{Agent, Work};
use super::clock;
use super::content::Brought;
use super::control::Command;
use super::fetch::Offer;
use crate::model::{DesiredApplication, Moment, Reply, Revision, Trouble};
use crate::plan;
use crate::reconcile::{Effect, Event, Notice, Order, Stay, step};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// How often at least the status is told, though it says nothing new: whoever watches over the process sees that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What is done beside the work on the cluster: a link that hangs keeps nothing from being healed.
pub(super) type Jobs = JoinSet<Done>;

/// A job that is done, or what happened by itself.
pub(super) enum Done {
    Happened(Event),
    Fetched(Offer),
    /// What another mirror said, after what the first one offered was refused.
    FetchedAnother(Offer),
    Rendered(Revision, Result<Brought, Trouble>),
    /// What of the object database is needed was said.
    Retained,
    GoingBack(Result<(Revision, Vec<DesiredApplication>), Trouble>, oneshot::Sender<Reply>),
}

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
        self.feed(Event::Ordered(Order::Sync)).await;
        while !self.site.is_resting() || !self.jobs.is_empty() {
            let done = self.next().await;
            self.go_on(done).await;
        }
        self.rest();
        let troubles = self.site.troubles();
        if troubles.is_empty() { Ending::Done } else { Ending::Failed(troubles) }
    }

    /// Goes on for good, and obeys what comes in through `orders`, until they end. What is on disk is whole at every moment, so this may
    /// be dropped at any time.
    pub async fn run(&mut self, orders: &mut mpsc::Receiver<Command>) {
        let mut turns = self.standing.clone();
        self.turn().await;
        self.feed(Event::Tick).await;
        loop {
            tokio::select! {
                biased;
                command = orders.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => break,
                },
                Ok(()) = turns.changed() => self.turn().await,
                done = self.next() => {
                    let is_time = matches!(done, Done::Happened(Event::Tick));
                    self.go_on(done).await;
                    self.keep_ready(is_time).await;
                }
                () = tokio::time::sleep(HEARTBEAT) => self.publish_status(),
            }
        }
    }

    /// What happens next: a job is done, something changed in the cluster, or the time has come. Nothing of it is lost if this is dropped.
    async fn next(&mut self) -> Done {
        let due = self.site.due();
        let wait = due.map(|due| self.clock.now().duration_until(due));
        let wait = wait.map(|wait| Duration::try_from(wait).unwrap_or(Duration::ZERO));
        let asleep = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let follows = self.settings.rules.stay == Stay::Forever;
        tokio::select! {
            biased;
            Some(done) = self.jobs.join_next() => {
                done.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
            }
            news = self.applier.noticed(), if follows => {
                let plan::News { drift, health } = news;
                Done::Happened(Event::Noticed(Notice { drift, health }))
            }
            () = asleep => Done::Happened(Event::Tick),
        }
    }

    async fn go_on(&mut self, done: Done) {
        if let Some(event) = self.finish(done).await {
            self.feed(event).await;
        }
    }

    /// Feeds an event and carries out all that follows from it.
    pub(super) async fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.clock.now();
            let (site, effects) = step(self.site.clone(), event, now, clock::random(), &self.settings.rules);
            self.site = site;
            self.publish_status();
            for effect in effects {
                tracing::debug!(?effect, "effect");
                events.extend(self.carry_out(effect).await);
            }
        }
        self.share().await;
        if self.site.is_resting() {
            self.rest();
        }
    }

    /// Carries out one effect; jobs beside it answer later.
    async fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        let event = match effect {
            Effect::Fetch => {
                self.begin();
                let offer = self.ask();
                self.jobs.spawn(async move { Done::Fetched(offer.await) });
                return None;
            }
            Effect::Render { revision, is_offline } => {
                let (reader, ways_back) = (self.reader(), self.ways_back());
                self.jobs.spawn(async move {
                    let brought = reader.bring(revision.clone(), is_offline, ways_back).await;
                    Done::Rendered(revision, brought)
                });
                return None;
            }
            Effect::Remember => {
                self.remember().await;
                return None;
            }
            Effect::Unexpected(event) => {
                tracing::error!(event, site = ?self.site, "an event does not fit the state; please report this");
                return None;
            }
            Effect::Verify => self.prove_beside().await?,
            Effect::Accept => self.accept().await,
            Effect::Apply => self.apply().await,
            Effect::Judge => self.judge().await,
            Effect::Heal { everything } => self.heal(everything).await,
            Effect::Prune => self.prune().await,
            Effect::Keep => self.keep().await,
        };
        match &event {
            Event::Failed(trouble) | Event::AcceptFailed(trouble) => {
                self.tell(&Moment::Failed(trouble.clone()));
            }
            Event::Refused(trouble) => self.tell(&Moment::Refused(trouble.clone())),
            _ => {}
        }
        Some(event)
    }

    /// Proves what was fetched. Where that is refused, another mirror is asked, and the event comes with its answer.
    async fn prove_beside(&mut self) -> Option<Event> {
        let event = self.prove().await;
        if event.is_none() {
            let offer = self.ask();
            self.jobs.spawn(async move { Done::FetchedAnother(offer.await) });
        }
        event
    }

    /// A job's result as an event, if one comes of it.
    async fn finish(&mut self, done: Done) -> Option<Event> {
        match done {
            Done::Happened(event) => Some(event),
            Done::Fetched(offer) => Some(self.take_offer(offer)),
            Done::FetchedAnother(offer) => {
                self.take_another(offer);
                self.carry_out(Effect::Verify).await
            }
            Done::Rendered(revision, brought) => Some(self.take_rendered(revision, brought)),
            Done::Retained => None,
            Done::GoingBack(kept, reply) => self.go_back(kept, reply),
        }
    }

    /// Tells the sinks what happened.
    pub(crate) fn tell(&self, moment: &Moment) {
        self.sink.moment(moment);
    }

    /// While nothing is under way, nothing is held but what healing takes.
    fn rest(&mut self) {
        self.work = Work::default();
        self.applier.rest();
        if let Some(contents) = &mut self.contents {
            contents.forget(&self.site.applications);
        }
    }
}
