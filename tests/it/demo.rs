//! The demo tells its story to the end, on both kinds of cluster, and leaves nothing behind.

use crate::support::cluster::TestCluster;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::DeleteParams;
use standfast::oneshot::demo::{Error, Line, Place, run};
use std::cell::RefCell;
use std::future::pending;
use tokio::sync::Notify;

/// The chapter that begins when the site is steady for the first time.
const STEADY: &str = "Alice changes one line: two tills instead of one";

/// Runs the demo, and answers with how it ended and what it told. Its temporary folder must be gone.
async fn show(
    place: Place,
    hear: impl Fn(&Line),
    stop: impl Future<Output = ()>,
) -> (Result<(), Error>, Vec<Line>) {
    let temporary = tempfile::tempdir().unwrap();
    let told = RefCell::new(Vec::new());
    let tell = |line: Line| {
        hear(&line);
        told.borrow_mut().push(line);
    };
    let ended = run(place, temporary.path(), tell, stop).await;
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    (ended, told.into_inner())
}

fn in_namespace(cluster: &TestCluster, namespace: &str) -> Place {
    Place::Cluster { kubeconfig: cluster.kubeconfig().to_owned(), namespace: namespace.to_owned() }
}

async fn is_there(cluster: &TestCluster, namespace: &str) -> bool {
    Api::<Namespace>::all(cluster.client().await).get_opt(namespace).await.unwrap().is_some()
}

fn is_chapter(line: &Line, title: &str) -> bool {
    matches!(line, Line::Chapter(text) if text == title)
}

/// Whether all that the issue asks for was told.
fn check_whole(ended: &Result<(), Error>, told: &[Line]) {
    assert!(ended.is_ok(), "{ended:?}: {told:#?}");
    let good = |words: &str| {
        told.iter().filter(|line| matches!(line, Line::Good(text) if text.contains(words))).count()
    };
    assert_eq!(good("proven: commit"), 3, "{told:#?}");
    assert_eq!(good("applied: 12 objects"), 1, "{told:#?}");
    assert_eq!(good("not one write to the other 11"), 1, "{told:#?}");
    assert_eq!(good("pruned: CronJob.batch"), 1, "{told:#?}");
    assert_eq!(good("7 tills are 2 again"), 1, "{told:#?}");
    assert_eq!(good("it was kubectl-edit who changed spec.replicas"), 1, "{told:#?}");
    assert_eq!(good("till is back in"), 2, "{told:#?}");
    assert_eq!(good("9 tills are 2 again"), 1, "{told:#?}");
    assert_eq!(good("last-good runs, with no mirror to ask"), 1, "{told:#?}");
    assert_eq!(good("nothing had to be unlocked"), 1, "{told:#?}");
    assert_eq!(good("stands still while registry.invalid/till:2 is pulled"), 1, "{told:#?}");
    let refused: Vec<_> = told.iter().filter(|line| matches!(line, Line::Refused(_))).collect();
    let words = [
        "it is not signed",
        "no allowed signer has its key",
        "does not descend",
        "it is older than",
        "in quarantine: Pod",
    ];
    assert_eq!(refused.len(), words.len(), "{told:#?}");
    for (line, words) in refused.iter().zip(words) {
        assert!(matches!(line, Line::Refused(text) if text.contains(words)), "{line:?}");
    }
    assert!(told.iter().any(|line| is_chapter(line, "That was all")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_on_a_cluster_in_memory() {
    let (ended, told) = show(Place::Memory, |_| {}, pending()).await;
    check_whole(&ended, &told);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_on_a_real_cluster() {
    let Some(cluster) = TestCluster::shared() else { return };
    let (ended, told) = show(in_namespace(cluster, "demo-told"), |_| {}, pending()).await;
    check_whole(&ended, &told);
    assert!(!is_there(cluster, "demo-told").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_demo_tidies_up() {
    let Some(cluster) = TestCluster::shared() else { return };
    let interrupt = Notify::new();
    let hear = |line: &Line| {
        if is_chapter(line, STEADY) {
            interrupt.notify_one();
        }
    };
    let (ended, told) = show(in_namespace(cluster, "demo-interrupted"), hear, interrupt.notified()).await;
    assert!(matches!(ended, Err(Error::Interrupted)), "{ended:?}");
    assert!(told.iter().any(|line| is_chapter(line, "Tidying up")), "{told:#?}");
    assert!(!is_there(cluster, "demo-interrupted").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_happen_is_not_told() {
    let Some(cluster) = TestCluster::shared() else { return };
    let hear = |line: &Line| {
        if is_chapter(line, STEADY) {
            delete_prices(cluster, "demo-disturbed");
        }
    };
    let (ended, told) = show(in_namespace(cluster, "demo-disturbed"), hear, pending()).await;
    let Err(Error::NotAsTold { claim, happened }) = &ended else { panic!("{ended:?}") };
    assert_eq!(*claim, "only the till is written");
    assert!(happened.contains("created ConfigMap demo-disturbed/prices"), "{happened}");
    assert!(
        !told.iter().any(|line| matches!(line, Line::Refused(_)) || is_chapter(line, "That was all")),
        "{told:#?}"
    );
    assert!(!is_there(cluster, "demo-disturbed").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_there_is_left_alone() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("demo-taken").await;
    let (ended, told) = show(in_namespace(cluster, &namespace), |_| {}, pending()).await;
    assert!(matches!(&ended, Err(Error::Taken { namespace: taken }) if *taken == namespace), "{ended:?}");
    assert!(told.is_empty(), "{told:#?}");
    assert!(is_there(cluster, &namespace).await);
}

/// What somebody else does between two passes, on a thread of its own, for the demo's must not go on meanwhile.
fn delete_prices(cluster: &TestCluster, namespace: &str) {
    let delete = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let maps: Api<ConfigMap> = Api::namespaced(cluster.client().await, namespace);
            maps.delete("prices", &DeleteParams::default()).await.unwrap();
        });
    };
    std::thread::scope(|scope| scope.spawn(delete).join().unwrap());
}
