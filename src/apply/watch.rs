//! The tasks that follow what is ours, one a kind.

use super::Applier;
use super::eyes::Eyes;
use crate::cluster::{Cluster, Watched};
use crate::model::{Gvk, OwnerLabel};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The first wait before a watch that broke off begins anew, and the longest: the API server is mostly on this very machine.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// The tasks that watch. They end when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Watches(BTreeMap<Gvk, JoinHandle<()>>);

impl Applier {
    /// Watches every kind of the inventory, and none else.
    pub(crate) fn follow(&mut self) {
        let gvks = self.eyes.lock().gvks();
        self.watches.0.retain(|gvk, task| {
            let stays = gvks.contains(gvk) && !task.is_finished();
            if !stays {
                task.abort();
            }
            stays
        });
        self.eyes.lock().ledger.retain(&gvks);
        for gvk in gvks {
            let start = || {
                let (eyes, cluster) = (Arc::clone(&self.eyes), Arc::clone(&self.cluster));
                tokio::spawn(watch(eyes, cluster, gvk.clone(), self.owner.clone()))
            };
            self.watches.0.entry(gvk.clone()).or_insert_with(start);
        }
    }
}

/// Follows one kind for good: what breaks off begins anew.
async fn watch(eyes: Arc<Eyes>, cluster: Arc<dyn Cluster>, gvk: Gvk, owner: OwnerLabel) {
    let mut wait = FIRST;
    loop {
        if listen(&eyes, cluster.as_ref(), &gvk, &owner).await {
            wait = FIRST;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
}

/// One watch, until it ends. Answers whether it told everything.
async fn listen(eyes: &Eyes, cluster: &dyn Cluster, gvk: &Gvk, owner: &OwnerLabel) -> bool {
    let mut told = match cluster.watch(gvk, owner).await {
        Ok(told) => told,
        Err(error) => {
            eyes.take(gvk, Watched::Broken(error));
            return false;
        }
    };
    let mut is_complete = false;
    while let Some(watched) = told.next().await {
        is_complete |= matches!(watched, Watched::Complete);
        eyes.take(gvk, watched);
    }
    is_complete
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.0.values().for_each(JoinHandle::abort);
    }
}
