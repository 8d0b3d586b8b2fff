//! The power goes at every effect of the whole way, before it, in the middle of it, and after it: the site comes back, loses
//! nothing, goes back to nothing, prunes nothing that it should not, and converges.

use crate::support::fuse::{Fuse, Fused, FusedStore, Moment};
use crate::support::site::settings;
use serde_json::{Value, json};
use standfast::agent::clock::Clock;
use standfast::agent::{Agent, Ending, Ports, Stay, build};
use standfast::cluster::{Cluster, MemoryCluster};
use standfast::model::{CommitId, Facts, Gvk, ObjectKey, SitePhase};
use standfast::render::Plain;
use standfast::report::fake::Memory as Told;
use standfast::source::fake::{FakeSource, Repository};
use standfast::store::Store;
use standfast::store::fake::Memory;
use standfast::trust::fake::Markers;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What outlives a power cut: the mirrors, the disk, the cluster.
struct World {
    repository: Repository,
    source: FakeSource,
    memory: Memory,
    cluster: MemoryCluster,
}

const FLEET: &str = r"apiVersion: standfast.dev/v1alpha1
kind: Fleet
metadata: {name: power}
guard: {share: 90%, min: 9}
applications:
- {name: base, path: apps/base}
- {name: shop, path: apps/shop, dependsOn: [base], namespace: shop}
";

const BASE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{value: {value}}}\n---\n")
}

fn first() -> String {
    config_map("stays", "one") + &config_map("changes", "one") + &config_map("goes", "one")
}

fn second() -> String {
    config_map("stays", "one") + &config_map("changes", "two") + &config_map("comes", "two")
}

impl World {
    fn new() -> Self {
        let repository = Repository::new();
        let world = Self {
            source: repository.source(),
            repository,
            memory: Memory::default(),
            cluster: MemoryCluster::new(),
        };
        let foreign = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "not-ours", "namespace": "default"}, "data": {"a": "b"}
        });
        world.cluster.foreign_create("kubectl", &foreign).unwrap();
        world
    }

    fn commit(&self, shop: &str) -> CommitId {
        let files = [("fleet.yaml", FLEET), ("apps/base/base.yaml", BASE), ("apps/shop/shop.yaml", shop)];
        self.repository.commit_signed(&files, |_| "fake:alice".to_owned())
    }

    fn boot(&self, fuse: &Fuse) -> (Agent, Told) {
        let told = Told::default();
        let fused = || fuse.clone();
        let ports = Ports {
            source: Arc::new(Fused { port: self.source.clone(), fuse: fused() }),
            verifier: Box::new(Markers::of(["alice"])),
            store: Box::new(FusedStore::boot(&self.memory, fuse)),
            render: Arc::new(Plain),
            cluster: Arc::new(Fused { port: self.cluster.clone(), fuse: fused() }),
            standing: None,
            sink: Arc::new(told.clone()),
            clock: Clock::from_fn(|| "2026-11-22T12:00:00Z".parse().unwrap()),
        };
        (build(settings("power", Stay::Once), ports).unwrap(), told)
    }

    async fn pass(&self, fuse: &Fuse) -> Ending {
        self.boot(fuse).0.once().await
    }

    fn facts(&self) -> Facts {
        self.memory.open().load().unwrap().facts
    }

    /// The shop's objects by name, with their value, as the cluster holds them.
    async fn shop(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for name in ["stays", "changes", "goes", "comes"] {
            if let Some(live) = self.config_map("shop", name).await {
                found.insert(name.to_owned(), live["data"]["value"].as_str().unwrap().to_owned());
            }
        }
        found
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Option<Value> {
        let gvk = Gvk::new("v1", "ConfigMap");
        let key = ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        };
        self.cluster.get(&gvk, &key).await.unwrap().map(|live| live.value)
    }

    /// What must hold at every moment, whatever the power did.
    async fn check_always(&self, before: &Facts, accepted: &[CommitId], at: &str) {
        let facts = self.facts();
        let floor = |facts: &Facts| facts.floor.as_ref().map(|floor| floor.revision.commit);
        let place = |commit: Option<CommitId>| {
            commit.map(|commit| accepted.iter().position(|one| *one == commit).unwrap())
        };
        assert!(place(floor(&facts)) >= place(floor(before)), "{at}: the floor went down");
        assert!(facts.generation >= before.generation, "{at}: the facts went back");
        assert!(self.config_map("default", "not-ours").await.is_some(), "{at}: a foreign object was pruned");
        if before.last_good.is_some() {
            let shop = self.shop().await;
            assert!(
                shop.contains_key("stays") && shop.contains_key("changes"),
                "{at}: last-good lost objects: {shop:?}"
            );
        }
    }

    /// Power is back: one pass, or two where the record was lost, and everything is as the newest revision says.
    async fn check_converges(&self, expected: &[(&str, &str)], at: &str) {
        let mut phases = Vec::new();
        for _ in 0..3 {
            let (mut agent, told) = self.boot(&Fuse::never());
            assert_eq!(agent.once().await, Ending::Done, "{at}: {:#?}", told.take());
            phases.push(told.last().unwrap().phase);
        }
        assert_eq!(phases.last(), Some(&SitePhase::Steady), "{at}");
        let expected: BTreeMap<_, _> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(self.shop().await, expected, "{at}");
        let facts = self.facts();
        assert_eq!(facts.last_good, facts.floor.map(|floor| floor.revision), "{at}");
        let inventory = self.memory.open().load().unwrap().inventory.unwrap();
        assert_eq!(inventory.entries.len(), expected.len() + 1, "{at}: {:?}", inventory.entries.keys());
    }
}

