//! The cluster of the story, and the one namespace in it that all happens in.

use super::{Error, Line, Place};
use crate::agent::clock::Clock;
use crate::cluster::{Cluster, Deleted, Kube, MemoryCluster, Settings};
use crate::model::{Gvk, Live, ObjectKey, OwnerLabel};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The cluster and our place in it.
pub(super) struct Space {
    pub(super) cluster: Arc<dyn Cluster>,
    /// The same for somebody else.
    hand: Hand,
    /// The namespace's name.
    pub(super) namespace: String,
    /// The fleet's name: what the agent owns is marked by it, so on a real cluster it is used once.
    pub(super) fleet: String,
    /// Whether it is somebody's cluster.
    pub(super) is_real: bool,
}

/// Somebody else at the cluster.
enum Hand {
    Memory(Arc<MemoryCluster>),
    Real(Arc<Kube>),
}

/// How long a namespace may take to go. One of a busy cluster takes some ten seconds.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long a request that was called off may still be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

impl Space {
    /// A place where nothing of ours, and nothing of that name, is yet. Changes nothing.
    pub(super) async fn find(place: Place) -> Result<Self, Error> {
        let (kubeconfig, namespace) = match place {
            Place::Memory => {
                let cluster = Arc::new(MemoryCluster::new());
                join(&cluster);
                let (namespace, fleet) = ("pos".to_owned(), "acme-stores".to_owned());
                let hand = Hand::Memory(Arc::clone(&cluster));
                return Ok(Self { cluster, hand, namespace, fleet, is_real: false });
            }
            Place::Cluster { kubeconfig, namespace } => (kubeconfig, namespace),
        };
        let cluster = Arc::new(Kube::new(Settings { kubeconfig }, Clock::system().for_tls()));
        let fleet = format!("demo-{}", super::word()?);
        let hand = Hand::Real(Arc::clone(&cluster));
        let space = Self { cluster, hand, namespace, fleet, is_real: true };
        match space.look().await? {
            None => Ok(space),
            Some(_) => Err(Error::Taken { namespace: space.namespace }),
        }
    }

    /// What marks the objects of this demo.
    fn owner(&self) -> OwnerLabel {
        let site = super::fleet::SITE.parse().expect("because the demo's site has a name as it should be");
        OwnerLabel::of(&self.fleet, &site)
    }

    /// Somebody who calls himself `manager` changes one of our objects, as `kubectl edit` does.
    pub(super) async fn edit(
        &self,
        manager: &str,
        api_version: &str,
        kind: &str,
        name: &str,
        patch: &Value,
    ) -> Result<(), Error> {
        let gvk = Gvk::new(api_version, kind);
        let key = self.key(&gvk, name);
        match &self.hand {
            Hand::Memory(cluster) => drop(cluster.foreign_edit(manager, &gvk, &key, patch)),
            Hand::Real(cluster) => cluster.foreign_edit(manager, &gvk, &key, patch).await?,
        }
        Ok(())
    }

    /// The key of one of our objects.
    pub(super) fn address(&self, api_version: &str, kind: &str, name: &str) -> ObjectKey {
        self.key(&Gvk::new(api_version, kind), name)
    }

    /// One of our objects as the agent names it.
    pub(super) fn name_of(&self, kind: &str, name: &str) -> String {
        format!("{kind} {}/{name}", self.namespace)
    }

    /// One of our objects.
    pub(super) async fn get(&self, api_version: &str, kind: &str, name: &str) -> Result<Option<Live>, Error> {
        let gvk = Gvk::new(api_version, kind);
        Ok(self.cluster.get(&gvk, &self.key(&gvk, name)).await?)
    }

    /// Deletes one of our objects, as somebody with `kubectl` would.
    pub(super) async fn delete(&self, api_version: &str, kind: &str, name: &str) -> Result<(), Error> {
        let gvk = Gvk::new(api_version, kind);
        let key = self.key(&gvk, name);
        let Some(live) = self.cluster.get(&gvk, &key).await? else { return Ok(()) };
        self.remove(&gvk, &key, live.uid()).await
    }

    /// Removes all that the demo made on a real cluster: its namespace, if it is the demo's. `is_cut`: a request may be on its way.
    pub(super) async fn leave(&self, is_cut: bool, tell: &impl Fn(Line)) -> Result<(), Error> {
        if !self.is_real {
            return Ok(());
        }
        if is_cut {
            tokio::time::sleep(ON_ITS_WAY).await;
        }
        let Some(live) = self.look().await? else { return Ok(()) };
        if live.label(crate::model::OWNER_LABEL) != Some(self.owner().as_str()) {
            return Err(Error::Taken { namespace: self.namespace.clone() });
        }
        tell(Line::Chapter("Tidying up".to_owned()));
        let gvk = Gvk::new("v1", "Namespace");
        self.remove(&gvk, &live.key(), live.uid()).await?;
        tell(Line::Good(format!("namespace {} is gone, and all that was in it", self.namespace)));
        Ok(())
    }

    /// Deletes an object and waits until it is gone.
    async fn remove(&self, gvk: &Gvk, key: &ObjectKey, uid: &str) -> Result<(), Error> {
        let mut waited = Duration::ZERO;
        while self.cluster.delete(gvk, key, uid).await? == Deleted::Terminating {
            if waited >= PATIENCE {
                return Err(Error::StillThere { what: key.to_string(), seconds: PATIENCE.as_secs() });
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        Ok(())
    }

    async fn look(&self) -> Result<Option<Live>, Error> {
        let gvk = Gvk::new("v1", "Namespace");
        let key = ObjectKey {
            group: String::new(),
            kind: gvk.kind.clone(),
            namespace: None,
            name: self.namespace.clone(),
        };
        Ok(self.cluster.get(&gvk, &key).await?)
    }

    fn key(&self, gvk: &Gvk, name: &str) -> ObjectKey {
        ObjectKey {
            group: gvk.group.clone(),
            kind: gvk.kind.clone(),
            namespace: Some(self.namespace.clone()),
            name: name.to_owned(),
        }
    }
}

/// A node joins the cluster in memory: without one, nothing new is expected to run.
fn join(cluster: &MemoryCluster) {
    let gvk = Gvk::new("v1", "Node");
    let key = ObjectKey {
        group: String::new(),
        kind: gvk.kind.clone(),
        namespace: None,
        name: "memory".to_owned(),
    };
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": key.name}});
    cluster.foreign_create("kubelet", &node);
    let ready = json!({"type": "Ready", "status": "True", "reason": "KubeletReady"});
    cluster.set_status(&gvk, &key, Some(json!({"conditions": [ready]})));
}
