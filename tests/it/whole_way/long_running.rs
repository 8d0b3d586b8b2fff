//! One agent over many passes, as the daemon is: nothing of a pass gets in the way of the next.

use crate::support::cluster::TestCluster;
use crate::support::git::Key;
use crate::support::hand::Hand;
use crate::support::site::{Changed, TestSite, config_map};
use crate::whole_way::revision;
use serde_json::json;
use standfast::agent::{Agent, Ending, Stay};
use standfast::model::SitePhase;
use std::time::Duration;

async fn pass(site: &TestSite, agent: &mut Agent) -> Changed {
    let ending = agent.once().await;
    let moments = site.told.take();
    assert_eq!(ending, Ending::Done, "{moments:#?}");
    Changed::of(&moments)
}

async fn fail(site: &TestSite, agent: &mut Agent, reason: &str) {
    let ending = agent.once().await;
    let Ending::Failed(troubles) = &ending else { panic!("{:#?}", site.told.take()) };
    assert!(troubles.iter().all(|trouble| trouble.reason == reason), "{ending:#?}");
    site.told.take();
}

#[tokio::test(flavor = "multi_thread")]
async fn good_and_bad_revisions_follow_each_other() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("long").await;
    let site = TestSite::new(cluster, "long");
    let hand = Hand::of(cluster, "kubectl").await;
    let kind = ("v1", "ConfigMap");
    let both = "- {name: one, path: apps/one}\n- {name: two, path: apps/two}";
    site.fleet(both)
        .repo
        .write("apps/one/a.yaml", config_map(&namespace, "a", "1"))
        .write("apps/two/b.yaml", config_map(&namespace, "b", "1"));
    site.commit("first");
    let mut agent = site.boot();
    assert_eq!(pass(&site, &mut agent).await.created.len(), 2);
    assert!(pass(&site, &mut agent).await.is_nothing());

    hand.edit(kind, Some(&namespace), "a", json!({"data": {"key": "theirs"}})).await;
    assert_eq!(pass(&site, &mut agent).await.healed, [format!("ConfigMap {namespace}/a")]);

    site.repo.write("apps/one/a.yaml", "a: [");
    site.commit("broken");
    fail(&site, &mut agent, "RenderFailed").await;
    hand.edit(kind, Some(&namespace), "b", json!({"data": {"key": "theirs"}})).await;
    fail(&site, &mut agent, "RenderFailed").await;
    assert_eq!(site.value(&namespace, "b").await.unwrap(), "1", "last-good is healed");
    assert_eq!(site.status().phase, SitePhase::Held);

    hand.config_map(&namespace, "c", "theirs").await;
    site.repo
        .write("apps/one/a.yaml", config_map(&namespace, "a", "2"))
        .write("apps/two/c.yaml", config_map(&namespace, "c", "1"));
    let third = site.commit("one application is held");
    fail(&site, &mut agent, "AdoptionRefused").await;
    assert_eq!(site.value(&namespace, "a").await.unwrap(), "2");
    hand.delete(kind, Some(&namespace), "c").await;
    assert_eq!(pass(&site, &mut agent).await.created, [format!("ConfigMap {namespace}/c")]);
    assert_eq!(site.status().revision.last_good, revision(&third));

    site.repo.write("apps/one/a.yaml", config_map(&namespace, "a", "3"));
    site.repo.commit_signed("by a stranger", &Key::generate("mallory"));
    fail(&site, &mut agent, "UnknownKey").await;
    site.repo.reset(&third);
    assert!(pass(&site, &mut agent).await.is_nothing());
    assert_eq!(site.status().phase, SitePhase::Steady);

    site.fleet("- {name: two, path: apps/two}");
    site.commit("one leaves");
    assert_eq!(pass(&site, &mut agent).await.deleted, [format!("ConfigMap {namespace}/a")]);
    site.fleet(both);
    let last = site.commit("and comes back");
    assert_eq!(pass(&site, &mut agent).await.created, [format!("ConfigMap {namespace}/a")]);
    assert!(pass(&site, &mut agent).await.is_nothing());

    // And what another boot finds is the same.
    drop(agent);
    assert!(site.pass().await.is_nothing());
    assert_eq!(site.status().revision.last_good, revision(&last));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_takes_news_by_itself_and_ends_when_it_is_told() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("daemon").await;
    let mut site = TestSite::new(cluster, "daemon");
    site.poll = Duration::from_secs(1);
    site.stay = Stay::Forever;
    site.fleet_with("defaults: {health: {quiet: 0s}}", "- {name: one, path: apps/one}");
    let served = site.serve();
    for value in ["1", "2", "3"] {
        site.repo.write("apps/one/a.yaml", config_map(&namespace, "a", value));
        let commit = site.commit(value);
        let is_there =
            || site.told.last().is_some_and(|status| status.revision.last_good == revision(&commit));
        let began = std::time::Instant::now();
        while !is_there() {
            assert!(began.elapsed() < Duration::from_secs(60), "{:#?}", site.told.take());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(site.value(&namespace, "a").await.unwrap(), value);
    }
    served.stop().await;
    site.told.take();
    site.stay = Stay::Once;
    assert!(site.pass().await.is_nothing(), "its store is free, and whole");
}
