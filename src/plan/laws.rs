//! Laws that hold for every desired set, every cluster and every foreign writer.

use super::ssa::Server;
use super::tests::{application, desired, entry, object, owner};
use super::*;
use crate::model::{Action, AllowPrune, Desired, Inventory, Live, Object, ObjectKey, Stage};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A spec of scalars, nested maps, keyed lists and lists that are owned as a whole.
fn spec() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        "[a-c]{0,2}".prop_map(Value::from),
        (0..3i64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec!["1000m", "2000m", "1"]).prop_map(Value::from),
    ];
    let map = |inner: BoxedStrategy<Value>| {
        prop::collection::btree_map("[d-g]", inner, 0..4).prop_map(|map| json!(map))
    };
    let keyed = prop::collection::btree_map("[n-q]", scalar.clone(), 1..3).prop_map(|items| {
        items.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Value>()
    });
    let plain = prop::collection::vec(scalar.clone(), 0..3).prop_map(Value::from);
    let leaf = prop_oneof![scalar, keyed, plain].boxed();
    let inner = prop_oneof![leaf.clone(), map(leaf.clone())].boxed();
    prop::collection::btree_map("[h-l]", inner, 0..4).prop_map(|map| json!(map))
}

fn widgets(name: &str, specs: &[Value]) -> (crate::model::Application, Vec<Object>) {
    let one = |(at, spec): (usize, &Value)| {
        object("example.com/v1", "Widget", "pos", &format!("{name}-{at}"), &json!({"spec": spec}))
    };
    (application(name), specs.iter().enumerate().map(one).collect())
}

/// One pass over the desired set, as the driver makes it. Returns what was decided, by object.
fn pass(desired: &Desired, server: &mut Server, inventory: &mut Inventory) -> Vec<(ObjectKey, String)> {
    let (standing, refused) = stand(desired, &|_| Some(true));
    assert_eq!(refused, []);
    *inventory = union(inventory, &standing, &|_| "v1".to_owned());
    let mut done = Vec::new();
    for place in stages(desired).into_iter().flat_map(|stage| stage.places) {
        let one = &desired.applications[place.application];
        let object = dress(&one.objects[place.object], &owner(), &one.application, true).unwrap();
        let key = object.key();
        let live = server.get(&key);
        let decision = decide(
            &object,
            digest(&object),
            live.as_ref(),
            inventory.entries.get(&key),
            &one.application.name,
            &owner(),
        );
        let written = match &decision {
            Decision::Create => server.apply_ours(&object, false),
            Decision::Heal { .. } => server.apply_ours(&object, true),
            Decision::Unchanged => continue,
            Decision::Judge => {
                let case = Case {
                    desired: &object,
                    digest: digest(&object),
                    live: live.as_ref().unwrap(),
                    entry: inventory.entries.get(&key),
                    application: &one.application,
                    is_forced: false,
                };
                match carry_out(case, server) {
                    Some(written) => written,
                    None => continue,
                }
            }
            other => panic!("{other:?}"),
        };
        let baseline = take(&written.unwrap(), &object, digest(&object)).unwrap();
        applied(inventory, &key, &one.application.name, "v1", baseline);
        done.push((key, format!("{decision:?}")));
    }
    done
}

/// Judges and writes. `None` where nothing is to be written.
fn carry_out(mut case: Case<'_>, server: &mut Server) -> Option<Result<Live, Vec<(String, String)>>> {
    loop {
        let answer = server.apply("standfast", case.desired, case.is_forced, true);
        let verdict = match &answer {
            Ok(live) => judge(&case, &Answer::Live(live)),
            Err(conflicts) => {
                let conflicts: Vec<_> = conflicts.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                judge(&case, &Answer::Conflict(&conflicts))
            }
        };
        match verdict {
            Verdict::AskWithForce if !case.is_forced => case.is_forced = true,
            Verdict::Configure { force, .. } => return Some(server.apply_ours(case.desired, force)),
            Verdict::Unchanged(_) | Verdict::Refuse(_) => return None,
            other => panic!("{other:?}"),
        }
    }
}

