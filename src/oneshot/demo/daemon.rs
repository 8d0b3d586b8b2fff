//! The site as it runs for good. What it tells is waited for, and checked.

use super::Error;
use super::site::{Booted, Heard, Site, Told};
use crate::agent::Command;
use crate::model::status::ApplicationStatus;
use crate::model::{Drift, Moment, ObjectKey, Request, SiteStatus};
use crate::reconcile::Stay;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long something may take that the story tells of, before the demo fails.
const PATIENCE: Duration = Duration::from_mins(2);

/// The agent as a task of its own.
pub(super) struct Daemon {
    orders: mpsc::Sender<Command>,
    task: JoinHandle<()>,
    told: Told,
}

impl Site {
    /// Starts the agent on this site's disk, for good.
    pub(super) fn start(&self) -> Result<Daemon, Error> {
        let Booted { mut agent, told, .. } = self.boot(Stay::Forever)?;
        let (orders, mut inbox) = mpsc::channel(1);
        let task = tokio::spawn(async move { agent.run(&mut inbox).await });
        Ok(Daemon { orders, task, told })
    }
}

impl Daemon {
    /// Orders it to ask the mirror now.
    pub(super) async fn sync(&self) -> Result<(), Error> {
        let (command, answer) = Command::new(Request::Sync);
        let is_given = self.orders.send(command).await.is_ok() && answer.await.is_ok();
        self.holds("the agent obeys", is_given)
    }

    /// Waits until something is so that the story claims; answers with what there is to see of it.
    pub(super) async fn until<S>(
        &self,
        claim: &'static str,
        see: impl Fn(&Heard) -> Option<S>,
    ) -> Result<S, Error> {
        let seen = self.told.until(see);
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(seen) => Ok(seen),
            Err(_) => Err(Error::NotAsTold { claim, happened: self.in_words() }),
        }
    }

    /// Waits until the status is so; answers with it.
    pub(super) async fn until_status(
        &self,
        claim: &'static str,
        fits: impl Fn(&SiteStatus) -> bool,
    ) -> Result<SiteStatus, Error> {
        self.until(claim, |heard| heard.status.clone().filter(|status| fits(status))).await
    }

    /// Waits until this object was found changed by others, since it was last asked.
    pub(super) async fn until_drift(&self, claim: &'static str, key: &ObjectKey) -> Result<Drift, Error> {
        let is_drift = |moment: &Moment| match moment {
            Moment::Drifted(drift) if drift.key == *key => Some(drift.clone()),
            _ => None,
        };
        let drift = self.until(claim, |heard| heard.moments.iter().find_map(is_drift)).await?;
        self.told.forget();
        Ok(drift)
    }

    /// Fails the demo unless what is about to be told really happened.
    pub(super) fn holds(&self, claim: &'static str, does: bool) -> Result<(), Error> {
        if does { Ok(()) } else { Err(Error::NotAsTold { claim, happened: self.in_words() }) }
    }

    /// Ends it in the middle of whatever it does, as the loss of power would. Answers with how often it wrote something.
    pub(super) async fn cut(self) -> usize {
        self.task.abort();
        // It was called off, which is what it says.
        let _ = self.task.await;
        self.told.with(|heard| heard.written)
    }

    fn in_words(&self) -> String {
        let words = self.told.with(|heard| {
            let status = heard.status.as_ref()?;
            let applications = status.applications.iter().map(|one| {
                let reason =
                    one.reason.as_ref().map(|reason| format!(" ({}: {})", reason.code, reason.message));
                format!("{} is {:?}{}", one.name, one.phase, reason.unwrap_or_default())
            });
            Some(format!("the site is {:?}; {}", status.phase, applications.collect::<Vec<_>>().join("; ")))
        });
        words.unwrap_or_else(|| "the agent told nothing".to_owned())
    }
}

/// The application of the story.
pub(super) fn pos(status: &SiteStatus) -> Option<&ApplicationStatus> {
    status.applications.iter().find(|one| one.name == "pos")
}
