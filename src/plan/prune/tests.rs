//! Tables for what is deleted, what is not, and in which order.

use super::*;
use crate::model::{AllowPrune, Application, OnRemoval};
use crate::plan::tests::{allow, application, desired, entry, key, object, owner};
use crate::plan::{dress, stand, take};
use serde_json::json;

/// A site: what the fleet says, what is in the inventory, and what was found of it.
struct Site {
    desired: Desired,
    inventory: Inventory,
    findings: Vec<Finding>,
}

fn site(applications: Vec<Application>, stands: &[&str]) -> Site {
    let mut parts: Vec<_> = applications.into_iter().map(|one| (one, Vec::new())).collect();
    for text in stands {
        let key = key(text);
        let manifest = object(
            &api(&key.group),
            &key.kind,
            key.namespace.as_deref().unwrap_or(""),
            &key.name,
            &json!({}),
        );
        parts[0].1.push(manifest);
    }
    let inventory = stands.iter().map(|text| (key(text), entry("pos", None))).collect();
    Site {
        desired: desired(parts),
        inventory: Inventory { entries: inventory, is_rebuilt: false },
        findings: Vec::new(),
    }
}

fn api(group: &str) -> String {
    if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") }
}

impl Site {
    /// Adds an object of ours that left the desired set.
    fn gone(mut self, text: &str, application: &str) -> Self {
        let key = key(text);
        self.inventory.entries.insert(key.clone(), entry(application, None));
        let gvk = Gvk::new(&api(&key.group), &key.kind);
        self.findings.push(Finding {
            fate: Fate::Ours(format!("uid-{}", key.name)),
            key,
            gvk,
            defines: None,
            bystander: None,
        });
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Finding)) -> Self {
        change(self.findings.last_mut().unwrap());
        self
    }

    fn prune(&self) -> Pruning {
        let (standing, refused) = stand(&self.desired, &|gvk| Some(!is_cluster_scoped(&gvk.kind)));
        assert_eq!(refused, []);
        prune(&self.desired, &standing, &self.inventory, &self.findings)
    }

    fn deletes(&self) -> Vec<String> {
        let steps = self.prune().stages.into_iter().flat_map(|stage| stage.steps);
        steps.map(|step| step.key.to_string()).collect()
    }

    fn refusals(&self) -> Vec<String> {
        let pruning = self.prune();
        assert!(pruning.refused.iter().all(|refusal| refusal.reason == RefusalReason::PruneGuarded));
        pruning.refused.into_iter().map(|refusal| refusal.message).collect()
    }
}

fn is_cluster_scoped(kind: &str) -> bool {
    ["Namespace", "CustomResourceDefinition", "ClusterRole", "ValidatingWebhookConfiguration"].contains(&kind)
}

const MANY: [&str; 20] = [
    "ConfigMap pos/a",
    "ConfigMap pos/b",
    "ConfigMap pos/c",
    "ConfigMap pos/d",
    "ConfigMap pos/e",
    "ConfigMap pos/f",
    "ConfigMap pos/g",
    "ConfigMap pos/h",
    "ConfigMap pos/i",
    "ConfigMap pos/j",
    "ConfigMap pos/k",
    "ConfigMap pos/l",
    "ConfigMap pos/m",
    "ConfigMap pos/n",
    "ConfigMap pos/o",
    "ConfigMap pos/p",
    "ConfigMap pos/q",
    "ConfigMap pos/r",
    "ConfigMap pos/s",
    "ConfigMap pos/t",
];

fn pos(allowed: &[AllowPrune]) -> Application {
    Application { allow_prune: allow(allowed), ..application("pos") }
}

#[test]
fn what_left_is_deleted_in_reverse_with_its_uid() {
    let site = site(vec![pos(&[])], &MANY)
        .gone("Namespace old", "pos")
        .gone("CustomResourceDefinition.apiextensions.k8s.io widgets.example.com", "pos")
        .gone("ClusterRole.rbac.authorization.k8s.io reader", "pos")
        .gone("ConfigMap old/conf", "pos")
        .gone("Deployment.apps old/web", "pos")
        .gone("ValidatingWebhookConfiguration.admissionregistration.k8s.io check", "pos")
        .gone("Widget.example.com old/it", "pos");
    assert_eq!(
        site.deletes(),
        [
            "Widget.example.com old/it",
            "ValidatingWebhookConfiguration.admissionregistration.k8s.io check",
            "Deployment.apps old/web",
            "ConfigMap old/conf",
            "ClusterRole.rbac.authorization.k8s.io reader",
            "CustomResourceDefinition.apiextensions.k8s.io widgets.example.com",
            "Namespace old",
        ]
    );
    let pruning = site.prune();
    assert_eq!(pruning.stages[0].name, "custom resources");
    assert_eq!(pruning.stages[0].steps[0].action, Action::Delete { uid: "uid-it".to_owned() });
    assert_eq!(pruning.stages.last().map(|stage| stage.name), Some("namespaces"));
}

