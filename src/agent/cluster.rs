//! The effects on the cluster: each hands the applier what it takes, and its answer to the machine.

use super::build::Agent;
use crate::apply::{Closer, Finding, Looked, Outcomes};
use crate::health;
use crate::model::{Application, Desired, Health, Moment, Object, ObjectKey, Trouble};
use crate::plan::Held;
use crate::reconcile::{self, Applied, Event, Judged, Judgement};
use crate::store::Changes;

impl Agent {
    pub(super) async fn apply(&mut self) -> Event {
        match self.apply_all().await {
            Ok(applied) => Event::Applied(applied),
            Err(trouble) => Event::Failed(trouble),
        }
    }

    async fn apply_all(&mut self) -> Result<Vec<Applied>, Trouble> {
        let fresh = reconcile::fresh(&self.facts, &self.site);
        self.save(reconcile::attempting(&self.facts, &self.site), Changes::default()).await?;
        self.know_what_is_ours().await?;
        let Some(desired) = self.composed() else { return Ok(Vec::new()) };
        let (frozen, now) = (self.frozen(), self.clock.now());
        let back = self.site.applications.iter().filter(|(_, one)| one.is_back());
        self.applier.go_back(back.map(|(name, _)| name.clone()).collect());
        let Outcomes { held, written } = self.applier.apply(desired, &fresh, frozen, now).await?;
        // As they are sent they are kept: for healing, and for the next apply.
        if let (Some(contents), Some(dressed)) = (&mut self.contents, self.applier.dressed()) {
            contents.put_back(dressed.clone());
        }
        self.follow();
        let applied = |name: &String| Applied {
            stopped: held.why(name).cloned(),
            is_partial: written.contains(name),
            name: name.clone(),
        };
        Ok(self.site.applications.keys().map(applied).collect())
    }

    /// What is to go back to something that is not on this disk stays as it is: what runs may well be just that.
    fn frozen(&self) -> Held {
        let mut frozen = Held::default();
        for (name, revision) in
            self.contents.iter().flat_map(|contents| contents.missing(&self.site.applications))
        {
            let message = format!(
                "it goes back to {revision}, which is not on this disk: it is left as it is until another release comes"
            );
            frozen.stop(name, Trouble::transient("ContentMissing", message));
        }
        frozen
    }

    /// Where the record of what is ours is lost, puts it together from the cluster.
    pub(crate) async fn know_what_is_ours(&mut self) -> Result<(), Trouble> {
        if !self.applier.is_lost() {
            return Ok(());
        }
        let last_good = match self.facts.last_good.clone() {
            Some(last_good) => self.reader().desire(&last_good, true).await.ok().map(|(desired, _)| desired),
            None => None,
        };
        self.applier.rebuild(last_good).await
    }

    pub(super) async fn judge(&mut self) -> Event {
        let desired = self.composed();
        let objects = desired.iter().flat_map(|desired| &desired.applications).flat_map(|one| {
            let known =
                move |object: &Object| (object.key(), (one.application.name.clone(), object.gvk().clone()));
            one.objects.iter().map(known)
        });
        let applications = &self.site.applications;
        let on_trial = |name: &str| applications.get(name).is_some_and(reconcile::Application::is_on_trial);
        let looked = match self.applier.look_at_health(objects.collect(), on_trial).await {
            Ok(looked) => looked,
            Err(trouble) => return Event::Failed(trouble),
        };
        let closer = match self.look_closer(&looked).await {
            Ok(closer) => closer,
            Err(trouble) => return Event::Failed(trouble),
        };
        let roll_up = |name: &String| self.roll_up(name, &looked, closer.applications.get(name));
        let applications: Vec<_> = self.site.applications.keys().map(roll_up).collect();
        let worst = health::worst(applications.iter().map(|judged| judged.health));
        let not_current =
            looked.into_iter().map(|(_, status)| status).filter(|status| status.health != Health::Current);
        self.tell(&Moment::Judged(worst, not_current.collect()));
        Event::Judged(Judgement { applications, paused: closer.paused })
    }

    /// Looks closer at the applications that settle, where there is time to wait for anything.
    async fn look_closer(&mut self, looked: &[Looked]) -> Result<Closer, Trouble> {
        if self.settings.rules.stay == reconcile::Stay::Once {
            return Ok(Closer::default());
        }
        let settling = self.site.applications.iter().filter(|(_, one)| one.is_on_trial());
        let settling = settling.map(|(name, one)| (name.clone(), one.is_back())).collect();
        self.applier.look_closer(&settling, looked).await
    }

    /// The sum over one application's objects. What was not healthy before and was not changed is only told.
    fn roll_up(&self, name: &str, looked: &[Looked], finding: Option<&Finding>) -> Judged {
        let own = || looked.iter().filter(|(own, _)| own == name).map(|(_, status)| status);
        let mut all = health::RollUp::default();
        let (left_out, counted): (Vec<_>, Vec<_>) = own()
            .partition(|status| status.health != Health::Current && self.applier.is_left_out(&status.key));
        counted.iter().for_each(|status| all.add((*status).clone()));
        let mut message = all.to_string();
        if let Some(first) = left_out.first() {
            let more = format!("{} was not healthy before either ({} such)", first.key, left_out.len());
            message = if message.is_empty() { more } else { format!("{message}; {more}") };
        }
        let mut ill = counted.iter().filter(|status| status.health != Health::Current).peekable();
        let is_old = ill.peek().is_some() && ill.all(|status| self.applier.was_unwell(&status.key));
        Judged {
            name: name.to_owned(),
            health: all.worst(),
            message,
            patience: finding.and_then(|finding| finding.patience.clone()),
            failed: finding.and_then(|finding| finding.failed.clone()),
            late: finding.and_then(|finding| finding.late.clone()),
            is_old,
        }
    }

    pub(super) async fn heal(&mut self, everything: bool) -> Event {
        let contents = &self.contents;
        let manifests = |key: &ObjectKey| -> Vec<(Application, Object)> {
            let known = contents.iter().flat_map(|contents| contents.manifests(key));
            known.map(|(one, object)| (one.application.clone(), object.clone())).collect()
        };
        let Some(revision) = contents.as_ref().map(|contents| contents.revision().clone()) else {
            return Event::Healed(None);
        };
        match self.applier.heal(everything, &revision, &manifests, self.clock.now()).await {
            Ok(again) => Event::Healed(again),
            Err(trouble) => Event::Failed(trouble),
        }
    }

    pub(super) async fn prune(&mut self) -> Event {
        let (contents, applications) = (&self.contents, &self.site.applications);
        let desired = || contents.as_ref().map(|contents| contents.compose(applications));
        let pruned = self.applier.prune(desired).await;
        self.follow();
        match pruned {
            Ok(refused) => Event::Pruned(refused),
            Err(trouble) => Event::Failed(trouble),
        }
    }

    /// The desired set as the applications are pointed.
    fn composed(&self) -> Option<Desired> {
        self.contents.as_ref().map(|contents| contents.compose(&self.site.applications))
    }

    /// A daemon follows what it applied.
    fn follow(&mut self) {
        if self.settings.rules.stay == reconcile::Stay::Forever {
            self.applier.follow();
        }
    }
}
