//! A closer look at what is not healthy: what its pods wait for, and what no waiting mends.

use super::Applier;
use super::health::Looked;
use crate::cluster::Query;
use crate::health::{self, CrashLoop, News, Nodes, PatienceKind, Restarts, Selector};
use crate::model::{Gvk, Health, Live, ObjectKey, Trouble};
use std::collections::{BTreeMap, BTreeSet};

/// What a closer look showed.
#[derive(Debug, Default)]
pub(crate) struct Closer {
    /// Why nothing new can be expected to run on this cluster now.
    pub(crate) paused: Option<String>,
    /// By application.
    pub(crate) applications: BTreeMap<String, Finding>,
}

/// What was found of one application's pods.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    /// Why its deadline's clock stands still.
    pub(crate) patience: Option<String>,
    /// What its revision did that no waiting mends.
    pub(crate) failed: Option<Trouble>,
    /// What to say where its deadline is over.
    pub(crate) late: Option<Trouble>,
}

/// Workloads of one application that are not Current.
struct Troubled {
    application: String,
    live: Live,
    selector: Option<Selector>,
}

/// What pods show, application by application.
#[derive(Default)]
struct Pods {
    restarts: Restarts,
    loops: Option<CrashLoop>,
    waiting: Option<String>,
    /// What keeps the first that is not Current.
    ill: Option<String>,
    /// Pods whose status does not tell what keeps them.
    unsaid: Vec<Live>,
}

/// A pod that its StatefulSet cannot get rid of.
struct Stuck {
    application: String,
    key: ObjectKey,
    uid: String,
}

impl Applier {
    /// Looks closer at what is not Current of these applications. Pods of the withdrawn template, which a StatefulSet cannot get rid of
    /// by itself, are deleted where the application goes `back`.
    pub(crate) async fn look_closer(
        &mut self,
        settling: &BTreeMap<String, bool>,
        looked: &[Looked],
    ) -> Result<Closer, Trouble> {
        let mut closer = Closer::default();
        let troubled = self.troubled(settling, looked, &mut closer).await?;
        if troubled.is_empty() {
            return Ok(closer);
        }
        closer.paused = self.nodes().await?.patience().map(|patience| patience.message);
        let spaces: BTreeSet<Option<String>> = troubled.iter().map(|one| one.live.key().namespace).collect();
        let mut found: BTreeMap<String, Pods> = BTreeMap::new();
        for space in spaces {
            let here: Vec<&Troubled> =
                troubled.iter().filter(|one| one.live.key().namespace == space).collect();
            let stuck = self.look_at_pods(space, &here, &mut found).await?;
            let stuck = stuck.iter().filter(|pod| settling.get(&pod.application) == Some(&true));
            for Stuck { key, uid, .. } in stuck {
                self.cluster.delete(&Gvk::new("v1", "Pod"), key, uid).await?;
            }
        }
        for (application, pods) in found {
            let before = self.restarts.entry(application.clone()).or_insert_with(|| pods.restarts.clone());
            let finding = closer.applications.entry(application).or_default();
            finding.patience = pods.waiting;
            let crashed = pods.restarts.since(before);
            finding.failed = finding.failed.take().or(crashed.as_ref().map(crash));
            finding.late = pods.loops.as_ref().map(crash).or_else(|| pods.ill.as_deref().map(late));
        }
        Ok(closer)
    }

    /// The workloads among what is not Current, as they are now. What has failed for good is noted at once.
    async fn troubled(
        &self,
        settling: &BTreeMap<String, bool>,
        looked: &[Looked],
        closer: &mut Closer,
    ) -> Result<Vec<Troubled>, Trouble> {
        let mut troubled = Vec::new();
        for (application, status) in looked {
            let is_sought = settling.contains_key(application) && status.health != Health::Current;
            if !is_sought || self.is_left_out(&status.key) {
                continue;
            }
            let reason = match (status.key.group.as_str(), status.key.kind.as_str()) {
                ("batch", "Job") => Some("JobFailed"),
                ("", "Pod") => Some("PodFailed"),
                _ if health::has_teller(&status.key) => Some("JobFailed"),
                _ => None,
            };
            if let (Some(reason), Health::Failed) = (reason, status.health) {
                let message = format!("{}: {}", status.key, status.message);
                let finding = closer.applications.entry(application.clone()).or_default();
                finding.failed = Some(Trouble::terminal(reason, message));
            }
            let live = match self.teller(&status.key).await? {
                Some((_, teller)) => teller,
                None => self.workload(&status.key).await?,
            };
            troubled.extend(live.map(|live| Troubled {
                application: application.clone(),
                selector: Selector::of(&live),
                live,
            }));
        }
        Ok(troubled)
    }

