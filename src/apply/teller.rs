//! Objects that are not ours, and by which alone it can be told how far one of ours is: the Job that installs a chart.

use super::Applier;
use super::health::Looked;
use crate::health;
use crate::model::{Gvk, Health, HealthStatus, Live, ObjectKey, Trouble};
use std::collections::BTreeSet;

impl Applier {
    /// Asks the tellers of what is on trial, and of what was not well when they were asked last. Of all else nobody needs to know.
    pub(super) async fn hear_tellers(
        &mut self,
        on_trial: impl Fn(&str) -> bool,
        looked: &mut [Looked],
    ) -> Result<(), Trouble> {
        for (application, status) in looked {
            if !on_trial(application) && !self.unwell_by_teller.contains(&status.key) {
                continue;
            }
            self.hear_teller(status).await?;
            if health::has_teller(&status.key) && status.health != Health::Current {
                self.unwell_by_teller.insert(status.key.clone());
            } else {
                self.unwell_by_teller.remove(&status.key);
            }
        }
        Ok(())
    }

    /// What was not well before the newest content of these applications is written, by its teller's word too.
    pub(super) async fn hear_tellers_before(&mut self, fresh: &BTreeSet<String>) -> Result<(), Trouble> {
        let Some(mut seen) = self.seen.take() else { return Ok(()) };
        let mut heard = Ok(());
        for (key, status) in &mut seen.health {
            let is_fresh =
                seen.observed.standing.application_of(key).is_some_and(|name| fresh.contains(name));
            if heard.is_ok() && is_fresh {
                heard = self.hear_teller(status).await;
            }
        }
        self.seen = Some(seen);
        heard
    }

    /// The worse of an object's own verdict and its teller's counts.
    async fn hear_teller(&self, status: &mut HealthStatus) -> Result<(), Trouble> {
        let Some((key, teller)) = self.teller(&status.key).await? else { return Ok(()) };
        let told = match teller {
            Some(teller) => health::judge(&teller),
            None => HealthStatus { health: Health::InProgress, ..health::absent(&key) },
        };
        if health::worst([status.health, told.health]) != status.health {
            status.health = told.health;
            status.message = format!("{}: {}", told.key, told.message);
        }
        Ok(())
    }

    /// The teller of one of our objects, if it has one by now, and what it is.
    pub(super) async fn teller(&self, key: &ObjectKey) -> Result<Option<(ObjectKey, Option<Live>)>, Trouble> {
        if !health::has_teller(key) {
            return Ok(None);
        }
        let gvk = self.eyes.lock().entry(key).map(|entry| entry.gvk(key));
        let Some(gvk) = gvk else { return Ok(None) };
        let Some(teller) = self.get(&gvk, key).await?.as_ref().and_then(health::teller) else {
            return Ok(None);
        };
        let live = self.get(&Gvk::new("batch/v1", "Job"), &teller).await?;
        Ok(Some((teller, live)))
    }
}
