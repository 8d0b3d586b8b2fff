//! What a person orders, carried out.

use super::build::Agent;
use super::control::Command;
use super::driver::Done;
use crate::model::{Act, DesiredApplication, Moment, Reply, Request, Revision, Suspension, Trouble};
use crate::reconcile::{Event, Order, targets};
use tokio::sync::oneshot;

impl Agent {
    /// Carries out an order and answers it. What takes longer is answered when it is done.
    pub(super) async fn obey(&mut self, command: Command) {
        let Command { request, uid, reply } = command;
        let (what, order, message) = match request {
            Request::Status | Request::Watch => return,
            Request::Sync => {
                if self.site.is_suspended(self.clock.now()) {
                    let message = "new revisions are suspended here: standfast resume takes them again";
                    return answer(reply, Reply::Refused { message: message.to_owned() });
                }
                ("sync".to_owned(), Order::Sync, "the mirrors are asked".to_owned())
            }
            Request::Retry { application } => {
                if let Some(unknown) =
                    application.as_ref().filter(|name| !self.site.applications.contains_key(*name))
                {
                    let known: Vec<&str> = self.site.applications.keys().map(String::as_str).collect();
                    let message = format!("no application {unknown} is here; there are {}", known.join(", "));
                    return answer(reply, Reply::Refused { message });
                }
                let of = application.as_deref().unwrap_or("everything").to_owned();
                (format!("retry {of}"), Order::Retry(application), format!("{of} is tried again"))
            }
            Request::Suspend { reason, until } => {
                let now = self.clock.now();
                if until.is_some_and(|until| until <= now) {
                    let message = "the time until which to suspend is over already".to_owned();
                    return answer(reply, Reply::Refused { message });
                }
                let until_when = until.map(|until| format!(" until {until}")).unwrap_or_default();
                let what = format!("suspend{until_when}: {reason}");
                let order = Order::Suspend(Suspension { reason, since: now, until });
                (what, order, format!("no new revision is taken{until_when}; healing goes on"))
            }
            Request::Resume => {
                ("resume".to_owned(), Order::Resume, "new revisions are taken again".to_owned())
            }
            Request::Rollback { revision } => return self.begin_rollback(&revision, uid, reply),
        };
        self.tell(&Moment::Acted(Act { what, uid }));
        self.work.is_ordered |= order == Order::Sync;
        self.feed(Event::Ordered(order)).await;
        answer(reply, Reply::Done { message });
    }

    /// Reads what a pinned revision rendered; the rest follows when that is done.
    fn begin_rollback(&mut self, wanted: &str, uid: u32, reply: oneshot::Sender<Reply>) {
        let revision = match self.pinned(wanted) {
            Ok(revision) => revision,
            Err(message) => return answer(reply, Reply::Refused { message }),
        };
        self.tell(&Moment::Acted(Act { what: format!("rollback {revision}"), uid }));
        let reader = self.reader();
        self.jobs.spawn(async move {
            let kept = reader.pinned(&revision).await.map(|applications| (revision, applications));
            Done::GoingBack(kept, reply)
        });
    }

    /// The pinned revision with this commit id, or beginning of one; else what to tell who wants it.
    pub(crate) fn pinned(&self, wanted: &str) -> Result<Revision, String> {
        let is_wanted = |revision: &&Revision| {
            let id = revision.commit.to_string();
            wanted.len() >= 4 && (id.starts_with(wanted) || revision.to_string() == wanted)
        };
        let found: Vec<&Revision> = self.facts.pinned.iter().filter(is_wanted).collect();
        if let [revision] = found.as_slice() {
            return Ok((*revision).clone());
        }
        let pinned: Vec<String> = self.facts.pinned.iter().map(ToString::to_string).collect();
        let known = if pinned.is_empty() { "there are none yet".to_owned() } else { pinned.join(", ") };
        Err(format!("{wanted} is none of the revisions that this site can go back to: {known}"))
    }

    /// Goes back to what was read.
    pub(super) fn go_back(
        &mut self,
        kept: Result<(Revision, Vec<DesiredApplication>), Trouble>,
        reply: oneshot::Sender<Reply>,
    ) -> Option<Event> {
        let (revision, applications) = match kept {
            Ok(kept) => kept,
            Err(trouble) => {
                answer(reply, Reply::Refused { message: trouble.message });
                return None;
            }
        };
        let targets = targets(&revision, &applications);
        let message = format!("going back to {revision}; what is left is in quarantine until a retry");
        let contents = self.contents.as_mut()?;
        applications.into_iter().for_each(|one| contents.add(one));
        answer(reply, Reply::Done { message });
        Some(Event::Ordered(Order::Rollback(targets)))
    }
}

/// Answers; who asked may be gone.
fn answer(reply: oneshot::Sender<Reply>, answer: Reply) {
    let _ = reply.send(answer);
}
