//! What is not built yet is refused by its path, never ignored and never applied as plain YAML; last-good stays and is healed.

use crate::support::site::{TestSite, config_map};
use crate::whole_way::revision;
use standfast::cluster::MemoryCluster;
use standfast::model::SitePhase;
use std::sync::Arc;

const GOOD: &str = "- {name: one, path: apps/one}";

#[tokio::test(flavor = "multi_thread")]
async fn each_by_its_path() {
    let cluster = MemoryCluster::new();
    let site = TestSite::on(Arc::new(cluster.clone()), "emea/not-yet");
    site.fleet(GOOD).repo.write("apps/one/a.yaml", config_map("default", "a", "1"));
    let first = site.commit("first");
    site.pass().await;
    let check = async |what: &str, path: &str| {
        let commit = site.commit(what);
        cluster.foreign_delete(&site.config_map("default", "a").await.key());
        let failed = site.fail().await;
        failed.only("NotYet", &[path]);
        assert_eq!(failed.changed.created, ["ConfigMap default/a"], "{what}");
        assert_eq!(site.value("default", "a").await.unwrap(), "1", "{what}");
        assert_eq!(site.value("default", "b").await, None, "{what}");
        let status = site.status();
        assert_eq!(
            (status.phase, status.reason.unwrap().code.as_str()),
            (SitePhase::Held, "NotYet"),
            "{what}"
        );
        assert_eq!(status.revision.accepted, revision(&commit), "{what}");
        assert_eq!(status.revision.last_good, revision(&first), "{what}");
    };
    let b = config_map("default", "b", "1");
    site.repo.write("apps/one/b.yaml", b);
    for (file, path) in [
        ("apps/one/kustomization.yaml", "apps/one/kustomization.yaml"),
        ("apps/one/deep/Kustomization", "apps/one/deep/Kustomization"),
        ("apps/one/Chart.yaml", "apps/one/Chart.yaml"),
        ("trust/policy.yaml", "trust"),
        ("trust/allowed_signers", "trust"),
        ("policies/a.yaml", "policies"),
        ("images.yaml", "images.yaml"),
    ] {
        site.repo.write(file, "resources: [a.yaml]\n");
        check(file, path).await;
        site.repo.remove(file);
    }
    for fields in ["rings: [a]", "windows: [a]", "include: [a]", "trust: {maxAge: 1h}"] {
        site.fleet_with(fields, GOOD);
        check(fields, "fleet.yaml").await;
    }
    for fields in [
        "substituteFrom: [{file: a}]",
        "serviceAccount: a",
        "adopt: ifEqual",
        "adopt: always",
        "ignore: []",
        "windows: []",
        "rings: []",
    ] {
        site.fleet(&GOOD.replace('}', &format!(", {fields}}}")));
        check(fields, "fleet.yaml").await;
    }
    site.fleet(GOOD);
    let document =
        "apiVersion: standfast.dev/v1alpha1\nkind: Site\nmetadata: {name: emea/not-yet}\nstate: retired\n";
    site.repo.write("sites/emea/not-yet.yaml", document);
    check("a retired site", "sites/emea/not-yet.yaml").await;

    site.repo.remove("sites/emea/not-yet.yaml");
    site.commit("nothing of it is left");
    assert_eq!(site.pass().await.created, ["ConfigMap default/b"]);
}
