//! A whole site on real parts: a git server behind TLS, signed commits, a store on disk, and a real API server.

use super::cluster::TestCluster;
use super::git::{Key, Repo};
use super::tls::{GitServer, Options};
use standfast::agent::clock::Clock;
use standfast::agent::{Agent, Command, Ending, Ports, Settings, build};
use standfast::cluster::{Cluster, Kube};
use standfast::fleet::Local;
use standfast::model::status::ApplicationStatus;
use standfast::model::{
    ChangeSet, Drift, Gvk, Live, Moment, ObjectKey, Outcome, Plan, Reply, RepoPath, Request, SiteStatus,
    Trouble,
};
use standfast::reconcile::{Rules, Stay};
use standfast::render::Plain;
use standfast::report::fake::Memory;
use standfast::source::{Git, MirrorSettings};
use standfast::store::Encryption;
use standfast::store::faults::FaultyDisk;
use standfast::trust::{Keyring, Ssh};
use std::collections::BTreeMap;
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
    /// The allowed signers file. The signer stands in it unless a test takes it out.
    pub(crate) signers: String,
    /// Where trust begins, if the site's configuration says so.
    pub(crate) pin: Option<String>,
    /// The mirror's URL; the server's unless a test sends the site elsewhere.
    pub(crate) mirror: Option<String>,
    /// Mirrors after that one.
    pub(crate) others: Vec<MirrorSettings>,
    /// Labels that the site's own configuration sets.
    pub(crate) labels: BTreeMap<String, String>,
    /// Variables that the site's own configuration sets.
    pub(crate) variables: BTreeMap<String, String>,
    /// The key to which what holds Secrets is encrypted on the site's disk, if it has one.
    pub(crate) encryption: Option<Encryption>,
    /// Another disk than the machine's own, if a test wants one that fails.
    pub(crate) disk: Option<FaultyDisk>,
    /// How often a daemon asks for news.
    pub(crate) poll: Duration,
    /// How long it goes on: a pass that waits for health, unless a test says otherwise.
    pub(crate) stay: Stay,
    /// Whether drift is undone, or only told.
    pub(crate) heals: bool,
}

impl TestSite {
    /// A site of its own name on the shared cluster, with an empty repository.
    pub(crate) fn new(cluster: &TestCluster, name: &str) -> Self {
        Self::on(Arc::new(api_server(cluster.kubeconfig())), name)
    }

    /// The same on any cluster.
    pub(crate) fn on(cluster: Arc<dyn Cluster>, name: &str) -> Self {
        let repo = Repo::init();
        let server = GitServer::start(&repo.path(), Options::default());
        let signer = Key::generate("alice");
        Self {
            repo,
            signers: signer.allowed_signer(),
            signer,
            pin: None,
            mirror: None,
            others: Vec::new(),
            labels: BTreeMap::new(),
            variables: BTreeMap::new(),
            encryption: None,
            disk: None,
            poll: Duration::from_secs(300),
            server,
            cluster,
            told: Memory::default(),
            state: tempfile::tempdir().unwrap(),
            name: name.to_owned(),
            stay: Stay::UntilSettled,
            heals: true,
        }
    }