#[test]
fn dependants_go_before_what_they_depend_on() {
    let mut web = application("web");
    web.depends_on.insert("pos".to_owned());
    let site = site(vec![pos(&[]), web], &MANY)
        .gone("ConfigMap old/a", "pos")
        .gone("ConfigMap old/b", "web")
        .gone("ConfigMap old/c", "removed");
    assert_eq!(site.deletes(), ["ConfigMap old/c", "ConfigMap old/b", "ConfigMap old/a"]);
}

#[test]
fn other_things_wait_for_custom_resources_that_are_being_deleted() {
    let site = site(vec![pos(&[])], &MANY)
        .gone("Deployment.apps old/operator", "pos")
        .gone("Widget.example.com old/more", "pos")
        .gone("Widget.example.com old/it", "pos")
        .with(|finding| finding.fate = Fate::Terminating);
    assert_eq!(site.deletes(), ["Widget.example.com old/more"]);
    assert_eq!(site.prune().waiting, [key("Widget.example.com old/it")]);
}

#[test]
fn objects_that_are_not_deleted() {
    let check = |fate: Fate, is_forgotten: bool, why: &str| {
        let site =
            site(vec![pos(&[])], &MANY).gone("ConfigMap old/it", "pos").with(|finding| finding.fate = fate);
        assert_eq!(site.deletes(), [""; 0]);
        let pruning = site.prune();
        assert_eq!(pruning.forget.len(), usize::from(is_forgotten), "{why}");
        assert_eq!(pruning.left.first().map_or("", |(_, why)| why), why);
    };
    check(Fate::Gone, true, "");
    check(Fate::Foreign, true, "nothing on it is ours any more");
    check(Fate::Kept, true, "it stays, as its application said, and is ours no longer");
    check(
        Fate::HalfOurs("a controller owns it"),
        false,
        "it is not deleted, for a controller owns it; delete it by hand if it should go",
    );
    // Whatever is handed in: what stands, what is not in the inventory, and what an application keeps.
    let stands = site(vec![pos(&[])], &MANY).gone("ConfigMap pos/a", "pos");
    assert_eq!(stands.deletes(), [""; 0]);
    let mut unknown = site(vec![pos(&[])], &MANY).gone("ConfigMap old/it", "pos");
    unknown.inventory.entries.remove(&key("ConfigMap old/it"));
    assert_eq!(unknown.deletes(), [""; 0]);
    let keeping = site(vec![Application { prune: false, ..pos(&[]) }], &MANY).gone("ConfigMap old/it", "pos");
    assert_eq!(keeping.deletes(), [""; 0]);
    let (standing, _) = stand(&keeping.desired, &|_| Some(true));
    assert_eq!(candidates(&keeping.inventory, &standing, &keeping.desired).count(), 0);
}

#[test]
fn live_objects_are_reduced() {
    let manifest = object("v1", "ConfigMap", "old", "it", &json!({}));
    let kept = Application { on_removal: OnRemoval::Keep, ..application("pos") };
    let check = |application: &Application, change: &dyn Fn(&mut Live), is_removed: bool, fate: Fate| {
        let dressed = dress(&manifest, &owner(), application, true).unwrap();
        let mut live = crate::plan::ssa::Server::default().apply_ours(&dressed, false).unwrap();
        assert!(take(&live, &dressed, crate::plan::digest(&dressed)).is_some());
        change(&mut live);
        let finding = inspect(&dressed.key(), &live.gvk, Some(&live), &owner(), is_removed);
        assert_eq!(finding.fate, fate);
    };
    let pos = application("pos");
    let uid = || Fate::Ours("1".to_owned());
    check(&pos, &|_| {}, false, uid());
    check(&kept, &|_| {}, false, uid());
    check(&kept, &|_| {}, true, Fate::Kept);
    check(
        &pos,
        &|live| live.value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
        false,
        Fate::Terminating,
    );
    check(
        &pos,
        &|live| live.value["metadata"]["labels"] = json!({}),
        false,
        Fate::HalfOurs("it lost our owner label"),
    );
    let no_entry = Fate::HalfOurs("nothing shows that it was applied from here");
    check(&pos, &|live| live.value["metadata"]["managedFields"] = json!([]), false, no_entry);
    let owned = json!([{"kind": "ReplicaSet", "controller": true}]);
    check(
        &pos,
        &|live| live.value["metadata"]["ownerReferences"] = owned.clone(),
        false,
        Fate::HalfOurs("a controller owns it"),
    );
    let bare = |live: &mut Live| live.value["metadata"] = json!({"name": "it", "namespace": "old"});
    check(&pos, &bare, false, Fate::Foreign);
    let gone = inspect(&manifest.key(), manifest.gvk(), None, &owner(), false);
    assert_eq!(gone.fate, Fate::Gone);
}

