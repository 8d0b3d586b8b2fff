//! An object that stands anywhere in the new desired set stays the same object: moving it changes an annotation and nothing else.

use crate::support::cluster::TestCluster;
use crate::support::site::{TestSite, config_map};
use standfast::model::{APPLICATION_ANNOTATION, OWNER_LABEL};

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_moves_is_neither_deleted_nor_made_anew() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("moved").await;
    let site = TestSite::new(cluster, "moved");
    let moving = config_map(&namespace, "moving", "1");
    site.fleet("- {name: from, path: apps/from}\n- {name: to, path: apps/to}")
        .repo
        .write("apps/from/moving.yaml", &moving)
        .write("apps/from/stays.yaml", config_map(&namespace, "stays", "1"))
        .write("apps/to/there.yaml", config_map(&namespace, "there", "1"));
    site.commit("first");
    site.pass().await;
    let uid = site.config_map(&namespace, "moving").await.uid().to_owned();
    let key = format!("ConfigMap {namespace}/moving");
    let check = async |expected: &[String], application: &str| {
        let changed = site.pass().await;
        assert_eq!((&changed.configured[..], changed.deleted.len(), changed.created.len()), (expected, 0, 0));
        let live = site.config_map(&namespace, "moving").await;
        assert_eq!((live.uid(), live.annotation(APPLICATION_ANNOTATION)), (uid.as_str(), Some(application)));
        assert!(site.pass().await.is_nothing());
    };

    site.repo.remove("apps/from/moving.yaml").write("apps/to/moving.yaml", &moving);
    site.commit("to another application");
    check(std::slice::from_ref(&key), "to").await;

    site.repo.remove("apps/to/moving.yaml").write("apps/to/deeper/down.yaml", &moving);
    site.commit("to another file");
    check(&[], "to").await;

    site.fleet("- {name: from, path: apps/from}\n- {name: renamed, path: apps/to}");
    site.commit("its application gets another name");
    check(&[key.clone(), format!("ConfigMap {namespace}/there")], "renamed").await;

    site.repo.git(&["mv", "apps/to", "apps/elsewhere"]);
    site.fleet("- {name: from, path: apps/from}\n- {name: renamed, path: apps/elsewhere}");
    site.commit("and another path");
    check(&[], "renamed").await;

    // It stays though the application that it moves out of leaves the fleet in the same commit.
    site.repo.git(&["mv", "apps/elsewhere/deeper/down.yaml", "apps/from/moving.yaml"]);
    site.repo.git(&["mv", "apps/elsewhere/there.yaml", "apps/from/there.yaml"]);
    site.fleet("- {name: from, path: apps/from}");
    site.commit("both into one");
    check(&[key, format!("ConfigMap {namespace}/there")], "from").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_of_a_kind_is_the_same_object() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("moved-version").await;
    let site = TestSite::new(cluster, "moved-version");
    let scaler = |version: &str, metrics: &str| {
        format!(
            "apiVersion: autoscaling/{version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web, namespace: {namespace}}}\n\
             spec: {{maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}, {metrics}}}\n"
        )
    };
    let two = "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]";
    site.repo.write("a.yaml", scaler("v1", "targetCPUUtilizationPercentage: 70"));
    site.commit("first");
    site.pass().await;
    let uid = site
        .get("autoscaling/v2", "HorizontalPodAutoscaler", Some(&namespace), "web")
        .await
        .unwrap()
        .uid()
        .to_owned();
    site.repo.write("a.yaml", scaler("v2", two));
    site.commit("second");
    let changed = site.pass().await;
    assert_eq!((changed.created.len(), changed.deleted.len()), (0, 0), "{changed:?}");
    let live = site.get("autoscaling/v2", "HorizontalPodAutoscaler", Some(&namespace), "web").await.unwrap();
    assert_eq!(live.uid(), uid);
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_in_two_applications_is_refused_and_stays_as_it_is() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("moved-twice").await;
    let site = TestSite::new(cluster, "moved-twice");
    site.fleet("- {name: one, path: apps/one}\n- {name: two, path: apps/two}")
        .repo
        .write("apps/one/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/two/b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    site.pass().await;
    site.repo.write("apps/two/a.yaml", config_map(&namespace, "a", "2"));
    site.commit("second");
    site.fail().await.holds("DuplicateObject", &[&format!("ConfigMap {namespace}/a"), "one", "two"]);
    assert_eq!(site.value(&namespace, "a").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_is_renamed_keeps_its_objects() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("renamed").await;
    let site = TestSite::new(cluster, "renamed");
    site.fleet("- {name: one, path: apps/one}")
        .repo
        .write("apps/one/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/one/b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    site.pass().await;
    let before = site.config_map(&namespace, "a").await;
    let fleet = std::fs::read_to_string(site.repo.work_tree().join("fleet.yaml")).unwrap();
    site.repo.write("fleet.yaml", fleet.replace("name: renamed", "name: another-name"));
    site.commit("another name");
    let changed = site.pass().await;
    assert_eq!((changed.configured.len(), changed.created.len(), changed.deleted.len()), (2, 0, 0));
    let after = site.config_map(&namespace, "a").await;
    assert_eq!(after.uid(), before.uid());
    assert_ne!(after.label(OWNER_LABEL), before.label(OWNER_LABEL));
    site.repo.remove("apps/one/b.yaml");
    site.commit("and goes on from there");
    assert_eq!(site.pass().await.deleted, [format!("ConfigMap {namespace}/b")]);
    assert!(site.pass().await.is_nothing());
}
