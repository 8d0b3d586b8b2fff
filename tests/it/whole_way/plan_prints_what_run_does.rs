//! What `plan` prints is what the next pass does: the same steps on the same objects, and the same refusals.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;
use standfast::model::{Action, Moment, Outcome, Plan};
use std::collections::BTreeSet;

/// Object and what becomes of it.
type Steps = BTreeSet<(String, String)>;

fn planned(plan: &Plan) -> (Steps, Steps) {
    let all = plan.stages.iter().flat_map(|stage| &stage.steps).chain(&plan.prune);
    let word = |action: &Action| match action {
        Action::Create | Action::After { .. } => Outcome::Created,
        Action::Configure { .. } => Outcome::Configured,
        Action::Heal { .. } => Outcome::Healed,
        Action::Recreate { .. } => Outcome::Recreated,
        Action::Delete { .. } => Outcome::Deleted,
    };
    let steps = all.map(|step| (step.key.to_string(), word(&step.action).to_string())).collect();
    let refused =
        plan.refused.iter().map(|refusal| (refusal.reason.as_str().to_owned(), refusal.message.clone()));
    (steps, refused.collect())
}

fn done(moments: &[Moment]) -> (Steps, Steps) {
    let (mut steps, mut refused) = (Steps::new(), Steps::new());
    for moment in moments {
        if let Moment::Applied(set) | Moment::Pruned(set) = moment {
            steps.extend(set.done.iter().map(|done| (done.key.to_string(), done.outcome.to_string())));
            refused.extend(
                set.refused
                    .iter()
                    .map(|refusal| (refusal.reason.as_str().to_owned(), refusal.message.clone())),
            );
        }
    }
    (steps, refused)
}

