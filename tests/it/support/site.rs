//! A whole site on real parts: a git server behind TLS, signed commits, a store on disk, and a real API server.

use super::cluster::TestCluster;
use super::git::{Key, Repo};
use super::tls::{GitServer, Options};
use standfast::agent::clock::Clock;
use standfast::agent::{Agent, Ending, Ports, Settings, build};
use standfast::cluster::{Cluster, Kube};
use standfast::fleet::Local;
use standfast::model::Trouble;
use standfast::model::{ChangeSet, Gvk, Live, Moment, ObjectKey, Outcome, RepoPath, SiteStatus};
use standfast::reconcile::Rules;
use standfast::render::Plain;
use standfast::report::fake::Memory;
use standfast::source::{Git, MirrorSettings};
use standfast::trust::{Keyring, Ssh};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A site, its fleet repository and its signer.
pub(crate) struct TestSite {
    pub(crate) repo: Repo,
    pub(crate) signer: Key,
    pub(crate) server: GitServer,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) told: Memory,
    pub(crate) state: tempfile::TempDir,
    pub(crate) name: String,
    pub(crate) wait: bool,
}

impl TestSite {
    /// A site of its own name on the shared cluster, with an empty repository.
    pub(crate) fn new(cluster: &TestCluster, name: &str) -> Self {
        let settings = standfast::cluster::Settings { kubeconfig: cluster.kubeconfig().to_owned() };
        Self::on(Arc::new(Kube::new(settings)), name)
    }

    /// The same on any cluster.
    pub(crate) fn on(cluster: Arc<dyn Cluster>, name: &str) -> Self {
        let repo = Repo::init();
        let server = GitServer::start(&repo.path(), Options::default());
        Self {
            repo,
            signer: Key::generate("alice"),
            server,
            cluster,
            told: Memory::default(),
            state: tempfile::tempdir().unwrap(),
            name: name.to_owned(),
            wait: true,
        }
    }

    /// Commits what was written, signed.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.repo.commit_signed(message, &self.signer)
    }

    /// Boots the agent on this site's disk.
    pub(crate) fn boot(&self) -> Agent {
        let mirror = MirrorSettings::Https {
            url: self.server.url().parse().unwrap(),
            ca: Some(self.server.ca_pem_path()),
            credential: None,
        };
        let signers = self.signer.allowed_signer();
        let keyring = Keyring::parse(signers.as_bytes(), Path::new("allowed_signers")).unwrap();
        let source = standfast::source::Settings::new(self.state.path().join("objects"), vec![mirror]);
        let store = standfast::store::Settings { directory: self.state.path().to_owned() };
        let ports = Ports {
            source: Box::new(Git::start(source).unwrap()),
            verifier: Box::new(Ssh::new(keyring)),
            store: standfast::store::open(&store, jiff::Timestamp::now()).unwrap(),
            render: Box::new(Plain),
            cluster: Arc::clone(&self.cluster),
            sink: Box::new(self.told.clone()),
            clock: Clock::system(),
        };
        build(settings(&self.name, self.wait), ports).unwrap()
    }

    /// One boot and one pass.
    pub(crate) async fn once(&self) -> Ending {
        self.boot().once().await
    }

    /// One pass that must reach its goal; what it changed.
    pub(crate) async fn pass(&self) -> Changed {
        let ending = self.once().await;
        let moments = self.told.take();
        assert_eq!(ending, Ending::Done, "{moments:#?}");
        Changed::of(&moments)
    }

    /// One pass that must not; why.
    pub(crate) async fn fail(&self) -> Vec<Trouble> {
        match self.once().await {
            Ending::Failed(troubles) => troubles,
            Ending::Done => panic!("the pass reached its goal: {:#?}", self.told.take()),
        }
    }

    pub(crate) fn status(&self) -> SiteStatus {
        self.told.last().unwrap()
    }

    /// A live object.
    pub(crate) async fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<Live> {
        let gvk = Gvk::new(api_version, kind);
        let key = ObjectKey {
            group: gvk.group.clone(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        self.cluster.get(&gvk, &key).await.unwrap()
    }
}

/// A site's settings as the tests want them: no waiting for the next poll.
pub(crate) fn settings(name: &str, wait: bool) -> Settings {
    Settings {
        local: Local {
            name: name.parse().unwrap(),
            labels: Default::default(),
            variables: Default::default(),
            path: RepoPath::root(),
        },
        ref_name: "refs/heads/main".parse().unwrap(),
        pin: None,
        rules: Rules { poll: Duration::from_secs(300), wait, look: Duration::from_millis(200) },
        keep: 3,
        built: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// What one pass changed, by outcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) created: Vec<String>,
    pub(crate) configured: Vec<String>,
    pub(crate) healed: Vec<String>,
    pub(crate) recreated: Vec<String>,
    pub(crate) deleted: Vec<String>,
    pub(crate) unchanged: usize,
}

impl Changed {
    fn of(moments: &[Moment]) -> Self {
        let mut changed = Self::default();
        for moment in moments {
            if let Moment::Applied(set) | Moment::Pruned(set) = moment {
                changed.add(set);
            }
        }
        changed
    }

    fn add(&mut self, set: &ChangeSet) {
        self.unchanged += set.unchanged;
        for done in &set.done {
            let list = match done.outcome {
                Outcome::Created => &mut self.created,
                Outcome::Configured => &mut self.configured,
                Outcome::Healed => &mut self.healed,
                Outcome::Recreated => &mut self.recreated,
                Outcome::Deleted | Outcome::Terminating => &mut self.deleted,
                Outcome::Failed => panic!("{} failed", done.key),
            };
            list.push(done.key.to_string());
            list.sort();
        }
    }

    /// Whether nothing was written.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self { unchanged: self.unchanged, ..Self::default() }
    }
}