fn leaves_in(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(name, below)| leaves_in(below, &format!("{at}/{name}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

proptest! {
    /// When everything is applied there is nothing to do, and a second pass asks and writes nothing.
    #[test]
    fn planning_after_applying_is_empty(specs in prop::collection::vec(spec(), 1..4)) {
        let desired = desired(vec![widgets("pos", &specs)]);
        let (mut server, mut inventory) = (Server::default(), Inventory::default());
        pass(&desired, &mut server, &mut inventory);
        let writes = server.writes();
        prop_assert_eq!(pass(&desired, &mut server, &mut inventory), []);
        prop_assert_eq!(server.writes(), writes);
    }

    /// From any manifest to any other in one pass, and then there is nothing to do.
    #[test]
    fn every_change_settles_in_one_pass(before in spec(), after in spec()) {
        let (mut server, mut inventory) = (Server::default(), Inventory::default());
        pass(&desired(vec![widgets("pos", &[before])]), &mut server, &mut inventory);
        let after = desired(vec![widgets("pos", &[after])]);
        pass(&after, &mut server, &mut inventory);
        prop_assert_eq!(pass(&after, &mut server, &mut inventory), []);
    }

    /// What others add is never drift, and stays.
    #[test]
    fn fields_of_others_are_never_drift(spec in spec(), foreign in spec()) {
        let desired = desired(vec![widgets("pos", &[spec])]);
        let (mut server, mut inventory) = (Server::default(), Inventory::default());
        pass(&desired, &mut server, &mut inventory);
        let key = inventory.entries.keys().next().unwrap().clone();
        server.update("other", &key, |live| {
            live["spec"]["foreign"] = foreign.clone();
            live["status"] = foreign.clone();
            live["metadata"]["annotations"]["other"] = json!("x");
        });
        prop_assert_eq!(pass(&desired, &mut server, &mut inventory), []);
        prop_assert_eq!(&server.get(&key).unwrap().value["spec"]["foreign"], &foreign);
    }

    /// Whatever of ours somebody changes or removes is drift, is told by its path, and is healed at once.
    #[test]
    fn a_change_of_our_fields_is_always_drift(spec in spec(), which in any::<prop::sample::Index>(), is_removed in any::<bool>()) {
        let desired = desired(vec![widgets("pos", &[spec])]);
        let (mut server, mut inventory) = (Server::default(), Inventory::default());
        pass(&desired, &mut server, &mut inventory);
        let key = inventory.entries.keys().next().unwrap().clone();
        let before = server.get(&key).unwrap().value;
        // An empty map is ours only in that it is there.
        let written = desired.applications[0].objects[0].value();
        let mut ours = Vec::new();
        leaves_in(&written["spec"], "/spec", &mut ours);
        ours.retain(|pointer| is_removed || written.pointer(pointer) != Some(&json!({})));
        ours.push("/metadata/labels/standfast.dev~1owner".to_owned());
        let pointer = which.get(&ours).clone();
        server.update("other", &key, |live| {
            let (container, name) = pointer.rsplit_once('/').unwrap();
            let map = live.pointer_mut(container).unwrap().as_object_mut().unwrap();
            let name = name.replace("~1", "/");
            if is_removed { map.remove(&name); } else { map.insert(name, json!("changed by another")); }
        });
        let entry = inventory.entries[&key].clone();
        let live = server.get(&key).unwrap();
        let drifted = taken(&live, entry.baseline.as_ref().unwrap());
        prop_assert!(drifted.iter().any(|one| one.path.starts_with(&pointer)), "{pointer}: {drifted:?}");
        let healed = pass(&desired, &mut server, &mut inventory);
        prop_assert_eq!(healed.len(), 1);
        prop_assert!(healed[0].1.starts_with("Heal"), "{}", healed[0].1);
        let after = server.get(&key).unwrap().value;
        prop_assert_eq!(after.pointer(&pointer), before.pointer(&pointer));
        prop_assert_eq!(pass(&desired, &mut server, &mut inventory), []);
    }

    /// A digest stands for a manifest.
    #[test]
    fn digests_tell_manifests_apart(a in spec(), b in spec()) {
        let of = |spec: &Value| digest(&object("v1", "Widget", "pos", "it", &json!({"spec": spec})));
        prop_assert_eq!(of(&a) == of(&b), a == b);
    }

    /// A move to another application is no more than another annotation, whatever the object holds.
    #[test]
    fn a_move_keeps_the_object(spec in spec()) {
        let (mut server, mut inventory) = (Server::default(), Inventory::default());
        let (_, objects) = widgets("pos", &[spec]);
        let here = desired(vec![(application("pos"), objects.clone()), (application("other"), vec![])]);
        let there = desired(vec![(application("pos"), vec![]), (application("other"), objects)]);
        pass(&here, &mut server, &mut inventory);
        let key = inventory.entries.keys().next().unwrap().clone();
        let uid = server.get(&key).unwrap().uid().to_owned();
        pass(&there, &mut server, &mut inventory);
        let (standing, _) = stand(&there, &|_| Some(true));
        prop_assert_eq!(candidates(&inventory, &standing, &there).count(), 0);
        prop_assert_eq!(server.get(&key).unwrap().uid().to_owned(), uid);
        prop_assert_eq!(&inventory.entries[&key].application, "other");
    }
}

const KINDS: [(&str, &str, bool); 9] = [
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", false),
    ("v1", "Namespace", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", false),
    ("v1", "ConfigMap", true),
    ("v1", "PersistentVolumeClaim", true),
    ("apps/v1", "Deployment", true),
    ("example.com/v1", "Widget", true),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", false),
];

fn scope(kind: &str) -> bool {
    KINDS.iter().any(|(_, name, is_namespaced)| *name == kind && *is_namespaced)
}

/// Few names and namespaces, so that objects meet. A Namespace is called like the namespaces, a definition defines Widget.
fn any_object() -> impl Strategy<Value = Object> {
    (prop::sample::select(KINDS.to_vec()), "[ab]", "[ab]").prop_map(
        |((api, kind, is_namespaced), namespace, name)| {
            let rest = match kind {
                "CustomResourceDefinition" => {
                    json!({"spec": {"group": "example.com", "names": {"kind": "Widget"}}})
                }
                _ => json!({}),
            };
            object(api, kind, if is_namespaced { &namespace } else { "" }, &name, &rest)
        },
    )
}

/// Applications `x`, `y` (which depends on `x`) and `z` (which depends on `y`), no object twice.
fn any_desired() -> impl Strategy<Value = Desired> {
    let allowed = prop::sample::subsequence(AllowPrune::NAMES.map(|(_, what)| what).to_vec(), 0..=5);
    let part = (prop::collection::vec(any_object(), 0..8), allowed, prop::bool::weighted(0.8));
    prop::collection::vec(part, 0..=3).prop_map(|parts| {
        let mut seen = BTreeSet::new();
        let named = ["x", "y", "z"].into_iter().zip(parts);
        desired(
            named
                .map(|(name, (mut objects, allowed, prune))| {
                    objects.retain(|object| seen.insert(object.key()));
                    let mut one = application(name);
                    one.prune = prune;
                    one.allow_prune = allowed.into_iter().collect();
                    let before = [("y", "x"), ("z", "y")].into_iter().find(|(after, _)| *after == name);
                    one.depends_on = before.into_iter().map(|(_, before)| before.to_owned()).collect();
                    (one, objects)
                })
                .collect(),
        )
    })
}

/// What was applied at some time, with its application, and what happened to its marks since.
fn any_past() -> impl Strategy<Value = Vec<(Object, &'static str, u8)>> {
    let application = prop::sample::select(vec!["x", "y", "z", "removed"]);
    prop::collection::vec((any_object(), application, 0..8u8), 0..16)
}

fn live_of(object: &Object, application_name: &str, marks: u8) -> Live {
    let dressed = dress(object, &owner(), &application(application_name), scope(&object.gvk().kind)).unwrap();
    let mut live = Server::default().apply_ours(&dressed, false).unwrap();
    match marks {
        0 => live.value["metadata"]["labels"] = json!({}),
        1 => live.value["metadata"]["managedFields"] = json!([]),
        2 => live.value["metadata"]["ownerReferences"] = json!([{"controller": true}]),
        _ => {}
    }
    live
}

fn prune_all(
    desired: &Desired,
    past: &[(Object, &'static str, u8)],
) -> (Pruning, Standing, BTreeMap<ObjectKey, Live>, Inventory) {
    let (standing, _) = stand(desired, &|gvk| Some(scope(&gvk.kind)));
    let mut inventory = Inventory::default();
    let mut cluster = BTreeMap::new();
    for (object, name, marks) in past {
        inventory.entries.insert(object.key(), entry(name, None));
        cluster.insert(object.key(), live_of(object, name, *marks));
    }
    let inventory = union(&inventory, &standing, &|_| "v1".to_owned());
    // Everything is handed in, not only the candidates: the laws hold however careless the driver is.
    let findings: Vec<_> = cluster
        .iter()
        .map(|(key, live)| {
            inspect(key, &live.gvk, Some(live), &owner(), inventory.entries[key].application == "removed")
        })
        .collect();
    (prune(desired, &standing, &inventory, &findings), standing, cluster, inventory)
}

fn deleted(stages: &[Stage]) -> Vec<ObjectKey> {
    stages.iter().flat_map(|stage| &stage.steps).map(|step| step.key.clone()).collect()
}

proptest! {
    /// Every object has its place once; what it needs comes before it; applications come after what they depend on.
    #[test]
    fn stages_are_in_order(desired in any_desired()) {
        let stages = stages(&desired);
        let places: Vec<_> = stages.iter().flat_map(|stage| &stage.places).collect();
        let count: usize = desired.applications.iter().map(|one| one.objects.len()).sum();
        prop_assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), count);
        prop_assert_eq!(places.len(), count);
        for (at, earlier) in places.iter().enumerate() {
            for later in &places[at + 1..] {
                prop_assert!(earlier.application <= later.application || desired.applications[earlier.application].application.depends_on.is_empty());
                if earlier.application == later.application {
                    let kind = |place: &Place| rank(desired.applications[place.application].objects[place.object].gvk());
                    prop_assert!(kind(earlier) <= kind(later));
                }
            }
        }
        prop_assert!(stages.is_sorted_by_key(|stage| (stage.level, stage.id)));
    }

    /// Nothing that stands is deleted, nothing without all of our marks, nothing twice, nothing that its application keeps.
    #[test]
    fn only_what_left_and_is_ours_is_deleted(desired in any_desired(), past in any_past()) {
        let (pruning, standing, cluster, inventory) = prune_all(&desired, &past);
        let deleted = deleted(&pruning.stages);
        prop_assert_eq!(deleted.iter().collect::<BTreeSet<_>>().len(), deleted.len());
        for step in pruning.stages.iter().flat_map(|stage| &stage.steps) {
            let live = &cluster[&step.key];
            prop_assert!(!standing.holds(&step.key));
            prop_assert!(is_ours_to_prune(live, &owner()));
            prop_assert_eq!(&step.action, &Action::Delete { uid: live.uid().to_owned() });
            let keeps = |name: &str| desired.applications.iter().any(|one| one.application.name == name && !one.application.prune);
            prop_assert!(!keeps(&inventory.entries[&step.key].application));
        }
    }

    /// Nothing that stays is deleted along with its namespace or definition.
    #[test]
    fn containers_take_nothing_along(desired in any_desired(), past in any_past()) {
        let (pruning, _, _, inventory) = prune_all(&desired, &past);
        let deleted: BTreeSet<_> = deleted(&pruning.stages).into_iter().collect();
        for stays in inventory.entries.keys().filter(|key| !deleted.contains(key)) {
            for gone in &deleted {
                prop_assert!(!(gone.is("", "Namespace") && stays.namespace.as_ref() == Some(&gone.name)), "{gone} takes {stays}");
                prop_assert!(!(gone.kind == "CustomResourceDefinition" && stays.kind == "Widget"), "{gone} takes {stays}");
            }
        }
    }

    /// The blast radius: unless somebody allows it, never more than the share, never everything, never a claim.
    #[test]
    fn guards_hold(mut desired in any_desired(), past in any_past()) {
        desired.applications.iter_mut().for_each(|one| one.application.allow_prune.clear());
        let (pruning, standing, _, inventory) = prune_all(&desired, &past);
        let deleted = deleted(&pruning.stages);
        let share = deleted.len() * 100 <= 30 * inventory.entries.len();
        prop_assert!(deleted.len() < 5 || share);
        prop_assert!(deleted.is_empty() || !standing.is_empty());
        prop_assert!(!deleted.iter().any(|key| key.kind == "PersistentVolumeClaim"));
    }

    /// Custom resources go first, then what runs, then definitions, namespaces last.
    #[test]
    fn deletion_runs_the_other_way_round(desired in any_desired(), past in any_past()) {
        let (pruning, ..) = prune_all(&desired, &past);
        let order = ["Widget", "ValidatingWebhookConfiguration", "Deployment", "PersistentVolumeClaim", "ConfigMap",
                     "ClusterRoleBinding", "ClusterRole", "CustomResourceDefinition", "Namespace"];
        let deleted = deleted(&pruning.stages);
        // Within the settings an application's dependants go first, whatever their kind.
        let place = |kind: &str| order.iter().position(|one| *one == kind).map(|at| if at == 4 { 3 } else { at }).unwrap();
        prop_assert!(deleted.is_sorted_by_key(|key| place(&key.kind)));
    }
}