const AFTER_FIRST: &[(&str, &str)] = &[("changes", "one"), ("goes", "one"), ("stays", "one")];
const AFTER_SECOND: &[(&str, &str)] = &[("changes", "two"), ("comes", "two"), ("stays", "one")];

/// Cuts the power at every effect of the pass that `prepare`d worlds are about to make.
async fn at_every_effect(
    prepare: impl AsyncFn() -> (World, Vec<CommitId>),
    expected: &[(&str, &str)],
    lose_cache: bool,
) {
    let (world, _) = prepare().await;
    let counting = Fuse::never();
    assert_eq!(world.pass(&counting).await, Ending::Done);
    assert!(counting.effects() > 10, "the whole way has more effects than {}", counting.effects());
    for moment in [Moment::Before, Moment::Middle, Moment::After] {
        for effect in 0..counting.effects() {
            let at = format!("power cut at effect {effect}, {moment:?}");
            let (world, accepted) = prepare().await;
            let before = world.facts();
            let _ = world.pass(&Fuse::at(effect, moment)).await;
            world.check_always(&before, &accepted, &at).await;
            if lose_cache {
                world.memory.lose_cache();
            }
            world.check_converges(expected, &at).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn on_the_first_way_of_a_new_site() {
    let prepare = async || {
        let world = World::new();
        let first = world.commit(&first());
        (world, vec![first])
    };
    at_every_effect(prepare, AFTER_FIRST, false).await;
}

async fn settled() -> (World, Vec<CommitId>) {
    let world = World::new();
    let first = world.commit(&first());
    assert_eq!(world.pass(&Fuse::never()).await, Ending::Done);
    let second = world.commit(&second());
    (world, vec![first, second])
}

#[tokio::test(start_paused = true)]
async fn on_the_way_to_another_revision() {
    at_every_effect(settled, AFTER_SECOND, false).await;
}

#[tokio::test(start_paused = true)]
async fn on_the_way_to_another_revision_and_the_cache_is_lost_with_it() {
    at_every_effect(settled, AFTER_SECOND, true).await;
}

#[tokio::test(start_paused = true)]
async fn while_drift_is_healed_offline() {
    let prepare = async || {
        let (world, accepted) = settled().await;
        assert_eq!(world.pass(&Fuse::never()).await, Ending::Done);
        let gvk = Gvk::new("v1", "ConfigMap");
        let key = |name: &str| ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        };
        world
            .cluster
            .foreign_edit("kubectl-edit", &gvk, &key("changes"), &json!({"data": {"value": "hacked"}}))
            .unwrap();
        world.cluster.foreign_delete(&key("comes"));
        (world, accepted)
    };
    at_every_effect(prepare, AFTER_SECOND, false).await;
}