/// Plans, runs, and compares; answers with the plan.
async fn check(site: &TestSite, what: &str) -> Plan {
    let plan = site.plan().await.unwrap();
    let _ = site.once().await;
    assert_eq!(planned(&plan), done(&site.told.take()), "{what}");
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_steps_and_the_same_refusals() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("plan").await;
    let site = TestSite::new(cluster, "plan");
    let made = format!("{namespace}-made");
    let group = "plan.example.com";
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: gizmos.{group}}}\nspec:\n  \
         group: {group}\n  scope: Namespaced\n  names: {{kind: Gizmo, plural: gizmos}}\n  versions:\n  - name: v1\n    \
         served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}\n"
    );
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job, namespace: {namespace}}}\nspec:\n  template:\n    \
             metadata: {{annotations: {{testcluster/pod: succeed}}}}\n    \
             spec: {{restartPolicy: Never, containers: [{{name: main, image: \"example.com/main:{image}\"}}]}}\n"
        )
    };
    let fleet = "- {name: one, path: apps/one, recreate: [Job]}\n- {name: two, path: apps/two, dependsOn: [one]}\n- {name: three, path: apps/three}";
    site.fleet(fleet)
        .repo
        .write("apps/one/ns.yaml", format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {made}}}\n"))
        .write("apps/one/crd.yaml", definition)
        .write(
            "apps/one/cr.yaml",
            format!("apiVersion: {group}/v1\nkind: Gizmo\nmetadata: {{name: g, namespace: {made}}}\n"),
        )
        .write("apps/one/job.yaml", job("1"))
        .write("apps/two/a.yaml", config_map(&made, "a", "1"))
        .write("apps/two/b.yaml", config_map(&namespace, "b", "1"))
        .write("apps/three/c.yaml", config_map(&namespace, "c", "1"))
        .write("apps/three/d.yaml", config_map(&namespace, "d", "1"));
    // The server refuses a Pod whose account and priority are not there; they are made before it.
    let pod = format!(
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {namespace}}}\nvalue: 1\n---\n\
         apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: account, namespace: {namespace}}}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{name: pod, namespace: {namespace}}}\n\
         spec: {{serviceAccountName: account, priorityClassName: {namespace}, containers: [{{name: main, image: \"example.com/main:1\"}}]}}\n"
    );
    site.repo.write("apps/three/pod.yaml", pod);
    site.commit("first");
    let plan = check(&site, "the first").await;
    let after = |name: &str| {
        let mut steps = plan.stages.iter().flat_map(|stage| &stage.steps);
        steps.find_map(|step| match &step.action {
            Action::After { what } if step.key.name == name => Some(what.clone()),
            _ => None,
        })
    };
    assert_eq!(after("g"), Some(format!("the CRD gizmos.{group}")));
    assert_eq!(after("a"), Some(format!("the namespace {made}")));
    assert!(
        after("pod").is_some_and(|what| what.contains("account") || what.contains("PriorityClass")),
        "{plan:#?}"
    );
    assert!(check(&site, "nothing").await.is_empty());

    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(("v1", "ConfigMap"), Some(&namespace), "b", json!({"data": {"key": "theirs"}})).await;
    site.repo
        .write("apps/one/job.yaml", job("2"))
        .write("apps/two/a.yaml", config_map(&made, "a", "2"))
        .write("apps/two/new.yaml", config_map(&namespace, "new", "1"))
        .remove("apps/three/d.yaml");
    site.commit("second");
    let plan = check(&site, "make, change, heal, make anew, delete").await;
    assert_eq!(planned(&plan).0.len(), 5, "{plan:#?}");
    let change = plan.stages.iter().flat_map(|stage| &stage.steps).find_map(|step| match &step.action {
        Action::Configure { changes } if step.key.name == "a" => Some(changes.clone()),
        _ => None,
    });
    let [change] = &change.unwrap()[..] else { panic!("{plan:#?}") };
    assert_eq!(
        (change.path.as_str(), change.from.as_deref(), change.to.as_deref()),
        ("/data/key", Some("\"1\""), Some("\"2\""))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refusal_stops_is_not_planned() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("plan-refused").await;
    let site = TestSite::new(cluster, "plan-refused");
    let map = |name: &str, value: &str| config_map(&namespace, name, value);
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace}, "data": {"more": "theirs"}});
    let hand = Hand::of(cluster, "kubectl").await;
    site.fleet("- {name: one, path: apps/one}\n- {name: two, path: apps/two, dependsOn: [one]}\n- {name: three, path: apps/three}")
        .repo
        .write("apps/one/a.yaml", map("a", "1"))
        .write("apps/two/b.yaml", map("b", "1"))
        .write("apps/two/c.yaml", map("c", "1"))
        .write("apps/three/d.yaml", map("d", "1"))
        .write("apps/three/e.yaml", map("e", "1"));
    site.commit("first");
    check(&site, "the first").await;
    let only = |plan: &Plan, key: &str, what: &str| {
        assert_eq!(
            planned(plan).0,
            [(format!("ConfigMap {namespace}/{key}"), what.to_owned())].into(),
            "{plan:#?}"
        );
        assert_eq!(plan.refused.len(), 1, "{plan:#?}");
    };

    // Its application, what depends on it, and all deletions.
    hand.apply(theirs.clone()).await;
    site.repo
        .write("apps/one/a.yaml", map("a", "2"))
        .write("apps/one/settings.yaml", map("settings", "1"))
        .write("apps/two/b.yaml", map("b", "2"))
        .write("apps/three/d.yaml", map("d", "2"))
        .remove("apps/two/c.yaml");
    site.commit("second");
    only(&check(&site, "an object that is not ours").await, "d", "configured");

    hand.delete(("v1", "ConfigMap"), Some(&namespace), "settings").await;
    let plan = check(&site, "and no longer").await;
    assert_eq!((planned(&plan).0.len(), plan.refused.len()), (4, 0), "{plan:#?}");

    hand.apply(theirs).await;
    site.repo
        .write("apps/one/a.yaml", map("a", "3"))
        .write("apps/one/settings.yaml", map("settings", "1").replace("data: {", "data: {more: ours, "))
        .write("apps/two/b.yaml", map("b", "3"))
        .write("apps/three/f.yaml", map("f", "1"))
        .remove("apps/three/e.yaml");
    site.commit("third");
    only(&check(&site, "a conflict").await, "f", "created");
}