#[test]
fn guards_of_single_objects() {
    let check = |site: Site, kept: usize, message: &str| {
        let refusals = site.refusals();
        assert_eq!(refusals.len(), kept, "{refusals:?}");
        assert!(refusals.iter().all(|refusal| refusal.contains(message)), "{refusals:?}");
        assert_eq!(site.deletes().len() + kept, site.findings.len());
    };
    let claim = |allowed: &[AllowPrune]| {
        site(vec![pos(allowed)], &MANY)
            .gone("PersistentVolumeClaim old/data", "pos")
            .gone("ConfigMap old/a", "pos")
    };
    check(
        claim(&[]),
        1,
        "PersistentVolumeClaim old/data holds data that would be lost. If that is meant, say `allowPrune: [claim]` in application pos",
    );
    check(claim(&[AllowPrune::Claim]), 0, "");
    check(
        claim(&[AllowPrune::All, AllowPrune::Share, AllowPrune::Namespace, AllowPrune::Crd]),
        1,
        "holds data",
    );

    let namespace = |allowed: &[AllowPrune]| {
        let foreign = key("Secret old/by-hand");
        site(vec![pos(allowed)], &MANY)
            .gone("Namespace old", "pos")
            .with(|finding| finding.bystander = Some(foreign))
    };
    check(namespace(&[]), 1, "Namespace old holds Secret old/by-hand, which would be deleted along with it");
    check(namespace(&[AllowPrune::Namespace]), 0, "");

    let definition = |allowed: &[AllowPrune]| {
        let instance = key("Widget.example.com old/by-hand");
        site(vec![pos(allowed)], &MANY)
            .gone("CustomResourceDefinition.apiextensions.k8s.io widgets.example.com", "pos")
            .with(|finding| finding.bystander = Some(instance))
    };
    check(definition(&[]), 1, "holds Widget.example.com old/by-hand");
    check(definition(&[AllowPrune::Crd]), 0, "");
}

#[test]
fn nothing_goes_along_with_its_container_that_should_stay() {
    let every = [AllowPrune::All, AllowPrune::Share, AllowPrune::Namespace, AllowPrune::Crd];
    // It stands in the desired set.
    let stands = site(vec![pos(&every)], &MANY).gone("Namespace pos", "pos");
    assert_eq!(
        stands.refusals(),
        ["Namespace pos cannot go, for ConfigMap pos/a stays and would be deleted along with it"]
    );
    // It is refused itself.
    let guarded = site(vec![pos(&every)], &MANY)
        .gone("Namespace old", "pos")
        .gone("PersistentVolumeClaim old/data", "pos");
    assert_eq!((guarded.deletes().len(), guarded.refusals().len()), (0, 2));
    // Its application keeps it.
    let quiet = Application { prune: false, ..application("quiet") };
    let mut kept = site(vec![pos(&every), quiet], &MANY).gone("Namespace old", "pos");
    kept.inventory.entries.insert(key("ConfigMap old/it"), entry("quiet", None));
    assert_eq!(kept.deletes(), [""; 0]);
    // It is going, or gone.
    let going = site(vec![pos(&[])], &MANY).gone("Namespace old", "pos").gone("ConfigMap old/a", "pos");
    let going = going.gone("ConfigMap old/b", "pos").with(|finding| finding.fate = Fate::Gone);
    assert_eq!(going.deletes(), ["ConfigMap old/a", "Namespace old"]);
    // Instances, by what the definition defines; another kind of the same group is none.
    let defined = |kind: &str| {
        let stands: Vec<_> = MANY.into_iter().chain(["Widget.example.com pos/it"]).collect();
        site(vec![pos(&every)], &stands)
            .gone("CustomResourceDefinition.apiextensions.k8s.io some.example.com", "pos")
            .with(|finding| finding.defines = Some(("example.com".to_owned(), kind.to_owned())))
    };
    assert_eq!(defined("Widget").deletes(), [""; 0]);
    assert_eq!(defined("Gadget").deletes().len(), 1);
}