    /// What makes pods, or is one, as it is now.
    async fn workload(&self, key: &ObjectKey) -> Result<Option<Live>, Trouble> {
        let is_workload =
            matches!((key.group.as_str(), key.kind.as_str()), ("apps", _) | ("batch", "Job") | ("", "Pod"));
        let gvk = self.eyes.lock().entry(key).map(|entry| entry.gvk(key));
        match gvk.filter(|_| is_workload) {
            Some(gvk) => self.get(&gvk, key).await,
            None => Ok(None),
        }
    }

    async fn nodes(&self) -> Result<Nodes, Trouble> {
        let mut nodes = Nodes::default();
        let query = Query { gvk: Gvk::new("v1", "Node"), namespace: None, owner: None, limit: None };
        self.cluster.list(&query, &mut |node: Live| nodes.add(&node)).await?;
        Ok(nodes)
    }

    /// Reads the pods of one namespace. Answers with those that a StatefulSet cannot get rid of.
    async fn look_at_pods(
        &self,
        namespace: Option<String>,
        troubled: &[&Troubled],
        found: &mut BTreeMap<String, Pods>,
    ) -> Result<Vec<Stuck>, Trouble> {
        let mut stuck = Vec::new();
        let mut each = |pod: Live| {
            for one in troubled.iter().filter(|one| one.owns(&pod)) {
                found.entry(one.application.clone()).or_default().take(&pod);
                stuck.extend(one.stuck(&pod));
            }
        };
        let query = Query { gvk: Gvk::new("v1", "Pod"), namespace, owner: None, limit: None };
        self.cluster.list(&query, &mut each).await?;
        if found.values().any(|pods| !pods.unsaid.is_empty()) {
            let news = self.news(query.namespace).await?;
            found.values_mut().for_each(|pods| pods.hear(&news));
        }
        Ok(stuck)
    }

    /// What events say of pods whose status does not tell what keeps them.
    async fn news(&self, namespace: Option<String>) -> Result<News, Trouble> {
        let mut news = News::default();
        let query = Query { gvk: Gvk::new("v1", "Event"), namespace, owner: None, limit: None };
        self.cluster.list(&query, &mut |event: Live| news.add(&event)).await?;
        Ok(news)
    }
}

impl Troubled {
    fn owns(&self, pod: &Live) -> bool {
        match &self.selector {
            Some(selector) => selector.selects(pod),
            None => self.live.gvk == pod.gvk && self.live.uid() == pod.uid(),
        }
    }

    fn stuck(&self, pod: &Live) -> Option<Stuck> {
        let (application, key, uid) = (self.application.clone(), pod.key(), pod.uid().to_owned());
        health::is_stuck(&self.live, pod).then_some(Stuck { application, key, uid })
    }
}

impl Pods {
    fn take(&mut self, pod: &Live) {
        self.restarts.add(pod);
        self.loops = self.loops.take().or_else(|| health::crash_loop(pod));
        self.ill = self.ill.take().or_else(|| ill(pod));
        match health::wait_reason(pod, &News::default()) {
            Some(patience) if patience.kind == PatienceKind::Unsaid => self.unsaid.push(pod.clone()),
            Some(patience) => self.waiting = Some(patience.message),
            None => {}
        }
    }

    /// What events say of pods whose status does not tell.
    fn hear(&mut self, news: &News) {
        for pod in std::mem::take(&mut self.unsaid) {
            let patience = health::wait_reason(&pod, news).map(|patience| patience.message);
            self.waiting = self.waiting.take().or(patience);
        }
    }
}

/// What keeps a pod from being Current, if it is not.
fn ill(pod: &Live) -> Option<String> {
    let status = health::judge(pod);
    (status.health != Health::Current).then(|| format!("{}: {}", status.key, status.message))
}

fn late(why: &str) -> Trouble {
    Trouble::terminal("DeadlineExceeded", format!("it did not get healthy in time: {why}"))
}

fn crash(found: &CrashLoop) -> Trouble {
    Trouble::terminal("CrashLoop", found.to_string())
}
