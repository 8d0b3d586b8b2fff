//! Watches: each change is told to those who follow it, in the order in which it was made.

use super::MemoryCluster;
use super::store::Store;
use crate::cluster::{Query, Watch, Watched};
use crate::model::{Gvk, Live, ObjectKey, OwnerLabel};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::stream::StreamExt;
use std::collections::BTreeMap;

/// Everybody who follows something.
#[derive(Default)]
pub(super) struct Watchers(Vec<Watcher>);

/// Somebody who follows what carries a label among one kind.
struct Watcher {
    query: Query,
    /// What was told to be there.
    told: BTreeMap<ObjectKey, Live>,
    sender: UnboundedSender<Watched>,
}

impl Watchers {
    /// Begins a watch: all that is there at once, then what changes.
    pub(super) fn begin(&mut self, store: &Store, gvk: &Gvk, owner: &OwnerLabel) -> Watch {
        let query = Query { gvk: gvk.clone(), namespace: None, owner: Some(owner.clone()), limit: None };
        let (sender, receiver): (_, UnboundedReceiver<_>) = unbounded();
        let mut watcher = Watcher { query, told: BTreeMap::new(), sender };
        watcher.say(Watched::Begun);
        watcher.look(store);
        watcher.say(Watched::Complete);
        if store.kinds.served(gvk).is_some() {
            self.0.push(watcher);
        }
        receiver.boxed()
    }

    /// Tells everybody what is new to them. Who does not listen any more is forgotten.
    pub(super) fn look(&mut self, store: &Store) {
        self.0.retain(|watcher| !watcher.sender.is_closed());
        self.0.iter_mut().for_each(|watcher| watcher.look(store));
    }

    #[cfg(feature = "testing")]
    pub(super) fn end(&mut self) {
        self.0.clear();
    }
}

impl Watcher {
    fn look(&mut self, store: &Store) {
        let now: BTreeMap<ObjectKey, Live> =
            store.list(&self.query).into_iter().map(|live| (live.key(), live)).collect();
        let before = std::mem::take(&mut self.told);
        for (key, live) in &now {
            let known = before.get(key).map(Live::resource_version);
            if known != Some(live.resource_version()) {
                self.say(Watched::Seen(live.clone()));
            }
        }
        before
            .into_iter()
            .filter(|(key, _)| !now.contains_key(key))
            .for_each(|(_, live)| self.say(Watched::Gone(live)));
        self.told = now;
    }

    fn say(&self, watched: Watched) {
        // Nobody may listen any more; then the next look forgets this one.
        let _ = self.sender.unbounded_send(watched);
    }
}

impl MemoryCluster {
    /// Ends all watches, as a server does that goes down. They are to be begun anew.
    #[cfg(feature = "testing")]
    pub fn end_watches(&self) {
        self.lock().watchers.end();
    }
}