    /// Commits what was written, signed.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.repo.commit_signed(message, &self.signer)
    }

    /// Writes fleet.yaml with these applications, each `- {name: …, path: …}` on a line of its own.
    pub(crate) fn fleet(&self, applications: &str) -> &Self {
        self.fleet_with("", applications)
    }

    /// The same with further fields of the fleet.
    pub(crate) fn fleet_with(&self, fields: &str, applications: &str) -> &Self {
        let name = self.name.replace('/', "-");
        let text = format!(
            "apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: {name}}}\n{fields}\napplications:\n{applications}\n"
        );
        self.repo.write("fleet.yaml", text);
        self
    }

    /// Boots the agent on this site's disk.
    pub(crate) fn boot(&self) -> Agent {
        self.try_boot().unwrap()
    }

    /// The same where it may refuse to start.
    pub(crate) fn try_boot(&self) -> Result<Agent, standfast::store::Error> {
        let mirror = MirrorSettings::Https {
            url: self.mirror.clone().unwrap_or_else(|| self.server.url()).parse().unwrap(),
            ca: Some(self.server.ca_pem_path()),
            credential: None,
            metered: false,
        };
        let keyring = Keyring::parse(self.signers.as_bytes(), Path::new("allowed_signers")).unwrap();
        let mirrors = [vec![mirror], self.others.clone()].concat();
        let source = standfast::source::Settings::new(self.state.path().join("objects"), mirrors);
        let encryption = self.encryption.clone();
        let store =
            standfast::store::Settings { encryption, ..standfast::store::Settings::new(self.state.path()) };
        let ports = Ports {
            source: Arc::new(Git::start(source, super::source::clock()).unwrap()),
            verifier: Box::new(Ssh::new(keyring)),
            store: open(&store, self.disk.as_ref())?,
            render: Arc::new(Plain),
            cluster: Arc::clone(&self.cluster),
            standing: None,
            sink: Arc::new(self.told.clone()),
            clock: Clock::system(),
        };
        let mut settings = settings(&self.name, self.stay);
        settings.pin = self.pin.as_ref().map(|pin| pin.parse().unwrap());
        settings.rules.poll = self.poll;
        settings.heals = self.heals;
        settings.local.labels.clone_from(&self.labels);
        settings.local.variables.clone_from(&self.variables);
        build(settings, ports)
    }

    /// The same site with a mirror that is not there, as without a link.
    pub(crate) fn go_offline(&mut self) {
        self.mirror = Some("https://localhost:1/fleet.git".to_owned());
    }

    /// Runs the agent as the daemon does, until it is stopped.
    pub(crate) fn serve(&self) -> Served {
        let mut agent = self.boot();
        let (orders, mut inbox) = tokio::sync::mpsc::channel(1);
        let task = tokio::spawn(async move { agent.run(&mut inbox).await });
        Served { orders, task }
    }

    /// Waits until the status fits.
    pub(crate) async fn until(&self, what: &str, fits: impl Fn(&SiteStatus) -> bool) -> SiteStatus {
        let last = || self.told.last().filter(|status| fits(status));
        wait(what, last, || format!("{:#?}", self.told.last())).await
    }

    /// Waits until this commit is last-good.
    pub(crate) async fn until_last_good(&self, commit: &str) -> SiteStatus {
        self.until("last-good", |status| {
            status.revision.last_good.as_deref().is_some_and(|revision| revision.ends_with(commit))
        })
        .await
    }

    /// Waits for drift that was found, and answers with the first that fits; what was told before it is forgotten.
    pub(crate) async fn until_drift(&self, fits: impl Fn(&Drift) -> bool) -> Drift {
        let next = || {
            let drifts = self.told.take().into_iter().filter_map(|moment| match moment {
                Moment::Drifted(drift) => Some(drift),
                _ => None,
            });
            drifts.into_iter().find(|drift| fits(drift))
        };
        wait("drift", next, || format!("{:#?}", self.told.last())).await
    }

    /// What the next pass would do, found out by an agent that is put away again.
    pub(crate) async fn plan(&self) -> Result<Plan, Vec<Trouble>> {
        let planned = standfast::oneshot::plan::plan(&mut self.boot()).await;
        self.told.take();
        planned
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

    /// One pass that must not; why, and what it did all the same.
    pub(crate) async fn fail(&self) -> Failed {
        let ending = self.once().await;
        let moments = self.told.take();
        match ending {
            Ending::Failed(troubles) => Failed { troubles, changed: Changed::of(&moments), moments },
            Ending::Done => panic!("the pass reached its goal: {moments:#?}"),
        }
    }

    pub(crate) fn status(&self) -> SiteStatus {
        self.told.last().unwrap()
    }

    /// The status of one application.
    pub(crate) fn application(&self, name: &str) -> ApplicationStatus {
        let all = self.status().applications;
        all.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("no {name} in {all:#?}")).clone()
    }

    /// A ConfigMap of this namespace; it must be there.
    pub(crate) async fn config_map(&self, namespace: &str, name: &str) -> Live {
        let live = self.get("v1", "ConfigMap", Some(namespace), name).await;
        live.unwrap_or_else(|| panic!("there is no ConfigMap {namespace}/{name}"))
    }

    /// The value of the key `key` of such a ConfigMap; `None` if there is no such ConfigMap.
    pub(crate) async fn value(&self, namespace: &str, name: &str) -> Option<String> {
        let live = self.get("v1", "ConfigMap", Some(namespace), name).await?;
        Some(live.value["data"]["key"].as_str().unwrap().to_owned())
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

/// An agent that runs.
pub(crate) struct Served {
    orders: tokio::sync::mpsc::Sender<Command>,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    /// Gives an order, and answers with what the agent said.
    pub(crate) async fn order(&self, request: Request) -> Reply {
        let (command, answer) = Command::new(request);
        self.orders.send(command).await.unwrap();
        answer.await.unwrap()
    }

    /// Lets what is under way come to its end.
    pub(crate) async fn stop(self) {
        drop(self.orders);
        self.task.await.unwrap();
    }
}

/// Looks again and again until there is something to see; two minutes are more than anything takes.
pub(crate) async fn wait<T>(what: &str, look: impl Fn() -> Option<T>, else_say: impl Fn() -> String) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "waited in vain for {what}: {}", else_say());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The API server of a kubeconfig, by the machine's clock.
pub(crate) fn api_server(kubeconfig: &Path) -> Kube {
    let settings = standfast::cluster::Settings { kubeconfig: kubeconfig.to_owned() };
    Kube::new(settings, Clock::system().for_tls())
}

