//! What every source promises, held against the fake and the real one alike.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, files, ids, mirror, paths, proven, want};
use crate::support::tls::{Answer, GitServer, Options};
use standfast::model::{ChainEnd, Classify, ErrorClass, RepoPath, Revision};
use standfast::source::fake::{FakeSource, Repository};
use standfast::source::{Error, Source};
use standfast::trust::Verified;

/// A repository that some mirror offers, and one site that follows it.
trait Fleet {
    fn commit(&self, files: &[(&str, &str)]) -> String;
    fn reset(&self, commit: &str);
    fn set_offline(&self, offline: bool);
    fn source(&self) -> &dyn Source;
    fn proven(&self, commit: &str) -> Verified<Revision>;
}

struct Fake {
    repository: Repository,
    source: FakeSource,
}

struct Real {
    repo: Repo,
    server: GitServer,
    site: SiteSource,
}

impl Fleet for Fake {
    fn commit(&self, files: &[(&str, &str)]) -> String {
        self.repository.commit(files).to_string()
    }
    fn reset(&self, commit: &str) {
        self.repository.reset(&commit.parse().unwrap());
    }
    fn set_offline(&self, offline: bool) {
        self.repository.set_offline(offline);
    }
    fn source(&self) -> &dyn Source {
        &self.source
    }
    fn proven(&self, commit: &str) -> Verified<Revision> {
        self.repository.proven(&commit.parse().unwrap())
    }
}

impl Fleet for Real {
    fn commit(&self, files: &[(&str, &str)]) -> String {
        std::fs::remove_dir_all(self.repo.work_tree()).unwrap();
        std::fs::create_dir(self.repo.work_tree()).unwrap();
        for (path, content) in files {
            self.repo.write(path, content);
        }
        self.repo.commit("change")
    }
    fn reset(&self, commit: &str) {
        self.repo.reset(commit);
    }
    fn set_offline(&self, offline: bool) {
        self.server.set(|options| options.answer = if offline { Answer::Status(503) } else { Answer::Git });
    }
    fn source(&self) -> &dyn Source {
        &self.site.git
    }
    fn proven(&self, commit: &str) -> Verified<Revision> {
        proven(&self.repo, commit)
    }
}

/// Runs a case on the fake, on a server that filters, and on one that does not.
async fn check(case: impl AsyncFn(&dyn Fleet)) {
    let repository = Repository::new();
    let source = repository.source();
    case(&Fake { repository, source }).await;
    for filter in [true, false] {
        let repo = Repo::init();
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        case(&Real { repo, server, site }).await;
    }
}

/// A fleet of two applications.
const TWO: [(&str, &str); 3] = [("apps/a/x.yaml", "x1"), ("apps/b/y.yaml", "y1"), ("fleet.yaml", "f")];
/// The same after a change of one.
const CHANGED: [(&str, &str); 3] = [("apps/a/x.yaml", "x2"), ("apps/b/y.yaml", "y1"), ("fleet.yaml", "f")];

fn reason(error: &Error) -> (&'static str, ErrorClass) {
    (error.reason(), error.class())
}

#[tokio::test]
async fn what_is_not_there_is_an_error_with_its_name() {
    check(async |fleet| {
        let error = fleet.source().advance(&want(None)).await.unwrap_err();
        assert_eq!(reason(&error), ("EmptyRepository", ErrorClass::Transient));
        fleet.commit(&TWO);
        let mut other = want(None);
        other.ref_name = "refs/heads/other".parse().unwrap();
        let error = fleet.source().advance(&other).await.unwrap_err();
        assert_eq!(reason(&error), ("MissingRef", ErrorClass::Transient));
        assert!(error.to_string().contains("refs/heads/main"), "names what is there: {error}");
    })
    .await;
}

#[tokio::test]
async fn without_a_base_the_tip_comes_alone() {
    check(async |fleet| {
        let first = fleet.commit(&TWO);
        let chain = fleet.source().advance(&want(None)).await.unwrap();
        assert_eq!((ids(&chain), chain.end), (vec![first], ChainEnd::Root));
        let second = fleet.commit(&CHANGED);
        let chain = fleet.source().advance(&want(None)).await.unwrap();
        assert_eq!((ids(&chain), chain.end), (vec![second], ChainEnd::Cut));
    })
    .await;
}

#[tokio::test]
async fn a_chain_goes_from_the_tip_to_just_above_the_base() {
    check(async |fleet| {
        let base = fleet.commit(&TWO);
        let between = fleet.commit(&CHANGED);
        let tip = fleet.commit(&TWO);
        let end = ChainEnd::Base(base.parse().unwrap());
        // Twice, for the second time it is on disk.
        for _ in 0..2 {
            let chain = fleet.source().advance(&want(Some(&base))).await.unwrap();
            assert_eq!((ids(&chain), chain.end), (vec![tip.clone(), between.clone()], end));
        }
    })
    .await;
}

#[tokio::test]
async fn no_news_is_an_empty_chain() {
    check(async |fleet| {
        let tip = fleet.commit(&TWO);
        let chain = fleet.source().advance(&want(Some(&tip))).await.unwrap();
        assert_eq!((ids(&chain), chain.end), (Vec::new(), ChainEnd::Base(tip.parse().unwrap())));
        let recalled = fleet.source().recall(&tip.parse().unwrap()).await.unwrap();
        assert!(recalled.is_some(), "a site that lost its disk gets the accepted commit back");
    })
    .await;
}

