//! The power goes at every effect of settling and of going back: each time the site comes back, it ends where it would have ended without.

use crate::support::fuse::{Fuse, Fused, FusedStore, Moment};
use crate::support::site::settings;
use serde_json::{Value, json};
use standfast::agent::clock::Clock;
use standfast::agent::{Agent, Ports, Stay, build};
use standfast::cluster::{Cluster, MemoryCluster};
use standfast::model::{ApplicationPhase, CommitId, Facts, Gvk, ObjectKey, SiteStatus};
use standfast::render::Plain;
use standfast::report::fake::Memory as Told;
use standfast::source::fake::{FakeSource, Repository};
use standfast::store::Store;
use standfast::store::fake::Memory;
use standfast::trust::fake::Markers;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const FLEET: &str = r"apiVersion: standfast.dev/v1alpha1
kind: Fleet
metadata: {name: power}
guard: {share: 90%, min: 9}
defaults: {health: {deadline: 4s, quiet: 1s}}
applications:
- {name: base, path: apps/base}
- {name: shop, path: apps/shop, dependsOn: [base]}
";

/// What outlives a power cut: the mirrors, the disk, the cluster, and time.
struct World {
    repository: Repository,
    source: FakeSource,
    memory: Memory,
    cluster: MemoryCluster,
    began: Instant,
}

/// One boot, and what is told of it.
struct Boot {
    agent: Agent,
    told: Told,
}

fn config_map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {{value: {value}}}\n---\n"
    )
}

/// A Deployment whose pods get ready if its image is good.
fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: default}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: main, image: {image}}}]}}\n---\n"
    )
}

fn key(group: &str, kind: &str, name: &str) -> ObjectKey {
    ObjectKey {
        group: group.to_owned(),
        kind: kind.to_owned(),
        namespace: Some("default".to_owned()),
        name: name.to_owned(),
    }
}

