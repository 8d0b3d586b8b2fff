//! How healthy what is desired is.

use super::Applier;
use crate::cluster::Query;
use crate::health;
use crate::model::{Gvk, Health, HealthStatus, Live, ObjectKey, Trouble};
use std::collections::BTreeMap;

/// One desired object's application and health.
pub(crate) type Looked = (String, HealthStatus);

/// What must be there: each object's application, and the version it is applied in.
pub(crate) type Expected = BTreeMap<ObjectKey, (String, Gvk)>;

impl Applier {
    /// The health of everything that is desired: as it was just seen, as watches show it, or, where neither tells, by lists.
    pub(crate) async fn look_at_health(
        &mut self,
        expected: Expected,
        on_trial: impl Fn(&str) -> bool,
    ) -> Result<Vec<Looked>, Trouble> {
        let mut looked = match self.looked.take() {
            Some(looked) => looked,
            None => self.look(expected).await?,
        };
        self.hear_tellers(on_trial, &mut looked).await?;
        looked.iter().filter(|(_, status)| status.health == Health::Current).for_each(|(_, status)| {
            self.unwell.recover(&status.key);
        });
        Ok(looked)
    }

    async fn look(&self, expected: Expected) -> Result<Vec<Looked>, Trouble> {
        if self.eyes.lock().is_complete() {
            let sight = self.eyes.lock();
            let look = |(key, (application, _)): (ObjectKey, (String, Gvk))| {
                (application, sight.ledger.health(&key).unwrap_or_else(|| health::absent(&key)))
            };
            return Ok(expected.into_iter().map(look).collect());
        }
        self.list_health(expected).await
    }

    /// Reads every desired object's health, kind by kind.
    async fn list_health(&self, mut expected: Expected) -> Result<Vec<Looked>, Trouble> {
        let mut kinds: Vec<Gvk> = expected.values().map(|(_, gvk)| gvk.clone()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut looked = Vec::new();
        for gvk in kinds {
            let query = Query { gvk, namespace: None, owner: Some(self.owner.clone()), limit: None };
            let mut each = |live: Live| {
                let known = expected.remove(&live.key());
                let judge = |application: &str| self.eyes.lock().rules.judge(application, &live);
                looked.extend(known.map(|(application, _)| (application.clone(), judge(&application))));
            };
            self.cluster.list(&query, &mut each).await?;
        }
        looked
            .extend(expected.into_iter().map(|(key, (application, _))| (application, health::absent(&key))));
        Ok(looked)
    }
}
