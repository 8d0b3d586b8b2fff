//! An API server that is not there, or not yet, is waited for; nothing is lost by it.

use crate::support::cluster::TestCluster;
use crate::support::site::{TestSite, api_server, config_map};
use crate::whole_way::revision;
use std::fs;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_that_is_written_later_and_another_time() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("away").await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("k3s.yaml");
    let site = TestSite::on(Arc::new(api_server(&kubeconfig)), "away");
    site.repo.write("a.yaml", config_map(&namespace, "a", "1"));
    let first = site.commit("first");
    // The revision is proven and accepted without a cluster.
    site.fail().await.only("KubeconfigMissing", &["k3s.yaml", "is k3s started?"]);
    let revisions = site.status().revision;
    assert_eq!((revisions.accepted, revisions.last_good), (revision(&first), None));

    let real = fs::read_to_string(cluster.kubeconfig()).unwrap();
    fs::write(&kubeconfig, &real).unwrap();
    assert_eq!(site.pass().await.created, [format!("ConfigMap {namespace}/a")]);

    // The server goes away, here to another port, and a new revision comes meanwhile.
    let server = real.lines().find_map(|line| line.trim().strip_prefix("server: ")).unwrap();
    fs::write(&kubeconfig, real.replace(server, "https://127.0.0.1:1")).unwrap();
    site.repo.write("a.yaml", config_map(&namespace, "a", "2"));
    let second = site.commit("second");
    site.fail().await.only("ClusterUnreachable", &["127.0.0.1:1"]);
    let revisions = site.status().revision;
    assert_eq!((revisions.accepted, revisions.last_good), (revision(&second), revision(&first)));

    fs::write(&kubeconfig, &real).unwrap();
    assert_eq!(site.pass().await.configured, [format!("ConfigMap {namespace}/a")]);
    assert_eq!(site.status().revision.last_good, revision(&second));
}
