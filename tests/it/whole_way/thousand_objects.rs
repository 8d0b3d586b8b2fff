//! A thousand objects come, stay without a write, change one by one and go by the dozen.

use crate::support::audit::{Audit, Request};
use crate::support::cluster::TestCluster;
use crate::support::site::{TestSite, config_map};
use standfast::model::OWNER_LABEL;

const COUNT: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_objects() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("thousand").await;
    let site = TestSite::new(cluster, "thousand");
    site.fleet("- {name: many, path: apps/many}");
    for file in 0..10 {
        let maps = (0..COUNT / 10).map(|n| config_map(&namespace, &format!("map-{file}-{n:03}"), "1"));
        site.repo.write(&format!("apps/many/{file}.yaml"), maps.collect::<Vec<_>>().join("---\n"));
    }
    site.commit("first");
    assert_eq!(site.pass().await.created.len(), COUNT);
    assert_eq!(site.application("many").objects, COUNT);

    let owner = site.config_map(&namespace, "map-0-000").await.label(OWNER_LABEL).unwrap().to_owned();
    let mut audit = Audit::begin(cluster, &namespace).await;
    let changed = site.pass().await;
    assert!(changed.is_nothing() && changed.unchanged == COUNT, "{changed:?}");
    let requests = audit.take(&owner).await;
    assert!(requests.iter().all(Request::is_read), "{requests:#?}");
    assert!(requests.len() < 100, "{} requests where pages of a list would do", requests.len());

    let file = "apps/many/3.yaml";
    let text = std::fs::read_to_string(site.repo.work_tree().join(file)).unwrap();
    let one = config_map(&namespace, "map-3-050", "1");
    site.repo.write(file, text.replace(&one, &config_map(&namespace, "map-3-050", "2")));
    site.commit("second");
    assert_eq!(site.pass().await.configured, [format!("ConfigMap {namespace}/map-3-050")]);

    site.repo.remove("apps/many/7.yaml");
    site.commit("third");
    let changed = site.pass().await;
    assert_eq!((changed.deleted.len(), changed.unchanged), (COUNT / 10, COUNT - COUNT / 10));
}