#[tokio::test]
async fn a_base_that_is_not_in_the_tips_history_is_not_met() {
    check(async |fleet| {
        let root = fleet.commit(&TWO);
        let floor = fleet.commit(&CHANGED);
        fleet.source().advance(&want(Some(&root))).await.unwrap();
        fleet.source().complete(&fleet.proven(&floor), &paths(&[""])).await.unwrap();
        fleet.reset(&root);
        let forced = fleet.commit(&[("fleet.yaml", "forced")]);
        for _ in 0..2 {
            let chain = fleet.source().advance(&want(Some(&floor))).await.unwrap();
            assert_eq!(ids(&chain)[0], forced);
            assert!(!matches!(chain.end, ChainEnd::Base(_)), "{:?}", chain.end);
        }
    })
    .await;
}

#[tokio::test]
async fn an_artifact_holds_what_was_asked_for_and_the_trees_that_lead_there() {
    check(async |fleet| {
        let tip = fleet.commit(&TWO);
        fleet.source().advance(&want(None)).await.unwrap();
        let asked = paths(&["apps/a", "fleet.yaml", "apps/none", "fleet.yaml/below"]);
        let artifact = fleet.source().complete(&fleet.proven(&tip), &asked).await.unwrap();
        let expected =
            [("apps/a/x.yaml", "x1"), ("fleet.yaml", "f")].map(|(p, c)| (p.to_owned(), c.to_owned()));
        assert_eq!(files(&artifact), expected);
        let trees: Vec<_> = artifact.trees.keys().map(RepoPath::to_string).collect();
        assert_eq!(trees, [".", "apps", "apps/a"]);
        let names: Vec<_> =
            artifact.trees[&"apps".parse().unwrap()].entries.iter().map(|e| &e.name).collect();
        assert_eq!(names, ["a", "b"], "what is beside it is listed, so that absence can be proven");
    })
    .await;
}

#[tokio::test]
async fn offline_what_was_fetched_is_there_and_what_was_not_is_named() {
    check(async |fleet| {
        let first = fleet.commit(&TWO);
        fleet.source().advance(&want(None)).await.unwrap();
        let old = fleet.source().complete(&fleet.proven(&first), &paths(&["apps/a"])).await.unwrap();
        fleet.commit(&CHANGED);
        fleet.set_offline(true);

        let error = fleet.source().advance(&want(Some(&first))).await.unwrap_err();
        assert_eq!(reason(&error), ("Unreachable", ErrorClass::Transient));
        let again = fleet.source().complete(&fleet.proven(&first), &paths(&["apps/a"])).await.unwrap();
        assert_eq!(again, old);
        assert!(fleet.source().recall(&first.parse().unwrap()).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn content_that_no_mirror_gives_is_missing_by_path() {
    check(async |fleet| {
        let first = fleet.commit(&TWO);
        fleet.set_offline(true);
        let error = fleet.source().complete(&fleet.proven(&first), &paths(&["apps/a"])).await.unwrap_err();
        assert_eq!(reason(&error), ("ContentMissing", ErrorClass::Transient));
        let Error::Missing { paths: missing, .. } = error else { panic!("{error}") };
        assert_eq!(missing, [RepoPath::root()]);
    })
    .await;
}

#[tokio::test]
async fn an_unproven_tip_waits_until_another_comes_and_a_proven_one_stays() {
    check(async |fleet| {
        let first = fleet.commit(&TWO);
        fleet.source().advance(&want(None)).await.unwrap();
        let recall = async |id: &str| fleet.source().recall(&id.parse().unwrap()).await.unwrap();
        assert_eq!(recall(&first).await.map(|commit| commit.id.to_string()), Some(first.clone()));

        fleet.source().complete(&fleet.proven(&first), &paths(&["apps"])).await.unwrap();
        let refused = fleet.commit(&CHANGED);
        fleet.source().advance(&want(Some(&first))).await.unwrap();
        assert!(recall(&refused).await.is_some());

        fleet.reset(&first);
        let next = fleet.commit(&[("fleet.yaml", "next")]);
        fleet.source().advance(&want(Some(&first))).await.unwrap();
        assert!(recall(&refused).await.is_none(), "refused, and no longer offered");
        assert!(recall(&next).await.is_some());
        assert!(recall(&first).await.is_some(), "proven");
    })
    .await;
}

#[tokio::test]
async fn more_paths_may_be_asked_for_later() {
    check(async |fleet| {
        let tip = fleet.commit(&TWO);
        fleet.source().advance(&want(None)).await.unwrap();
        let tip = fleet.proven(&tip);
        fleet.source().complete(&tip, &paths(&["fleet.yaml"])).await.unwrap();
        let artifact = fleet.source().complete(&tip, &paths(&["fleet.yaml", "apps/b"])).await.unwrap();
        assert_eq!(files(&artifact).len(), 2);
        let whole = fleet.source().complete(&tip, &paths(&[""])).await.unwrap();
        assert_eq!(files(&whole).len(), 3);
    })
    .await;
}

#[tokio::test]
async fn an_accepted_tip_stays_even_if_its_content_never_came() {
    check(async |fleet| {
        fleet.commit(&TWO);
        fleet.source().advance(&want(None)).await.unwrap();
        let accepted = fleet.commit(&CHANGED);
        fleet.source().advance(&want(None)).await.unwrap();
        fleet.commit(&TWO);
        fleet.source().advance(&want(Some(&accepted))).await.unwrap();
        assert!(fleet.source().recall(&accepted.parse().unwrap()).await.unwrap().is_some());
    })
    .await;
}
