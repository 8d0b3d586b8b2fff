//! What a pass asks of the API server: nothing but lists where nothing changed, one dry-run and one apply for an object that did.

use crate::support::audit::{Audit, Request};
use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{TestSite, config_map};
use serde_json::json;
use standfast::model::OWNER_LABEL;

fn writes(requests: &[Request]) -> Vec<String> {
    let words = |request: &Request| {
        format!("{}{} {}", request.verb, if request.is_dry_run { " dry-run" } else { "" }, request.name)
    };
    requests.iter().filter(|request| !request.is_read()).map(words).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("requests").await;
    let site = TestSite::new(cluster, "requests");
    for name in ["a", "b", "c", "d", "e"] {
        site.repo.write(&format!("{name}.yaml"), config_map(&namespace, name, "1"));
    }
    site.commit("first");
    let mut audit = Audit::begin(cluster, &namespace).await;
    site.pass().await;
    let label = site.config_map(&namespace, "a").await.label(OWNER_LABEL).unwrap().to_owned();
    let mut made = writes(&audit.take(&label).await);
    made.sort();
    assert_eq!(
        made,
        ["patch a", "patch b", "patch c", "patch d", "patch e"],
        "what is not there needs no dry-run"
    );

    site.pass().await;
    let requests = audit.take(&label).await;
    assert_eq!(writes(&requests), [""; 0]);
    let lists = requests.iter().filter(|request| request.verb == "list").count();
    assert!(lists == 1 && requests.len() <= 2, "{requests:#?}");

    site.repo.write("b.yaml", config_map(&namespace, "b", "2"));
    site.commit("second");
    site.pass().await;
    assert_eq!(writes(&audit.take(&label).await), ["patch dry-run b", "patch b"]);

    // The same object in other words: what the server judges to be no change is not written, and not asked about again.
    site.repo.write(
        "b.yaml",
        config_map(&namespace, "b", "2")
            .replace("data: {key: \"2\"}", "data:\n  'key': '2'\nimmutable: null"),
    );
    site.commit("third");
    site.pass().await;
    let asked = writes(&audit.take(&label).await);
    assert!(asked.is_empty() || asked == ["patch dry-run b"], "{asked:?}");
    site.pass().await;
    assert_eq!(writes(&audit.take(&label).await), [""; 0]);

    let hand = Hand::of(cluster, "kubectl").await;
    hand.edit(("v1", "ConfigMap"), Some(&namespace), "c", json!({"data": {"key": "theirs"}})).await;
    audit.take(&label).await;
    site.pass().await;
    assert_eq!(writes(&audit.take(&label).await), ["patch c"], "drift needs no dry-run: the baseline knows");

    site.repo.remove("d.yaml");
    site.commit("fourth");
    site.pass().await;
    let mut asked = writes(&audit.take(&label).await);
    asked.dedup();
    assert_eq!(asked, ["delete d"]);

    let planned = site.plan().await.unwrap();
    assert_eq!(writes(&audit.take(&label).await), [""; 0], "{planned:?}");
}