impl World {
    /// A site that is steady at its first revision.
    async fn steady() -> (Self, CommitId) {
        let repository = Repository::new();
        let world = Self {
            source: repository.source(),
            repository,
            memory: Memory::default(),
            cluster: MemoryCluster::new(),
            began: Instant::now(),
        };
        let foreign = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "not-ours", "namespace": "default"}, "data": {"a": "b"}
        });
        world.cluster.foreign_create("kubectl", &foreign).unwrap();
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        let node =
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "status": ready});
        world.cluster.foreign_create("kubelet", &node).unwrap();
        let first = world
            .commit(&(config_map("stays", "one") + &config_map("goes", "one") + &deployment("web", "good")));
        let mut boot = world.boot(&Fuse::never());
        let told = boot.told.clone();
        boot.until(&world, "the first revision", || world.last_good() == Some(first) && is_steady(&told))
            .await;
        (world, first)
    }

    fn commit(&self, shop: &str) -> CommitId {
        let base = config_map("base", "one");
        let files = [("fleet.yaml", FLEET), ("apps/base/base.yaml", &*base), ("apps/shop/shop.yaml", shop)];
        self.repository.commit_signed(&files, |_| "fake:alice".to_owned())
    }

    fn boot(&self, fuse: &Fuse) -> Boot {
        let told = Told::default();
        let began = self.began;
        let start: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let ports = Ports {
            source: Arc::new(Fused { port: self.source.clone(), fuse: fuse.clone() }),
            verifier: Box::new(Markers::of(["alice"])),
            store: Box::new(FusedStore::boot(&self.memory, fuse)),
            render: Arc::new(Plain),
            cluster: Arc::new(Fused { port: self.cluster.clone(), fuse: fuse.clone() }),
            standing: None,
            sink: Arc::new(told.clone()),
            clock: Clock::from_fn(move || start + began.elapsed()),
        };
        let mut settings = settings("power", Stay::Forever);
        settings.rules.look = Duration::from_secs(1);
        Boot { agent: build(settings, ports).unwrap(), told }
    }

    fn facts(&self) -> Facts {
        self.memory.open().load().unwrap().facts
    }

    fn last_good(&self) -> Option<CommitId> {
        self.facts().last_good.map(|revision| revision.commit)
    }

    async fn value(&self, name: &str) -> Option<String> {
        let live =
            self.cluster.get(&Gvk::new("v1", "ConfigMap"), &key("", "ConfigMap", name)).await.unwrap()?;
        Some(live.value["data"]["value"].as_str().unwrap_or_default().to_owned())
    }

    async fn web(&self) -> Option<Value> {
        let gvk = Gvk::new("apps/v1", "Deployment");
        Some(self.cluster.get(&gvk, &key("apps", "Deployment", "web")).await.unwrap()?.value)
    }

    /// What controllers and kubelets do: pods of a good image get ready, those of another never do.
    async fn work(&self) {
        let Some(web) = self.web().await else { return };
        let is_good = web["spec"]["template"]["spec"]["containers"][0]["image"] == "good";
        let (ready, available) = if is_good { (1, "True") } else { (0, "False") };
        let status = json!({
            "observedGeneration": web["metadata"]["generation"], "replicas": 1, "updatedReplicas": 1,
            "readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": 1 - ready,
            "conditions": [
                {"type": "Available", "status": available},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        });
        if web["status"] != status {
            self.cluster.set_status(
                &Gvk::new("apps/v1", "Deployment"),
                &key("apps", "Deployment", "web"),
                Some(status),
            );
        }
    }

    /// The shop's ConfigMaps by name, with their values, and the image of its Deployment.
    async fn shop(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for name in ["stays", "goes", "comes"] {
            found.extend(self.value(name).await.map(|value| (name.to_owned(), value)));
        }
        let web = self.web().await.unwrap();
        let image = web["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
        found.insert("web".to_owned(), image.to_owned());
        found
    }
}

impl Boot {
    /// Lets the agent and the cluster go on until something is so; an hour is more than anything takes.
    async fn until(&mut self, world: &World, what: &str, is_so: impl Fn() -> bool) {
        let told = self.told.clone();
        let (_orders, mut inbox) = tokio::sync::mpsc::channel(1);
        let waiting = async {
            for _ in 0..36_000 {
                if is_so() {
                    return;
                }
                world.work().await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("waited in vain for {what}: {:#?}", told.last());
        };
        tokio::select! {
            () = self.agent.run(&mut inbox) => panic!("the agent ended"),
            () = waiting => {}
        }
    }
}

fn is_steady(told: &Told) -> bool {
    let is_well = |status: &SiteStatus| {
        status.applications.len() == 2
            && status.applications.iter().all(|one| one.phase == ApplicationPhase::Steady)
    };
    told.last().is_some_and(|status| is_well(&status))
}

/// Where a second revision ends.
struct End {
    image: &'static str,
    last_good: fn(CommitId, CommitId) -> CommitId,
    shop: &'static [(&'static str, &'static str)],
}

const FORWARD: End = End {
    image: "good",
    last_good: |_, second| second,
    shop: &[("comes", "two"), ("stays", "two"), ("web", "good")],
};
/// What the bad revision had dropped never went, and what only it had is gone again.
const BACK: End = End {
    image: "bad",
    last_good: |first, _| first,
    shop: &[("goes", "one"), ("stays", "one"), ("web", "good")],
};

/// Whether the site is where it ends, and has written down why.
fn has_ended(world: &World, end: &End, first: CommitId, second: CommitId, told: &Told) -> bool {
    let facts = world.facts();
    let is_quarantined = facts.applications["shop"].quarantine.is_some();
    let is_it = |floor: &standfast::model::Floor| floor.revision.commit == second;
    facts.floor.as_ref().is_some_and(is_it)
        && world.last_good() == Some((end.last_good)(first, second))
        && is_quarantined == (end.image == "bad")
        && is_steady(told)
}

async fn second(end: &End) -> (World, CommitId, CommitId) {
    let (world, first) = World::steady().await;
    // The settled Deployment with another image, or with the same one and another label.
    let web =
        deployment("web", end.image).replace("labels: {app: web}", "labels: {app: web, second: \"true\"}");
    let second = world.commit(&(config_map("stays", "two") + &config_map("comes", "two") + &web));
    (world, first, second)
}

async fn converge(world: &World, boot: &mut Boot, end: &End, first: CommitId, second: CommitId, at: &str) {
    let told = boot.told.clone();
    boot.until(world, at, || has_ended(world, end, first, second, &told)).await;
    // What is to be deleted goes after the steady moment was written down.
    let expected: BTreeMap<_, _> =
        end.shop.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut rounds = 0;
    while world.shop().await != expected {
        rounds += 1;
        assert!(rounds < 100, "{at}: {:?}", world.shop().await);
        let later = Instant::now() + Duration::from_secs(1);
        boot.until(world, at, || Instant::now() >= later).await;
    }
    assert!(world.value("not-ours").await.is_some(), "{at}: a foreign object was pruned");
}

async fn at_every_effect(end: &End) {
    let counting = Fuse::never();
    let (world, first, after) = second(end).await;
    converge(&world, &mut world.boot(&counting), end, first, after, "without a cut").await;
    let effects = counting.effects();
    assert!(effects > 20, "this way has more effects than {effects}");
    for moment in [Moment::Before, Moment::Middle, Moment::After] {
        for effect in 0..effects {
            let at = format!("power cut at effect {effect} of {effects}, {moment:?}");
            let (world, first, after) = second(end).await;
            let fuse = Fuse::at(effect, moment);
            let mut boot = world.boot(&fuse);
            boot.until(&world, &at, || fuse.effects() > effect).await;
            drop(boot);
            let last_good = world.last_good();
            assert!(
                last_good == Some(first) || last_good == Some((end.last_good)(first, after)),
                "{at}: {last_good:?}"
            );
            converge(&world, &mut world.boot(&Fuse::never()), end, first, after, &at).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_good_revision_settles() {
    at_every_effect(&FORWARD).await;
}

#[tokio::test(start_paused = true)]
async fn while_a_bad_revision_fails_and_goes_back() {
    at_every_effect(&BACK).await;
}
