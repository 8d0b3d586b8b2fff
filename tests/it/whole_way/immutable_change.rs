//! A field that cannot be changed: refused with the way out, or made anew where the application says so.

use crate::support::cluster::TestCluster;
use crate::support::site::{TestSite, config_map};
use standfast::model::ApplicationPhase;

fn job(namespace: &str, image: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job, namespace: {namespace}}}\nspec:\n  template:\n    \
         metadata: {{annotations: {{testcluster/pod: succeed}}}}\n    \
         spec: {{restartPolicy: Never, containers: [{{name: main, image: \"example.com/main:{image}\"}}]}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_refused_with_the_way_out_and_made_anew_where_that_is_taken() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("immutable").await;
    let site = TestSite::new(cluster, "immutable");
    site.fleet("- {name: work, path: apps/work}\n- {name: other, path: apps/other}")
        .repo
        .write("apps/work/job.yaml", job(&namespace, "1"))
        .write("apps/other/a.yaml", config_map(&namespace, "a", "1"));
    site.commit("first");
    site.pass().await;
    let uid =
        || async { site.get("batch/v1", "Job", Some(&namespace), "job").await.unwrap().uid().to_owned() };
    let first = uid().await;

    site.repo
        .write("apps/work/job.yaml", job(&namespace, "2"))
        .write("apps/other/a.yaml", config_map(&namespace, "a", "2"));
    site.commit("second");
    let failed = site.fail().await;
    failed.only(
        "ImmutableField",
        &["application work", &format!("Job.batch {namespace}/job"), "list Job under `recreate`"],
    );
    assert_eq!(failed.changed.configured, [format!("ConfigMap {namespace}/a")]);
    assert_eq!((uid().await, site.application("work").phase), (first.clone(), ApplicationPhase::Held));

    site.fleet("- {name: work, path: apps/work, recreate: [Job]}\n- {name: other, path: apps/other}");
    site.commit("third");
    assert_eq!(site.pass().await.recreated, [format!("Job.batch {namespace}/job")]);
    assert_ne!(uid().await, first);
    let live = site.get("batch/v1", "Job", Some(&namespace), "job").await.unwrap();
    assert_eq!(live.value["spec"]["template"]["spec"]["containers"][0]["image"], "example.com/main:2");
    assert!(site.pass().await.is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_known_for_every_kind_that_has_such_fields() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("immutable-kinds").await;
    let site = TestSite::new(cluster, "immutable-kinds");
    let meta = |name: &str| format!("metadata: {{name: {name}, namespace: {namespace}}}");
    let all = [
        (
            "map",
            format!(
                "apiVersion: v1\nkind: ConfigMap\n{}\nimmutable: true\ndata: {{key: one}}\n",
                meta("map")
            ),
        ),
        (
            "secret",
            format!(
                "apiVersion: v1\nkind: Secret\n{}\nimmutable: true\nstringData: {{key: one}}\n",
                meta("secret")
            ),
        ),
        ("web", crate::support::site::deployment(&namespace, "web", "run")),
        (
            "service",
            format!(
                "apiVersion: v1\nkind: Service\n{}\nspec: {{clusterIP: 10.43.77.1, ports: [{{port: 80}}]}}\n",
                meta("service")
            ),
        ),
        (
            "binding",
            format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n{}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: one}}\n",
                meta("binding")
            ),
        ),
    ];
    let fleet: Vec<_> =
        all.iter().map(|(name, _)| format!("- {{name: {name}, path: apps/{name}}}")).collect();
    site.fleet(&fleet.join("\n"));
    all.iter().for_each(|(name, text)| {
        site.repo.write(&format!("apps/{name}/a.yaml"), text);
    });
    site.commit("first");
    site.pass().await;
    for (name, text) in &all {
        let changed = text.replace("one", "two").replace("{app: web}", "{app: web2}").replace("77.1", "77.2");
        site.repo.write(&format!("apps/{name}/a.yaml"), changed);
    }
    site.commit("second");
    let failed = site.fail().await;
    assert_eq!(failed.troubles.len(), all.len(), "{:#?}", failed.troubles);
    for (name, _) in &all {
        failed.holds("ImmutableField", &[&format!("application {name}")]);
    }
}
