//! The effects on the cluster: each hands the applier what it takes, and its answer to the machine.

use super::build::Agent;
use crate::apply::{Looked, Outcomes};
use crate::health;
use crate::model::{Application, Desired, Health, Moment, Object, ObjectKey, Trouble};
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
        self.save(reconcile::attempting(&self.facts, &self.site), Changes::default()).await?;
        self.know_what_is_ours().await?;
        let Some(desired) = self.composed() else { return Ok(Vec::new()) };
        let Outcomes { held, written } = self.applier.apply(desired).await?;
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
        let looked = match self.applier.look_at_health(objects.collect()).await {
            Ok(looked) => looked,
            Err(trouble) => return Event::Failed(trouble),
        };
        let applications: Vec<_> = self.site.applications.keys().map(|name| roll_up(name, &looked)).collect();
        let worst = health::worst(applications.iter().map(|judged| judged.health));
        let not_current =
            looked.into_iter().map(|(_, status)| status).filter(|status| status.health != Health::Current);
        self.tell(&Moment::Judged(worst, not_current.collect()));
        Event::Judged(Judgement { applications, paused: None })
    }

    pub(super) async fn heal(&mut self, everything: bool) -> Event {
        let contents = &self.contents;
        let manifests = |key: &ObjectKey| -> Vec<(Application, Object)> {
            let known = contents.iter().flat_map(|contents| contents.manifests(key));
            known.map(|(one, object)| (one.application.clone(), object.clone())).collect()
        };
        let (only_tell, now) = (!self.settings.heals, self.clock.now());
        match self.applier.heal(everything, only_tell, &manifests, now).await {
            Ok(()) => Event::Healed,
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

fn roll_up(name: &str, looked: &[Looked]) -> Judged {
    let mut all = health::RollUp::default();
    looked.iter().filter(|(own, _)| own == name).for_each(|(_, status)| all.add(status.clone()));
    Judged {
        name: name.to_owned(),
        health: all.worst(),
        message: all.to_string(),
        patience: None,
        failed: None,
        is_old: false,
    }
}