/// A site's settings as the tests want them: no waiting for the next poll.
pub(crate) fn settings(name: &str, stay: Stay) -> Settings {
    Settings {
        local: Local {
            name: name.parse().unwrap(),
            labels: BTreeMap::new(),
            variables: BTreeMap::new(),
            path: RepoPath::root(),
        },
        ref_name: "refs/heads/main".parse().unwrap(),
        pin: None,
        rules: Rules { poll: Duration::from_secs(300), slot: 0, look: Duration::from_millis(200), stay },
        heals: true,
        namespace: "standfast-system".to_owned(),
        keep: 3,
        built: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// A ConfigMap with one key, `key`.
pub(crate) fn config_map(namespace: &str, name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata: {{key: {value:?}}}\n"
    )
}

/// A Deployment of one pod that does what `behaviour` says (`tests/cluster/README.md`).
pub(crate) fn deployment(namespace: &str, name: &str, behaviour: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}, annotations: {{testcluster/pod: {behaviour}}}}}\n    \
         spec: {{containers: [{{name: main, image: \"example.com/main:1\"}}]}}\n"
    )
}

/// A pass that did not reach its goal.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) changed: Changed,
    pub(crate) moments: Vec<Moment>,
}

impl Failed {
    /// The only trouble: its reason, and that its message holds each of these texts.
    pub(crate) fn only(&self, reason: &str, texts: &[&str]) {
        assert_eq!(self.troubles.len(), 1, "{:#?}", self.troubles);
        self.holds(reason, texts);
    }

    /// One of the troubles has this reason and all of these texts.
    pub(crate) fn holds(&self, reason: &str, texts: &[&str]) {
        let fits = |trouble: &Trouble| {
            trouble.reason == reason && texts.iter().all(|text| trouble.message.contains(text))
        };
        assert!(self.troubles.iter().any(fits), "no {reason} with {texts:?} in {:#?}", self.troubles);
    }
}

/// Opens the store of an agent that was just put away. Another test's child process may hold a copy of its lock for the
/// moment between its fork and its exec.
fn open(
    settings: &standfast::store::Settings,
    disk: Option<&FaultyDisk>,
) -> Result<Box<dyn standfast::store::Store>, standfast::store::Error> {
    let began = std::time::Instant::now();
    loop {
        let now = jiff::Timestamp::now();
        let opened = match disk {
            Some(disk) => standfast::store::open_on(Arc::new(disk.clone()), settings, now),
            None => standfast::store::open(settings, now),
        };
        match opened {
            Err(standfast::store::Error::Locked { .. }) if began.elapsed() < Duration::from_secs(5) => {
                std::thread::yield_now()
            }
            opened => return opened,
        }
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
    /// Deleted, and still there: something holds it.
    pub(crate) terminating: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) unchanged: usize,
}

impl Changed {
    pub(crate) fn of(moments: &[Moment]) -> Self {
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
                Outcome::Deleted => &mut self.deleted,
                Outcome::Terminating => &mut self.terminating,
                Outcome::Failed => &mut self.failed,
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
