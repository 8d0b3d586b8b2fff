//! Two hundred objects that provoke what servers do to manifests: nothing is written the second time, nor later.

use crate::support::audit::Audit;
use crate::support::cluster::TestCluster;
use crate::support::site::{Changed, TestSite};
use standfast::agent::Ending;
use standfast::agent::Stay;
use std::fs;
use std::path::Path;

/// Stands for `fixtures` in all names.
const WORD: &str = "unchanging";

#[tokio::test(flavor = "multi_thread")]
async fn the_fixtures_are_written_once() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("unchanged").await;
    let mut site = TestSite::new(cluster, "unchanged");
    site.stay = Stay::Once;
    site.fleet("- {name: all, path: apps/all}");
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fixtures")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".yaml") {
            let text = fs::read_to_string(&path).unwrap().replace("fixtures", WORD);
            site.repo.write(&format!("apps/all/{name}"), text);
        }
    }
    site.commit("first");
    let mut audit = Audit::begin(cluster, &namespace).await;
    assert_eq!(site.once().await, Ending::Done, "{:#?}", site.told.take());
    let created = Changed::of(&site.told.take()).created.len();
    assert!(created >= 180, "{created} objects");

    audit.take(WORD).await;
    // While controllers are at work, and after.
    for round in 0..12 {
        assert_eq!(site.once().await, Ending::Done, "{:#?}", site.told.take());
        let moments = site.told.take();
        let changed = Changed::of(&moments);
        assert!(changed.is_nothing(), "round {round}: {changed:#?}");
        assert_eq!(changed.unchanged, created);
        let asked = audit.take(WORD).await;
        let ours: Vec<_> = asked.iter().filter(|request| !request.is_read()).collect();
        assert!(ours.is_empty(), "round {round}: {ours:#?}");
    }
}
