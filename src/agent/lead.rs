//! Several servers in one cluster: what an agent must know when its turn to write comes.

use super::build::Agent;
use crate::cluster::{ApplyMode, Standing};
use crate::model::{Facts, Gvk, Moment, Object, ObjectKey, Trouble};
use crate::reconcile::{self, Event, Turn};
use crate::store;
use crate::store::Changes;
use serde_json::json;

/// The name of the ConfigMap with what the agent knows that writes.
const SHARED: &str = "standfast-facts";

impl Agent {
    /// This agent's turn came, or went.
    pub(super) async fn turn(&mut self) {
        let standing = self.standing.borrow().clone();
        if matches!(standing, Standing::Leads(_)) {
            self.learn().await;
            if matches!(self.site.turn, Turn::Theirs(_)) {
                self.applier.lose();
            }
        }
        let turn = match standing {
            Standing::Alone | Standing::Leads(_) => Turn::Ours,
            Standing::Waits(holder) => Turn::Theirs(holder),
            Standing::Unknown(why) => Turn::Unknown(why),
        };
        self.feed(Event::Turn(turn)).await;
    }

    /// While another agent writes, this one hears from time to time what that one knows.
    pub(super) async fn keep_ready(&mut self, is_time: bool) {
        let waits = matches!(*self.standing.borrow(), Standing::Waits(_));
        if is_time && waits {
            self.learn().await;
        }
    }

    /// Takes over what the agent knows that wrote before.
    async fn learn(&mut self) {
        let shared = match self.shared().await {
            Ok(Some(shared)) => shared,
            Ok(None) => return,
            Err(trouble) => return self.tell(&Moment::Failed(trouble)),
        };
        let line = self.line().await;
        let (facts, note) = reconcile::adopt(&self.facts, &shared, &line);
        note.into_iter().for_each(|note| self.tell(&Moment::Note(note)));
        self.site.learn(&facts);
        if let Err(trouble) = self.save(facts, Changes::default()).await {
            self.tell(&Moment::Failed(trouble));
        }
    }

    async fn shared(&self) -> Result<Option<Facts>, Trouble> {
        let (gvk, key) = (Gvk::new("v1", "ConfigMap"), self.shared_key());
        let Some(live) = self.applier.cluster.get(&gvk, &key).await? else { return Ok(None) };
        let text = live.value.pointer("/data/facts").and_then(|text| text.as_str()).unwrap_or_default();
        Ok(store::shared(text))
    }

    /// Lets the others know what this one knows. Where that fails, the next time says it.
    pub(super) async fn share(&mut self) {
        if !matches!(*self.standing.borrow(), Standing::Leads(_)) || self.facts.is_like(&self.told) {
            return;
        }
        let key = self.shared_key();
        let manifest = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key.name, "namespace": key.namespace},
            "data": {"facts": store::share(&self.facts)},
        });
        let Ok(map) = Object::new(manifest) else { return };
        let mode = ApplyMode { dry_run: false, force: true, create_only: false };
        match self.applier.cluster.apply(&map, mode).await {
            Ok(_) => self.told = self.facts.clone(),
            Err(error) => tracing::warn!(%error, "the other servers of this cluster could not be told"),
        }
    }

    fn shared_key(&self) -> ObjectKey {
        ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(self.settings.namespace.clone()),
            name: SHARED.to_owned(),
        }
    }
}
