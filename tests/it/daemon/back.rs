//! A bad revision undoes itself, with the link down; a slow one does not look like a bad one.

use crate::support::cluster::TestCluster;
use crate::support::hand::Hand;
use crate::support::site::{Served, TestSite, config_map, deployment};
use crate::support::tls::Answer;
use standfast::agent::Stay;
use standfast::model::{ApplicationPhase, Live, Request, SiteStatus};

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

/// A site whose application `app` has little time.
pub(super) fn hasty(cluster: &'static TestCluster, name: &str) -> TestSite {
    let mut site = TestSite::new(cluster, name);
    site.stay = Stay::Forever;
    site.fleet_with("defaults: {health: {deadline: 8s, quiet: 0s}}", "- {name: app, path: apps/app}");
    site
}

/// Commits, lets the site take it, and cuts the link before anything can be judged.
pub(super) async fn release(site: &TestSite, served: &Served, message: &str) -> String {
    let commit = site.commit(message);
    site.server.set(|options| options.answer = Answer::Git);
    served.order(Request::Sync).await;
    site.until("the new revision", |status| {
        status.revision.applied.as_deref().is_some_and(|revision| revision.ends_with(&commit))
    })
    .await;
    site.server.set(|options| options.answer = Answer::Status(503));
    commit
}

pub(super) fn app(status: &SiteStatus) -> &standfast::model::status::ApplicationStatus {
    status.applications.iter().find(|one| one.name == "app").unwrap()
}

fn annotation(live: &Live) -> &str {
    live.value["spec"]["template"]["metadata"]["annotations"]["testcluster/pod"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop_goes_back_offline_is_not_run_again_and_a_fix_goes_through() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("back-crash").await;
    let site = hasty(cluster, "back-crash");
    let hand = Hand::of(cluster, "person").await;
    site.repo
        .write("apps/app/web.yaml", deployment(&namespace, "web", "run"))
        .write("apps/app/map.yaml", config_map(&namespace, "map", "1"))
        .write("apps/app/dropped.yaml", config_map(&namespace, "dropped", "1"));
    let good = site.commit("good");
    let served = site.serve();
    site.until_last_good(&good).await;

    site.repo
        .write("apps/app/web.yaml", deployment(&namespace, "web", "crash-loop"))
        .write("apps/app/map.yaml", config_map(&namespace, "map", "2"))
        .write("apps/app/new.yaml", config_map(&namespace, "new", "2"))
        .remove("apps/app/dropped.yaml");
    let bad = release(&site, &served, "bad").await;
    let status = site
        .until("last-good again", |status| {
            app(status).quarantined.is_some() && app(status).phase == ApplicationPhase::Steady
        })
        .await;
    let quarantined = app(&status).quarantined.clone().unwrap();
    assert!(quarantined.contains("crashes again and again"), "{quarantined}");
    assert!(app(&status).revision.as_ref().unwrap().ends_with(&good));
    assert!(status.revision.accepted.as_ref().unwrap().ends_with(&bad), "the floor stays");
    let web = site.get("apps/v1", "Deployment", Some(&namespace), "web").await.unwrap();
    assert_eq!(annotation(&web), "run");
    assert_eq!(site.value(&namespace, "map").await.as_deref(), Some("1"));
    assert_eq!(site.value(&namespace, "dropped").await.as_deref(), Some("1"), "prune comes after health");
    site.until("what only the failed revision had is gone", |_| true).await;
    let gone = |names: Vec<serde_json::Value>| !names.iter().any(|one| one["metadata"]["name"] == "new");
    for _ in 0..600 {
        if gone(hand.list(("v1", "ConfigMap"), Some(&namespace)).await) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(gone(hand.list(("v1", "ConfigMap"), Some(&namespace)).await));

    // An unrelated commit does not run it again.
    site.repo.write("README", "unrelated");
    release(&site, &served, "unrelated").await;
    let status = site.until("steady", |status| app(status).phase == ApplicationPhase::Steady).await;
    assert!(app(&status).quarantined.is_some());
    let web = site.get("apps/v1", "Deployment", Some(&namespace), "web").await.unwrap();
    assert_eq!(annotation(&web), "run");

    // A fix goes through at once.
    site.repo
        .write("apps/app/web.yaml", deployment(&namespace, "web", "run"))
        .write("apps/app/map.yaml", config_map(&namespace, "map", "3"));
    let fixed = release(&site, &served, "fixed").await;
    let status = site.until_last_good(&fixed).await;
    assert_eq!(app(&status).quarantined, None);
    hand.until(DEPLOYMENT, &namespace, "web", |live| annotation(live) == "run").await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_waits_for_its_image_is_no_reason_to_go_back() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("back-image").await;
    let site = hasty(cluster, "back-image");
    site.repo.write("apps/app/web.yaml", deployment(&namespace, "web", "run"));
    let good = site.commit("good");
    let served = site.serve();
    site.until_last_good(&good).await;
    site.repo.write("apps/app/web.yaml", deployment(&namespace, "web", "image-pull"));
    release(&site, &served, "slow").await;
    let waits = |status: &SiteStatus| {
        app(status)
            .reason
            .as_ref()
            .is_some_and(|reason| reason.code == "Waiting" && reason.message.contains("image"))
    };
    site.until("it says what it waits for", waits).await;
    // Three times the deadline.
    tokio::time::sleep(std::time::Duration::from_secs(24)).await;
    let status = site.told.last().unwrap();
    assert!(waits(&status), "{status:#?}");
    assert_eq!((app(&status).phase, app(&status).quarantined.as_ref()), (ApplicationPhase::Settling, None));
    served.stop().await;
}
