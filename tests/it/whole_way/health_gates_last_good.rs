//! Last-good and prune move only when everything is Current.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map, deployment};
use crate::whole_way::revision;
use serde_json::json;
use standfast::agent::Ending;
use standfast::agent::Stay;
use standfast::model::{ApplicationPhase, Health, SitePhase};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_pruned_and_last_good_stays_while_something_is_in_progress() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("health").await;
    let mut site = TestSite::new(cluster, "health");
    site.stay = Stay::Once;
    let both = "- {name: old, path: apps/old}\n- {name: web, path: apps/web}";
    site.fleet(both)
        .repo
        .write("apps/old/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/old/b.yaml", config_map(&namespace, "b", "1"))
        .write("apps/web/a.yaml", config_map(&namespace, "web", "1"));
    let first = site.commit("first");
    site.pass().await;

    site.repo.remove("apps/old/b.yaml").write("apps/web/web.yaml", deployment(&namespace, "web", "pending"));
    let second = site.commit("second");
    for created in [vec![format!("Deployment.apps {namespace}/web")], vec![]] {
        assert_eq!(site.once().await, Ending::Done);
        let moments = site.told.take();
        let changed = crate::support::site::Changed::of(&moments);
        assert_eq!((changed.created, changed.deleted), (created, vec![]));
        let status = site.status();
        assert_eq!(status.phase, SitePhase::Settling);
        assert_eq!(status.revision.accepted, revision(&second));
        assert_eq!(status.revision.applied, revision(&second));
        assert_eq!(status.revision.last_good, revision(&first));
        let (web, old) = (site.application("web"), site.application("old"));
        assert_eq!((web.phase, web.health), (ApplicationPhase::Settling, Health::InProgress));
        assert!(web.reason.unwrap().message.contains(&format!("Deployment.apps {namespace}/web")));
        assert_eq!((web.last_good, old.last_good), (revision(&first), revision(&second)), "each has its own");
        assert_eq!(site.value(&namespace, "b").await.unwrap(), "1");
    }

    // Its node comes back; nothing of ours changes.
    let run = json!({"metadata": {"annotations": {"testcluster/pod": "run"}}});
    let hand = Hand::of(cluster, "kubelet").await;
    for pod in hand.list(("v1", "Pod"), Some(&namespace)).await {
        hand.edit(("v1", "Pod"), Some(&namespace), pod["metadata"]["name"].as_str().unwrap(), run.clone())
            .await;
    }
    site.stay = Stay::UntilSettled;
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/b")]);
    assert_eq!(site.status().revision.last_good, revision(&second));
    assert_eq!(site.status().phase, SitePhase::Steady);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_waits_ends_at_the_deadline() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("health-deadline").await;
    let site = TestSite::new(cluster, "health-deadline");
    site.fleet("- {name: web, path: apps/web, health: {deadline: 1s}}")
        .repo
        .write("apps/web/web.yaml", deployment(&namespace, "web", "unready"));
    site.commit("first");
    assert_eq!(site.once().await, Ending::Done);
    assert_eq!(site.application("web").phase, ApplicationPhase::Settling);
    assert_eq!(site.status().revision.last_good, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_waits_sees_workloads_get_healthy() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("health-wait").await;
    let site = TestSite::new(cluster, "health-wait");
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job, namespace: {namespace}}}\nspec:\n  template:\n    \
         metadata: {{annotations: {{testcluster/pod: succeed}}}}\n    \
         spec: {{restartPolicy: Never, containers: [{{name: main, image: \"example.com/main:1\"}}]}}\n"
    );
    let set = deployment(&namespace, "set", "run").replace("kind: Deployment", "kind: StatefulSet");
    let daemon = deployment(&namespace, "daemon", "run").replace("kind: Deployment", "kind: DaemonSet");
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: pod, namespace: {namespace}}}\nspec: {{containers: [{{name: main, image: \"example.com/main:1\"}}]}}\n"
    );
    let web = deployment(&namespace, "web", "run");
    site.repo.write("all.yaml", [web, set, daemon, job, pod].join("---\n"));
    let first = site.commit("first");
    assert_eq!(site.pass().await.created.len(), 5);
    assert_eq!(
        (site.status().phase, site.status().revision.last_good),
        (SitePhase::Steady, revision(&first))
    );
    assert!(site.pass().await.is_nothing(), "what controllers fill in is no drift");
}
