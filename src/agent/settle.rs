//! Judges the health of what is desired.

use super::build::Agent;
use crate::cluster::Query;
use crate::health;
use crate::model::{Gvk, Health, HealthStatus, Live, Moment, ObjectKey, Trouble};
use crate::reconcile::{Event, Judged};
use std::collections::{BTreeMap, BTreeSet};

/// One desired object's application and health.
pub(super) type Looked = (String, HealthStatus);

impl Agent {
    pub(super) async fn judge(&mut self) -> Event {
        let looked = match self.work.health.take() {
            Some(looked) => looked,
            None => match self.look_at_health().await {
                Ok(looked) => looked,
                Err(trouble) => return Event::Failed(trouble),
            },
        };
        let judged: Vec<_> = self.site.applications.keys().map(|name| roll_up(name, &looked)).collect();
        let worst = health::worst(judged.iter().map(|judged| judged.health));
        let not_current =
            looked.into_iter().map(|(_, status)| status).filter(|status| status.health != Health::Current);
        self.sink.moment(&Moment::Judged(worst, not_current.collect()));
        Event::Judged(judged)
    }

    /// Reads every desired object's health, kind by kind.
    async fn look_at_health(&self) -> Result<Vec<Looked>, Trouble> {
        let Some(seen) = &self.work.seen else { return Ok(Vec::new()) };
        let mut expected: BTreeMap<ObjectKey, String> =
            seen.standing.iter().map(|(key, application)| (key.clone(), application.to_owned())).collect();
        let objects = seen.desired.applications.iter().flat_map(|one| &one.objects);
        let kinds: BTreeSet<Gvk> = objects.map(|object| object.gvk().clone()).collect();
        let mut looked = Vec::new();
        for gvk in kinds {
            let query = Query { gvk, namespace: None, owner: Some(self.owner()), limit: None };
            let mut each = |live: Live| {
                let application = expected.remove(&live.key());
                looked.extend(application.map(|application| (application, health::judge(&live))));
            };
            self.cluster.list(&query, &mut each).await?;
        }
        let absent = expected.into_iter().map(|(key, application)| (application, health::absent(&key)));
        looked.extend(absent);
        Ok(looked)
    }
}

fn roll_up(name: &str, looked: &[Looked]) -> Judged {
    let mut all = health::RollUp::default();
    looked.iter().filter(|(own, _)| own == name).for_each(|(_, status)| all.add(status.clone()));
    Judged { name: name.to_owned(), health: all.worst(), message: all.to_string() }
}