#[test]
fn guards_of_the_whole() {
    let lose = |application: Application, stay: usize, lost: usize| {
        (0..lost).fold(site(vec![application], &MANY[..stay]), |site, at| {
            site.gone(&format!("ConfigMap old/{at}"), "pos")
        })
    };
    let check = |site: Site, refusal: &str| {
        assert_eq!(site.deletes().is_empty(), !refusal.is_empty());
        let refusals = site.refusals();
        assert!(
            refusals.iter().all(|text| text.contains(refusal))
                && refusals.len() == usize::from(!refusal.is_empty()),
            "{refusals:?}"
        );
    };
    check(lose(pos(&[]), 14, 6), "");
    check(lose(pos(&[]), 13, 7), "7 of 20 objects would be deleted, more than the guard's 30 %");
    check(lose(pos(&[]), 1, 4), "");
    check(lose(pos(&[]), 1, 5), "5 of 6 objects");
    check(lose(pos(&[AllowPrune::Share]), 1, 19), "");
    check(lose(pos(&[AllowPrune::All]), 1, 19), "19 of 20");
    check(lose(pos(&[]), 0, 2), "everything that is ours here (2 objects) would be deleted");
    check(lose(pos(&[AllowPrune::Share]), 0, 2), "everything");
    check(lose(pos(&[AllowPrune::All]), 0, 20), "");
    // Who may speak: one that loses something; any, if one that loses something is gone.
    let other = Application { allow_prune: allow(&[AllowPrune::Share]), ..application("other") };
    let elsewhere = |loser: &str| {
        (0..9).fold(site(vec![pos(&[]), other.clone()], &MANY[..9]), |site, at| {
            site.gone(&format!("ConfigMap old/{at}"), loser)
        })
    };
    check(elsewhere("pos"), "9 of 18");
    check(elsewhere("other"), "");
    check(elsewhere("removed"), "");
}

#[test]
fn an_application_that_is_gone_cannot_lift_a_guard_and_all_others_can() {
    let claim = |allowed: [&[AllowPrune]; 2]| {
        let other = Application { allow_prune: allow(allowed[1]), ..application("other") };
        site(vec![pos(allowed[0]), other], &MANY)
            .gone("PersistentVolumeClaim old/data", "removed")
            .deletes()
            .len()
    };
    assert_eq!(claim([&[], &[]]), 0);
    assert_eq!(claim([&[AllowPrune::Claim], &[]]), 0);
    assert_eq!(claim([&[AllowPrune::Claim], &[AllowPrune::Claim]]), 1);
}

#[test]
fn nothing_is_deleted_for_an_empty_fleet_or_from_a_rebuilt_record() {
    let empty = site(vec![], &[]).gone("ConfigMap old/a", "pos");
    assert_eq!(empty.deletes(), [""; 0]);
    assert!(empty.refusals()[0].contains("no application is left for this site"));
    let every = AllowPrune::NAMES.map(|(_, what)| what);
    let mut rebuilt = site(vec![pos(&every)], &MANY).gone("ConfigMap old/a", "pos");
    rebuilt.inventory.is_rebuilt = true;
    assert_eq!((rebuilt.deletes().len(), rebuilt.refusals().len()), (0, 0));
    assert!(rebuilt.prune().postponed.is_some());
}

#[test]
fn what_counts_as_a_bystander() {
    let check = |text: &str, owners: serde_json::Value, is_one: bool| {
        let key = key(text);
        let metadata = json!({"name": key.name, "namespace": key.namespace, "ownerReferences": owners});
        let live = Live { gvk: Gvk::new(&api(&key.group), &key.kind), value: json!({"metadata": metadata}) };
        let candidates = BTreeSet::from([self::key("ConfigMap old/ours")]);
        assert_eq!(is_bystander(&live, &candidates), is_one, "{text}");
    };
    check("ConfigMap old/ours", json!([]), false);
    check("ConfigMap old/by-hand", json!([]), true);
    check("ConfigMap old/kube-root-ca.crt", json!([]), false);
    check("ServiceAccount old/default", json!([]), false);
    check("ServiceAccount old/by-hand", json!([]), true);
    check("Event.events.k8s.io old/e", json!([]), false);
    check("EndpointSlice.discovery.k8s.io old/e", json!([]), false);
    check("Pod old/web-1", json!([{"controller": true}]), false);
    check("PersistentVolumeClaim old/data-db-0", json!([]), true);
    check("ConfigMap old/claimed", json!([{"kind": "Job"}]), true);
}
